export { issuerFault, keysUrlFault } from './address.ts'
export { type FixedKeysOptions, fixedKeys } from './fixed-keys.ts'
export type { FoundKeys, KeySource, VerifyKey, WantedKey } from './key-source.ts'
export { type RemoteKeysOptions, remoteKeys } from './remote-keys.ts'
