/** What became of the gateway's proof on a request that the demo origin received. */
export type ProofOutcome = { ok: true } | { ok: false; reason: string }

/** A request as `GET /_playground/requests` shows it. */
export interface RecordedRequest {
  method: string
  /** The target as it was on the wire, with its query. */
  path: string
  /** Names in lower case; a repeated header's values are joined with a comma. */
  headers: Record<string, string>
  bodyBase64: string
  /** Milliseconds since the epoch. */
  at: number
  /** Absent where the origin was given no key to check with. */
  proof?: ProofOutcome
  /** The body broke off, or was too large to keep: `bodyBase64` is not all of it. */
  incomplete?: true
}

/** The same with the bytes still raw, as it is kept. */
export type Arrival = Omit<RecordedRequest, 'bodyBase64'> & { body: Uint8Array }

const MAX_REQUESTS = 1000
/** Bytes of bodies, targets and headers that are kept in all. */
export const MAX_KEPT_BYTES = 16 * 1_048_576

/** Keeps the last requests, bounded in number and bytes; the oldest go first. */
export class Recorder {
  #kept: { arrival: Arrival; bytes: number }[] = []
  #bytes = 0

  add(arrival: Arrival): void {
    const fits = sizeOf(arrival) <= MAX_KEPT_BYTES
    const kept: Arrival = fits ? arrival : { ...arrival, body: new Uint8Array(), incomplete: true }
    const bytes = sizeOf(kept)
    this.#kept.push({ arrival: kept, bytes })
    this.#bytes += bytes
    while (this.#kept.length > MAX_REQUESTS || this.#bytes > MAX_KEPT_BYTES) {
      this.#bytes -= this.#kept.shift()?.bytes ?? this.#bytes
    }
  }

  clear(): void {
    this.#kept = []
    this.#bytes = 0
  }

  list(): RecordedRequest[] {
    return this.#kept.map(({ arrival: { body, headers, method, path, ...rest } }) => ({
      method,
      path,
      headers,
      bodyBase64: Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64'),
      ...rest,
    }))
  }
}

function sizeOf({ body, path, headers }: Arrival): number {
  const text = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  return body.byteLength + path.length + text
}
