import type { SignedDelivery } from '../../testing/index.ts'
import type { Scheme } from '../../webhooks/scheme.ts'
import { UsageError } from '../arguments.ts'
import type { Expectation } from './faults.ts'

/** Milliseconds that an answer may take. */
const ANSWER_MS = 30_000

/** What the gateway did with a delivery, as its answer tells. */
export interface Answer {
  status: number
  headers: Headers
  body: string
  /** The `sallyport-id`; undefined where something else than a gateway answered. */
  id: string | undefined
  decision: 'let through' | 'duplicate' | 'refused' | 'no answer of a gateway'
  /** The problem's code, where the answer says it. */
  code: string | undefined
}

/** Sends a delivery and reads the answer. */
export async function post({ url, method, headers, body }: SignedDelivery): Promise<Answer> {
  const bodiless = method === 'GET' || method === 'HEAD'
  let response: Response
  let text: string
  try {
    response = await fetch(url, {
      method,
      headers,
      ...(!bodiless && { body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    text = await response.text()
  } catch {
    throw new UsageError(`${new URL(url).origin}: does not answer; npm start runs the gateway there`)
  }
  const { status } = response
  const id = response.headers.get('sallyport-id') ?? undefined
  const code = codeIn(response.headers, text)
  return {
    status,
    headers: response.headers,
    body: text,
    id,
    decision: id === undefined ? 'no answer of a gateway' : decisionOf(response, text, code),
    code,
  }
}

/** An error with a body that is no refusal of the gateway's is the origin's own answer. */
function decisionOf(
  { status, headers }: Response,
  text: string,
  code: string | undefined,
): Answer['decision'] {
  if (headers.has('sallyport-duplicate-of')) return 'duplicate'
  return status < 400 || (code === undefined && text !== '') ? 'let through' : 'refused'
}

function codeIn(headers: Headers, text: string): string | undefined {
  if (headers.get('content-type') !== 'application/problem+json') return undefined
  try {
    const { code } = JSON.parse(text) as { code?: unknown }
    return typeof code === 'string' ? code : undefined
  } catch {
    return undefined
  }
}

/**
 * Why an answer is not what a fault has to meet, or undefined where it is. A refusal for another reason than the signature, a
 * crash and the origin's own error are none of a fault's.
 */
export function differenceFrom(expected: Expectation, scheme: Scheme, answer: Answer): string | undefined {
  const { status, decision, code } = answer
  if (decision !== expected) return `expected ${expected}, met ${decision}`
  if (expected === 'let through' && status >= 400) return `expected a success, met ${status} of the origin`
  if (expected !== 'refused') return undefined
  const own = scheme.refusalStatus ?? 401
  const wanted = scheme.refusalStatuses?.[own] ?? own
  if (status !== wanted) return `expected a refusal with ${wanted}, met ${status}`
  // Without a body there is no code.
  if (scheme.bareAnswers || code?.startsWith('signature_')) return undefined
  return `expected a refusal of the signature, met ${code ?? 'one without a code'}`
}
