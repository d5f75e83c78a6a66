import { forget } from './forget.ts'
import { gate } from './gate.ts'
import { giveBack } from './give-back.ts'
import { release } from './release.ts'

/** A script with the SHA-1 by which a server knows it. */
export interface Script {
  source: string
  sha1: string
}

export interface Scripts {
  gate: Script
  giveBack: Script
  release: Script
  forget: Script
}

/** Upstash locks only the keys of a script that says so, else the whole database; plain Redis knows no such flag. */
const FLAG = '#!lua flags=allow-key-locking\n'

/** For Upstash. The digests stand here because computing them would be an await; a test recomputes each. */
export const lockingScripts: Scripts = {
  gate: { source: FLAG + gate, sha1: '5c12fc1620d0aead359d8fc303f9cb4e2e742019' },
  giveBack: { source: FLAG + giveBack, sha1: '8e8bae8179e84b6535fdd4265e369b3d2c4b2def' },
  release: { source: FLAG + release, sha1: 'ff465302edab7d493d88cac28a72085ee48e0498' },
  forget: { source: FLAG + forget, sha1: '93cb2bd599e03d31222bc4625a7a8d7f9f3b07e9' },
}

/** For plain Redis 7 or newer. */
export const plainScripts: Scripts = {
  gate: { source: gate, sha1: '22d1db31dc072b3381c17b3ad3d1a79994c5148d' },
  giveBack: { source: giveBack, sha1: '30b53b3d863c780e751bb11aaf9d4b53af4ff4a1' },
  release: { source: release, sha1: 'f7af2347ac08d233bf42ca0e45f6074b62f221b7' },
  forget: { source: forget, sha1: '732ad1d48f3e081ec000c62ea141e2c13edfc212' },
}
