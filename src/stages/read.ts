import { allow, deny, type Identified, type RequestHeaders, type Result } from '../contract.ts'
import { concatBytes } from '../lib/digest.ts'
import { keepMargins, withMargins } from '../lib/margins.ts'

/** Milliseconds from the first read to the last byte. */
const BODY_TIMEOUT_MS = 10_000
/** Bytes asked for at first; then as many as are there, so that memory follows what has really arrived. */
const FIRST_READ_BYTES = 16_384

/**
 * Reads the body once, counting: never more than the cap stays in memory, whatever length was declared.
 * Encoded bodies are refused: what is decided on and what the origin decodes could differ.
 */
export async function read(
  { request, headers, method }: Pick<Identified, 'request' | 'headers' | 'method'>,
  maxBytes: number,
): Promise<Result<Uint8Array<ArrayBuffer>>> {
  const encoding = headers.get('content-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return deny('encoding_not_supported', 'Content-Encoding is not identity')
  }
  const declared = declaredLength(headers)
  if (declared !== undefined && declared > maxBytes) return tooLarge(maxBytes, declared, 'declared')
  if (request.body === null) return allow(new Uint8Array())
  // A fetch() of these methods takes no body, and an origin would not read one (RFC 9110 section 9.3.1).
  const bodiless = method === 'GET' || method === 'HEAD'
  const body = await collect(request.body.getReader({ mode: 'byob' }), bodiless ? 0 : maxBytes, declared)
  return bodiless && !body.ok ? deny('body_not_expected', `${method} came with a body`) : body
}

/** Content-Length in bytes, where the client declared one. */
function declaredLength(headers: RequestHeaders): number | undefined {
  const value = headers.get('content-length')
  return value === undefined || !/^[0-9]{1,15}$/.test(value) ? undefined : Number(value)
}

/**
 * Reads into buffers of our own until less comes than was asked for, which is the end. A reader that hands out
 * chunks would keep a buffer for each: a body in chunks of one byte would cost thousands of times its size.
 */
async function collect(
  reader: ReadableStreamBYOBReader,
  maxBytes: number,
  declared: number | undefined,
): Promise<Result<Uint8Array<ArrayBuffer>>> {
  let body: Uint8Array<ArrayBuffer> = new Uint8Array()
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    abandon(reader)
  }, BODY_TIMEOUT_MS)
  try {
    for (;;) {
      const growth = Math.max(body.length, Math.min(declared ?? FIRST_READ_BYTES, FIRST_READ_BYTES) + 1)
      const asked = Math.min(growth, maxBytes + 1 - body.length)
      const { value } = await reader.readAtLeast(asked, withMargins(asked))
      if (isLate) return timedOut()
      if (value) body = body.length === 0 ? keepMargins(value) : concatBytes(body, value)
      if (body.length > maxBytes) {
        abandon(reader)
        return tooLarge(maxBytes, body.length, 'counted')
      }
      if ((value?.length ?? 0) < asked) return allow(body)
    }
  } catch {
    return isLate ? timedOut() : deny('body_truncated', 'the body ended before its declared length')
  } finally {
    clearTimeout(timer)
  }
}

/** Lets go of a body that nobody will read; its failure changes nothing. */
const abandon = (reader: ReadableStreamBYOBReader): void => {
  reader.cancel().catch(() => undefined)
}

const timedOut = () =>
  deny('body_timeout', 'the body did not arrive in time', {
    measure: { limit: BODY_TIMEOUT_MS, actual: BODY_TIMEOUT_MS, unit: 'milliseconds' },
  })

const tooLarge = (limit: number, actual: number, how: 'declared' | 'counted') =>
  deny('body_too_large', `the ${how} body is over the route's cap`, {
    measure: { limit, actual, unit: 'bytes' },
  })
