/**
 * Why a request is not proven, a closed set. For the origin's own log: the caller on the wire needs no more than a 401.
 *
 * | code | meaning |
 * |---|---|
 * | `proof-missing` | no member `sallyport` in Signature-Input or in Signature |
 * | `proof-duplicated` | more than one such member |
 * | `proof-malformed` | not the exact shape that the gateway emits |
 * | `tag-unknown` | a proof of another profile or version |
 * | `key-unknown` | no key of this id |
 * | `algorithm-mismatch` | not the algorithm that the key id is bound to |
 * | `component-missing` | a required component is not covered |
 * | `lifetime-invalid` | expires is not 1 to 300 s after created |
 * | `created-in-future`, `created-too-old` | created is further from now than the allowed skew |
 * | `expired` | expires has passed |
 * | `header-uncovered` | a header of the gateway's, a `_` or `.` twin of one, or a Content-Type that the proof does not cover |
 * | `header-missing` | a covered header is not in the request |
 * | `header-repeated` | a covered header is there twice |
 * | `header-malformed` | a covered header holds a line break, a control character or non-ASCII |
 * | `target-malformed` | the target is not a path and query in origin form |
 * | `signature-mismatch` | the signature is not that of this request |
 * | `body-streamed` | the proof does not bind the body and the verifier was not told to accept that |
 * | `body-mismatch` | the body is not the one that was signed |
 * | `replayed` | the nonce was seen before |
 * | `seen-set-failed` | the seen-set threw, so nobody knows |
 */
export type Refusal =
  | 'proof-missing'
  | 'proof-duplicated'
  | 'proof-malformed'
  | 'tag-unknown'
  | 'key-unknown'
  | 'algorithm-mismatch'
  | 'component-missing'
  | 'lifetime-invalid'
  | 'created-in-future'
  | 'created-too-old'
  | 'expired'
  | 'header-uncovered'
  | 'header-missing'
  | 'header-repeated'
  | 'header-malformed'
  | 'target-malformed'
  | 'signature-mismatch'
  | 'body-streamed'
  | 'body-mismatch'
  | 'replayed'
  | 'seen-set-failed'

/** One step's outcome. */
export type Step<T> = { ok: true; value: T } | { ok: false; reason: Refusal }

/** A refusal as a value. */
export function refuse(reason: Refusal): { ok: false; reason: Refusal } {
  return { ok: false, reason }
}
