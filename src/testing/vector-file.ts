/** What stands in `vectors/<provider>.json`: a delivery as the provider sends it, written for this project, and known answers. */
export interface VectorFile {
  sample: Sample
  vectors: readonly Vector[]
}

/** Places in its texts are filled anew for each delivery: `{{uuid}}`, `{{seconds}}`, `{{milliseconds}}`, `{{iso}}`. */
export interface Sample {
  /** The body: JSON, or a text that is sent as it is. */
  body: unknown
  contentType?: string
  /** The event, where a header names it. */
  event?: string
  /** Headers that the provider sends beside those of its signature. */
  headers?: Readonly<Record<string, string>>
  /** @default 'POST' */
  method?: string
  /** The options that this provider alone has, as a route states them. */
  options?: Readonly<Record<string, unknown>>
  /** Texts of the further secrets and vars that those options name. */
  bindings?: Readonly<Record<string, string>>
  /** A text of the body that the signature covers, and another for its place, where the last character is not signed. */
  tamper?: readonly [string, string]
  /** False where no schema of a route can read the body: it is neither JSON nor a form. @default true */
  schema?: boolean
  /** Secret and next secret for tests, where they cannot be made at random. */
  secrets?: readonly [string, string]
}

/** A request with its verdict. */
export interface Vector {
  name: string
  /** Its secret, or those of both slots; null where none is used. */
  secret: string | readonly string[] | null
  method: string
  url?: string
  headers: Readonly<Record<string, string>>
  body: string
  /** Unix seconds. */
  now?: number
  now_ms?: number
  valid: boolean
  /** Where it is from: a published one, or what it was composed with. */
  source: string
  /** Built from a published one, or from the description, rather than published as it stands. */
  derived: boolean
  /** The month in which it was read. */
  date: string
  /** A handshake: what the gateway answers. */
  kind?: 'challenge'
  expected_response?: { status: number; headers?: Readonly<Record<string, string>>; body?: string }
}
