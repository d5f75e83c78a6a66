import { readBounded } from '../lib/bounded.ts'
import { MAX_BYTES } from './key-set.ts'

export type Fetched =
  | { outcome: 'document'; bytes: Uint8Array<ArrayBuffer>; headers: Headers }
  /** 304: what our ETag names is still the document. */
  | { outcome: 'unchanged'; headers: Headers }
  /** `answered`: somebody was there, and another address of theirs may do better. */
  | { outcome: 'fault'; fault: string; answered: boolean }

/** Gets a JSON document of at most 64 KiB from an issuer. Redirects are not followed; never rejects. */
export async function fetchDocument(url: string, signal: AbortSignal, etag?: string): Promise<Fetched> {
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      signal,
      headers: {
        accept: 'application/jwk-set+json, application/json',
        'user-agent': 'sallyport',
        ...(etag !== undefined && { 'if-none-match': etag }),
      },
    })
    if (response.status === 304 && etag !== undefined) {
      return { outcome: 'unchanged', headers: response.headers }
    }
    if (response.status !== 200) {
      await response.body?.cancel()
      return answered(`the issuer answered with status ${response.status}`)
    }
    const bytes = await readBounded(response.body, MAX_BYTES)
    if (bytes === undefined) return answered(`the issuer's document has more than ${MAX_BYTES} bytes`)
    return { outcome: 'document', bytes, headers: response.headers }
  } catch {
    const fault = signal.aborted ? 'the issuer did not answer in time' : 'the issuer cannot be reached'
    return { outcome: 'fault', fault, answered: false }
  }
}

const answered = (fault: string): Fetched => ({ outcome: 'fault', fault, answered: true })
