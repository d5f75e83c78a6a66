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
  gate: { source: FLAG + gate, sha1: '02a51d44f26f5d593c15ab42a29470bdbaaf5020' },
  giveBack: { source: FLAG + giveBack, sha1: '3880bef82140be74686eb4f968e9f89e2f99bad3' },
  release: { source: FLAG + release, sha1: 'e5610c4f9b42e89df86f7d6b5e8f0e75d7d50e7a' },
  forget: { source: FLAG + forget, sha1: '93cb2bd599e03d31222bc4625a7a8d7f9f3b07e9' },
}

/** For plain Redis 7 or newer. */
export const plainScripts: Scripts = {
  gate: { source: gate, sha1: '964bf8c19c6338c0683871de8f2688fba125d896' },
  giveBack: { source: giveBack, sha1: '4d3a79c7c209ce11b39814fdee23fb4439cb2762' },
  release: { source: release, sha1: '5c7030f4b3c9c9d2b6ab5e98b4daacea3b6796d6' },
  forget: { source: forget, sha1: '732ad1d48f3e081ec000c62ea141e2c13edfc212' },
}
