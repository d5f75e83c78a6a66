import { Refused, sendCommand, type Target } from '../cli/control.ts'
import { importSigningKey } from '../origin/keys.ts'
import { StartError } from './options.ts'

/** Long enough for every isolate to have heard of it, whatever the backend of shared state. */
const HEARD_MS = 2500
const REVOKED_MS = 600_000

/** Sends commands to the gateway's control endpoint, as `npm run revoke` does. */
export class Operator {
  readonly #gateway: string
  readonly #key: string

  /** `key` is the text of CONTROL_KEY. */
  constructor(gateway: string, key: string) {
    this.#gateway = gateway
    this.#key = key
  }

  /** Revokes every token of a subject, and waits until that holds. */
  async revoke(issuer: string, subject: string): Promise<void> {
    const url = new URL('/_sallyport/control', this.#gateway)
    const target: Target = { url, key: await importSigningKey(this.#key) }
    const until = Date.now() + REVOKED_MS
    await sendCommand(target, { command: 'revoke', subject, issuer, until }).catch((error: unknown) => {
      throw error instanceof Refused ? new StartError(`the tour's operator: ${error.message}`) : error
    })
    await new Promise((resolve) => setTimeout(resolve, HEARD_MS))
  }
}
