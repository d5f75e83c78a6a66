import type { SignedDelivery } from '../../testing/index.ts'
import { UsageError } from '../arguments.ts'

/** Milliseconds that an answer may take. */
const ANSWER_MS = 30_000

/** What the gateway did with a delivery, as its answer tells. */
export interface Answer {
  status: number
  headers: Headers
  body: string
  /** The `sallyport-id`; undefined where something else than a gateway answered. */
  id: string | undefined
  decision: 'let through' | 'duplicate' | 'refused'
  /** The problem's code, where the answer says it. */
  code: string | undefined
}

/** Sends a delivery and reads the answer. */
export async function post({ url, method, headers, body }: SignedDelivery): Promise<Answer> {
  const bodiless = method === 'GET' || method === 'HEAD'
  let response: Response
  try {
    response = await fetch(url, {
      method,
      headers,
      ...(!bodiless && { body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
    })
  } catch {
    throw new UsageError(`${new URL(url).origin}: does not answer; npm start runs the gateway there`)
  }
  const text = await response.text()
  const { status } = response
  return {
    status,
    headers: response.headers,
    body: text,
    id: response.headers.get('sallyport-id') ?? undefined,
    decision: response.headers.has('sallyport-duplicate-of')
      ? 'duplicate'
      : status < 400
        ? 'let through'
        : 'refused',
    code: codeIn(response.headers, text),
  }
}

function codeIn(headers: Headers, text: string): string | undefined {
  if (headers.get('content-type') !== 'application/problem+json') return undefined
  const { code } = JSON.parse(text) as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}
