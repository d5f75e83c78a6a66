import { putApiKey, removeApiKey } from './api-keys.ts'
import { forget } from './forget.ts'
import { gate } from './gate.ts'
import { giveBack } from './give-back.ts'
import { refuse } from './refuse.ts'
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
  refuse: Script
  putApiKey: Script
  removeApiKey: Script
}

/** Upstash locks only the keys of a script that says so, else the whole database; plain Redis knows no such flag. */
const FLAG = '#!lua flags=allow-key-locking\n'

/** For Upstash. The digests stand here because computing them would be an await; a test recomputes each. */
export const lockingScripts: Scripts = {
  gate: { source: FLAG + gate, sha1: 'cdfda20d79271a592fba2e0d61ea19e35fb5c246' },
  giveBack: { source: FLAG + giveBack, sha1: '3880bef82140be74686eb4f968e9f89e2f99bad3' },
  release: { source: FLAG + release, sha1: 'e5610c4f9b42e89df86f7d6b5e8f0e75d7d50e7a' },
  forget: { source: FLAG + forget, sha1: '93cb2bd599e03d31222bc4625a7a8d7f9f3b07e9' },
  refuse: { source: FLAG + refuse, sha1: '34a1b9c46b5ac26671765e492e6ed81cf3b53940' },
  putApiKey: { source: FLAG + putApiKey, sha1: '7d44d42ddf92bb03405c69182d35cf852858026d' },
  removeApiKey: { source: FLAG + removeApiKey, sha1: '47a771d15b643a5b9f9861fd954dba20eafecdba' },
}

/** For plain Redis 7 or newer. */
export const plainScripts: Scripts = {
  gate: { source: gate, sha1: 'eb1ef4de056c0122396250aa7590e9dff2818fd5' },
  giveBack: { source: giveBack, sha1: '4d3a79c7c209ce11b39814fdee23fb4439cb2762' },
  release: { source: release, sha1: '5c7030f4b3c9c9d2b6ab5e98b4daacea3b6796d6' },
  forget: { source: forget, sha1: '732ad1d48f3e081ec000c62ea141e2c13edfc212' },
  refuse: { source: refuse, sha1: '5b3378b9572d4fc1d5c7c722c5e3fdb79f68fbee' },
  putApiKey: { source: putApiKey, sha1: '5f0b14b3d7b8d2a68a858dcc67fbb6a1b02b795a' },
  removeApiKey: { source: removeApiKey, sha1: 'd870491f4fa4a2ac9c055e2b4de34f53eec188a7' },
}
