import { createHmac } from 'node:crypto'
import { expect } from 'vitest'
import type { Acknowledgement, Env } from '../../../src/contract.ts'
import type { WebhookAuthenticator } from '../../../src/webhooks/index.ts'
import { authenticate, type Incoming, NOW } from './every/providers.ts'

/** The provider's secret in all of these tests. */
export const SECRET = 'a secret of the provider'
export const hmac = (text: string, secret = SECRET) => createHmac('sha256', secret).update(text)
export type Make = (options: Record<string, unknown>) => WebhookAuthenticator

/** A route of the provider, and how it answers a request: the handshake's answer, or the denial's code and reason. */
export function mounted(make: unknown, options: Record<string, unknown> = {}, env: Env = {}) {
  const authenticator = (make as Make)({ secret: 'PROVIDER_SECRET', ...options })
  const bindings = { PROVIDER_SECRET: SECRET, ...env }
  return async (request: Partial<Incoming>, now = NOW): Promise<Acknowledgement | string> => {
    const incoming = { method: 'GET', url: 'https://gateway.test/hooks', headers: {}, body: '', ...request }
    const result = await authenticate(authenticator, incoming, bindings, now)
    if (!result.ok) return `${result.denial.code}: ${result.denial.reason}`
    const { handshake, replay } = result.value
    expect(replay).toBe(undefined)
    return handshake ?? 'goes on to the origin'
  }
}

export const query = (text: string) => ({ url: `https://gateway.test/hooks?${text}` })
export const plain = (body: string) => ({ status: 200, contentType: 'text/plain; charset=utf-8', body })
