import { type Denial, deny } from '../../contract.ts'
import type { Prepared } from './prepare.ts'

/** Statuses with which a proxy, Cloudflare among them, says that it does not know what the origin did. */
const UNKNOWN_OUTCOME = new Set([502, 504, 520, 522, 524])

export type Forwarded =
  | { outcome: 'answered'; response: Response }
  | { outcome: 'unknown'; denial: Denial; originStatus: number | undefined }

/** Sends the request; follows no redirect, and says when nobody can know what the origin did. */
export async function forward(prepared: Prepared): Promise<Forwarded> {
  const { method, headers, payload, timeoutMs } = prepared
  const aborter = new AbortController()
  const timer = setTimeout(() => aborter.abort(), timeoutMs)
  try {
    const body = payload === undefined || method === 'GET' || method === 'HEAD' ? null : payload
    const response = await prepared.fetch(prepared.url, {
      method,
      headers,
      body,
      redirect: 'manual',
      signal: aborter.signal,
    })
    // A 101 that nobody asked for, or a status outside of HTTP (RFC 9110 section 15), is no answer to pass on.
    const isStatus = response.status >= 200 && response.status <= 599
    if (isStatus && !UNKNOWN_OUTCOME.has(response.status)) return { outcome: 'answered', response }
    await response.body?.cancel()
    return unknown(
      !isStatus || response.status === 502 || response.status === 520
        ? 'origin_unreachable'
        : 'origin_timeout',
      `the origin, or a proxy before it, answered ${response.status}`,
      response.status,
    )
  } catch {
    if (!aborter.signal.aborted) return unknown('origin_unreachable', 'the connection to the origin failed')
    return unknown('origin_timeout', 'the origin did not answer in time', undefined, timeoutMs)
  } finally {
    clearTimeout(timer)
  }
}

function unknown(
  code: 'origin_unreachable' | 'origin_timeout',
  reason: string,
  originStatus?: number,
  timeoutMs?: number,
): Forwarded {
  const measure: Denial['measure'] =
    timeoutMs === undefined ? undefined : { limit: timeoutMs, actual: timeoutMs, unit: 'milliseconds' }
  return { outcome: 'unknown', originStatus, denial: deny(code, reason, measure && { measure }).denial }
}
