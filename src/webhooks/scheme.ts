import type { Content, Means, NamedVar } from '../authenticator.ts'
import type { Acknowledgement, Awaitable, RequestHeaders, Result } from '../contract.ts'
import type { TimeUnit } from './clock.ts'
import type { Key, KeyForm, SecretSlot } from './keys.ts'

/** How a provider signs and sends: one small file of data. The engine does the rest. */
export interface Scheme<More = unknown> {
  /** The provider's name, in records, in `sallyport-provider`, and in the playground's path. */
  name: string
  /** What a secret looks like, for the message to the operator; undefined where the provider has none. */
  secretForm?: string
  proof: Proof<More>
  /** Where the verified body has the delivery's id: names with dots, such as `event.id`. */
  bodyId?: string
  /**
   * `none` where identical bodies are different deliveries, `body` where a retry has the same body and is signed anew.
   * @default by id, else by the digest of what is signed
   */
  replay?: 'none' | 'body'
  /** The header that names the event without being signed: routes then declare their events. */
  topicHeader?: string
  /** The delivery id that people quote; unsigned unless the proof covers it. */
  hintHeader?: string
  /** Names of the options that this provider alone has. */
  options?: readonly string[]
  /** Checks them when the module loads, and names the secrets and vars that they stand for. */
  configure?: (options: More, fail: OptionFail) => Needs
  /** A verified handshake that the gateway answers itself. */
  handshake?: (facts: HandshakeFacts) => Awaitable<Acknowledgement | undefined>
  /** A handshake that the provider does not sign: answered here or refused, and never forwarded. */
  greeting?: Greeting<More>
  /** What the provider sends. @default JSON as `application/json` */
  content?: readonly Content[]
  /** What the provider takes for success, sent to a copy of a delivery that is done. @default 200 without a body */
  acknowledgement?: Acknowledgement
  /** Status of a refused signature, where the provider wants another than 401. */
  refusalStatus?: number
  /**
   * What the gateway's other refusals leave with, by their status, where one means more to the provider than a refusal: a 400
   * that ends the subscription.
   */
  refusalStatuses?: Readonly<Record<number, number>>
  /** Answers have neither body nor cookies. @default false */
  bareAnswers?: boolean
  /** How long the provider waits for an answer, where known: the default of `forward.timeout`. */
  timeoutSeconds?: number
  redelivery: Redelivery
}

/** Whether a refused or failed delivery comes again, and for how long. */
export interface Redelivery {
  automatic: boolean
  /** Seconds from the first attempt to the last; 0 where nothing comes by itself, or nobody says for how long. */
  horizonSeconds: number
}

/** What is known of a provider beside what the engine needs: for the table in the documentation, never in a Worker. */
export interface Facts {
  /** How people write the provider's name. */
  title: string
  /** Where it was read, and the month. */
  source: string
  checked: `20${number}-${number}`
  /** What happens while a secret is changed. */
  rotation: string
  /** What is signed, for people: where no template of the proof says it. */
  signs?: string
  /** The name of the signed id that a delivery is known by: where neither a header's name nor `bodyId` says it. */
  signedId?: string
  /** What makes the provider stop sending at all, where known: the end of "The provider stops sending after …". */
  disablesAfter?: string
  /** What a user has to know: the trap of the scheme. */
  trap?: string
  /** What of a delivery no signature covers: headers, or members of the body with dots. */
  unsigned?: readonly string[]
}

/** Names of further secrets and vars that options name. */
export interface Needs {
  secrets?: readonly string[]
  vars?: readonly NamedVar[]
}

/** Stops the load: the option's name, and what is wrong with it and how to mend it. */
export type OptionFail = (option: string, problem: string) => never

/** What a signature may cover of a request, beside the body. */
export interface Sent {
  method: string
  /** The public URL, as the provider has it: the option `url`, else scheme and host of the deployment; with the query as sent. */
  url: string
  headers: RequestHeaders
  /** What the client's requests are counted under, where the deployment believes a word on it. */
  client?: string | undefined
  /** Milliseconds since the epoch. */
  now: number
}

/** What a proof may look at, once the body was read and the keys were imported. */
export interface Asked<More = unknown> extends Sent {
  body: Uint8Array<ArrayBuffer>
  options: More
  keys: readonly Key[]
  means: Means
  tolerance: Tolerance | undefined
}

/** What a proof has shown. */
export interface Checked {
  slot: SecretSlot
  /** The signed bytes: what a delivery without an id is known by. Undefined where nothing is signed. */
  message: Uint8Array<ArrayBuffer> | undefined
  /** The delivery's id, where the signature covers one outside of the body's JSON. */
  id?: string
  /** The signed fields by name, where the signature covers a part of the body alone. */
  signed?: Readonly<Record<string, string>>
}

/** Seconds of clock difference that are accepted. */
export interface Tolerance {
  pastSeconds: number
  futureSeconds: number
}

/** How a request is proven to be the provider's. `inspect` reads headers alone, so that junk costs no body and no key. */
export interface Proof<More = unknown> {
  readonly kind: string
  /** What the signature covers. */
  readonly covers: 'body' | 'part' | 'nothing'
  /** Undefined where no time is signed. */
  readonly tolerance: Tolerance | undefined
  /** The ways of keys, tried in order for each secret; none where no secret is used. */
  readonly keys: readonly KeyForm[]
  /** The signature covers the URL. */
  readonly signsUrl?: boolean
  /** Where the verified body has the signed time, with dots. */
  readonly bodyTime?: { path: string; unit: TimeUnit }
  /** Names of the options that every provider with this proof has. */
  readonly options?: readonly string[]
  /** The proof as the options of a route want it; checks them when the module loads. */
  forRoute?(options: object, fail: OptionFail): Proof<More>
  /** Refuses what headers alone show; what it read is handed to `verify`. */
  inspect(sent: Sent, tolerance: Tolerance | undefined): Result<unknown>
  verify(read: unknown, asked: Asked<More>): Awaitable<Result<Checked>>
}

/** What a signed handshake is recognised and answered from. */
export interface HandshakeFacts {
  headers: RequestHeaders
  /** The verified JSON object. */
  json: Readonly<Record<string, unknown>>
  /** The texts of the secrets that are set, the current one first. */
  secrets: readonly string[]
}

/** What an unsigned handshake is answered from. */
export interface GreetingFacts<More = unknown> {
  headers: RequestHeaders
  query: URLSearchParams
  body: Uint8Array<ArrayBuffer>
  /** The texts of the secrets that are set, the current one first. */
  secrets: readonly string[]
  options: More
  /** Reads a secret or var by its name. */
  read: (name: string) => string | undefined
  now: number
}

export interface Greeting<More = unknown> {
  /** GET and HEAD are for handshakes alone: the check before a deployment wants them among the route's methods. */
  method: 'GET' | 'HEAD' | 'POST'
  /** Where the provider asks, where that is not the route's own path. */
  path?: string
  /** Whether such a request is one, by its headers, since everything else has to be signed. @default each is */
  isFor?(sent: Sent): boolean
  /** The answer, or undefined for a refusal. */
  answer(facts: GreetingFacts<More>): Awaitable<Acknowledgement | undefined>
}
