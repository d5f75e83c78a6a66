import { utf8 } from '../../../lib/digest.ts'
import { encodeHex } from '../../../lib/hex.ts'
import { packed } from './packed.ts'

/** A script, with the SHA-1 by which a server knows it once that was asked for. */
export interface Script {
  readonly source: string
  sha1?: string
}

export type Scripts = Readonly<Record<keyof typeof packed, Script>>

/** Upstash locks only the keys of a script that says so, else the whole database; plain Redis knows no such flag. */
export const LOCKING_FLAG = '#!lua flags=allow-key-locking\n'

/** For Upstash. */
export const lockingScripts = scriptsOf(LOCKING_FLAG)

/** For plain Redis 7 or newer. */
export const plainScripts = scriptsOf('')

/** Computed once in an isolate: fourteen digests would be half a KiB of a Worker. */
export async function digestOf(script: Script): Promise<string> {
  script.sha1 ??= encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-1', utf8(script.source))))
  return script.sha1
}

function scriptsOf(flag: string): Scripts {
  return Object.fromEntries(
    Object.entries(packed).map(([name, source]) => [name, { source: flag + source }]),
  ) as Scripts
}
