import { readBounded } from '../lib/bounded.ts'

/** What was got, or why not, in constants and numbers; `isFinal` where the provider says that there is no such thing. */
export type Got<T> = { ok: true; value: T } | { ok: false; fault: string; isFinal?: boolean }

/** Asks a provider's server: redirects are not followed, and what is longer than `maxBytes` is not read. */
export async function ask(
  url: string,
  init: RequestInit,
  maxBytes: number,
  statuses: readonly number[] = [200],
): Promise<Got<{ status: number; bytes: Uint8Array<ArrayBuffer> }>> {
  const response = await fetch(url, { ...init, redirect: 'manual' })
  const { status } = response
  if (!statuses.includes(status)) {
    await response.body?.cancel()
    return { ok: false, fault: `the answer has status ${status}` }
  }
  const bytes = await readBounded(response.body, maxBytes)
  return bytes
    ? { ok: true, value: { status, bytes } }
    : { ok: false, fault: `more than ${maxBytes} bytes were sent` }
}
