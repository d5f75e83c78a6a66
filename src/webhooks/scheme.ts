import type { Acknowledgement } from '../contract.ts'

/** How a provider signs: one small file of data and a few strict parsers. The engine does the rest. */
export interface Scheme {
  /** The provider's name, in records and in `sallyport-provider`. */
  name: string
  /** Turns the secret's text into key bytes, or undefined when it is not of the provider's form. */
  decodeSecret: (text: string) => Uint8Array<ArrayBuffer> | undefined
  /** What a secret looks like, for the message to the operator. */
  secretForm: string
  /** Reads the signature headers strictly, before the body is read. */
  read: (headers: Headers) => Signed | Fault
  /** Seconds of clock difference accepted in both directions; undefined where no time is signed. */
  toleranceSeconds: number | undefined
  /** The delivery id inside the verified JSON body, where the scheme has one there. */
  bodyId?: (json: Readonly<Record<string, unknown>>) => unknown
  /** The header that names the event without being signed: routes then declare their events. */
  topicHeader?: string
  /** The delivery id that people quote; unsigned unless `Signed.id` holds it. */
  hintHeader?: string
  /** A verified handshake that the gateway answers itself. */
  handshake?: (json: Readonly<Record<string, unknown>>) => Acknowledgement | undefined
  /** What the provider takes for success, sent to a copy of a delivery that is done. */
  acknowledgement: Acknowledgement
  redelivery: Redelivery
}

/** Whether a refused or failed delivery comes again, and for how long. */
export interface Redelivery {
  automatic: boolean
  /** Seconds from the first attempt to the last; 0 where nothing comes by itself. */
  horizonSeconds: number
  /** What makes the provider stop sending at all, where known. */
  disablesAfter: string | undefined
  source: string
}

/** Strictly parsed signature headers. */
export interface Signed {
  /** Candidates; one of them has to verify. */
  signatures: readonly Uint8Array<ArrayBuffer>[]
  /** What is signed before the raw body. */
  prefix: string
  /** Unix seconds, where the scheme signs a time. */
  timestamp?: number
  /** The delivery id, where a header of it is signed. */
  id?: string
}

/** A header is missing or not of its form: a constant, never what the client sent. */
export type Fault = { missing: string } | { malformed: string }

/** More candidates than any provider sends while it rotates: bounds the work that a stranger can cause. */
export const MAX_SIGNATURES = 8

/** Unix seconds: canonical decimal digits only, so that the signed text and the number are one. */
export function parseUnixSeconds(text: string): number | undefined {
  return /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : undefined
}
