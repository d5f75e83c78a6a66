import { signCommand } from '../../../src/control/proof.ts'
import { utf8 } from '../../../src/lib/digest.ts'
import { importSigningKey } from '../../../src/origin/keys.ts'
import type { RawAnswer } from './raw.ts'

/** The secret of the control endpoint in the tests, of a kind that both sides have. */
export const CONTROL_KEY = `ops-1:hmac-sha256:${Buffer.from('control-key-canary-8a8a-0123456789abcdef').toString('base64')}`
export const CONTROL_PATH = '/_sallyport/control'

export interface Signing {
  key?: string
  host?: string
  path?: string
  /** Unix seconds. @default now */
  created?: number
}

/** A command as it stands on the wire. */
export interface SignedRequest {
  method: string
  host: string
  target: string
  headers: [string, string][]
  body: string
}

/** Signs a command, or any other text. */
export async function signed(command: unknown, signing: Signing = {}): Promise<SignedRequest> {
  const { key = CONTROL_KEY, host = 'gw.test', path = CONTROL_PATH } = signing
  const body = typeof command === 'string' ? command : JSON.stringify(command)
  const created = signing.created ?? Math.floor(Date.now() / 1000)
  const url = new URL(`http://${host}${path}`)
  const headers = await signCommand(await importSigningKey(key), { url, body: utf8(body), created })
  return { method: 'POST', host, target: path, headers: Object.entries(headers), body }
}

type Call = (request: SignedRequest) => Promise<RawAnswer>

/** Signs commands for a gateway and sends them. */
export const operatorOf =
  (gateway: { call: Call }) =>
  async (command: unknown, signing?: Signing): Promise<RawAnswer> =>
    gateway.call(await signed(command, signing))
