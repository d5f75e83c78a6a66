import { vi } from 'vitest'

/** A request as it goes over the wire; header names are in lower case. */
export interface Delivery {
  method: string
  url: string
  headers: Record<string, string>
  body: string
}

/** What a receiver has beside the request. */
export interface Received extends Delivery {
  /** As `secretFor` gives it: of an asymmetric scheme the public key. */
  secret: string
  /** A second secret, where the SDK takes one for rotation. */
  alsoSecret?: string
  /** The public name of the secret, where the provider has one. */
  keyId?: string
  /** Unix milliseconds. */
  now: number
}

export interface SignInput {
  /** As `signingKeyFor` gives it: of an asymmetric scheme the private key. */
  secret: string
  keyId?: string
  body: string
  url: string
  /** The id of the delivery. */
  id: string
  /** Unix milliseconds. */
  now: number
  /** The type of the event, where it stands in a header. */
  event: string
}

export interface Adapter {
  /** The name of the SDK in the npm registry. */
  package: string
  /** Which providers' deliveries it verifies or signs. */
  providers: readonly string[]
  /** Whether the SDK accepts the delivery. */
  verify?(delivery: Received): Promise<boolean>
  /** The delivery with the SDK's signature. */
  sign?(input: SignInput): Promise<Delivery>
}

/** Runs it while the clock stands at `now`; timers go on. */
export async function at<T>(now: number, run: () => T | Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['Date'], now })
  try {
    return await run()
  } finally {
    vi.useRealTimers()
  }
}

/** For SDKs that answer with true or false; what they throw is a no. */
export async function saysYes(now: number, check: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return (await at(now, check)) === true
  } catch {
    return false
  }
}

/** For SDKs that say no by throwing, and give back the event otherwise. */
export function throwsNot(now: number, check: () => unknown): Promise<boolean> {
  return saysYes(now, async () => {
    await check()
    return true
  })
}

export const seconds = (now: number): number => Math.floor(now / 1000)

/** The header's value; an absent one is the empty text, which no SDK takes. */
export const header = (delivery: Delivery, name: string): string => delivery.headers[name] ?? ''

/** A POST of JSON with these headers. */
export const posted = ({ url, body }: SignInput, headers: Record<string, string>): Delivery => ({
  method: 'POST',
  url,
  headers: { 'content-type': 'application/json', ...headers },
  body,
})
