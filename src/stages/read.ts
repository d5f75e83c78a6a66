import { allow, deny, type Identified, type Result } from '../contract.ts'

/** Milliseconds from the first read to the last byte. */
const BODY_TIMEOUT_MS = 10_000

/**
 * Reads the body once, counting: never more than the cap stays in memory, whatever length was declared.
 * Encoded bodies are refused: what is decided on and what the origin decodes could differ.
 */
export async function read(
  { request, method }: Pick<Identified, 'request' | 'method'>,
  maxBytes: number,
): Promise<Result<Uint8Array<ArrayBuffer>>> {
  const encoding = request.headers.get('content-encoding')
  if (encoding !== null && encoding.toLowerCase() !== 'identity') {
    return deny('encoding_not_supported', 'Content-Encoding is not identity')
  }
  const declared = declaredLength(request.headers)
  if (declared !== undefined && declared > maxBytes) return tooLarge(maxBytes, declared, 'declared')
  if (request.body === null) return allow(new Uint8Array())
  // A fetch() of these methods takes no body, and an origin would not read one (RFC 9110 section 9.3.1).
  const bodiless = method === 'GET' || method === 'HEAD'
  const body = await collect(request.body.getReader(), bodiless ? 0 : maxBytes)
  return bodiless && !body.ok ? deny('body_not_expected', `${method} came with a body`) : body
}

/** Content-Length in bytes, where the client declared one. */
export function declaredLength(headers: Headers): number | undefined {
  const value = headers.get('content-length')
  return value === null || !/^[0-9]{1,15}$/.test(value) ? undefined : Number(value)
}

async function collect(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
): Promise<Result<Uint8Array<ArrayBuffer>>> {
  const chunks: Uint8Array[] = []
  let length = 0
  let timer: ReturnType<typeof setTimeout> | null = null
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(resolve, BODY_TIMEOUT_MS, 'timeout')
  })
  try {
    for (;;) {
      const step = await Promise.race([reader.read(), timeout])
      if (step === 'timeout') {
        abandon(reader)
        const measure = { limit: BODY_TIMEOUT_MS, actual: BODY_TIMEOUT_MS, unit: 'milliseconds' } as const
        return deny('body_timeout', 'the body did not arrive in time', { measure })
      }
      if (step.done) return allow(join(chunks, length))
      length += step.value.length
      if (length > maxBytes) {
        abandon(reader)
        return tooLarge(maxBytes, length, 'counted')
      }
      chunks.push(step.value)
    }
  } catch {
    return deny('body_truncated', 'the body ended before its declared length')
  } finally {
    clearTimeout(timer)
  }
}

/** Lets go of a body that nobody will read; its failure changes nothing. */
const abandon = (reader: ReadableStreamDefaultReader<Uint8Array>): void => {
  reader.cancel().catch(() => undefined)
}

const tooLarge = (limit: number, actual: number, how: 'declared' | 'counted') =>
  deny('body_too_large', `the ${how} body is over the route's cap`, {
    measure: { limit, actual, unit: 'bytes' },
  })

function join(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.length
  }
  return whole
}
