import { createHmac } from 'node:crypto'
import { sign } from '../../../src/testing/index.ts'
import * as webhooks from '../../../src/webhooks/index.ts'
import { type AnyProvider, authenticate, type Incoming, NOW, SECRET_NAME } from './every/providers.ts'

// The providers that sign the body with a MAC and little else, and requests as the tests of their traps send them.

export const SECRET = 'a secret of these tests'
export const NEXT = 'the other secret of these tests'

export const mac = (algorithm: string, key: string | Buffer, message: string) =>
  createHmac(algorithm, key).update(message).digest()

export const routeOf = (provider: AnyProvider, options: Record<string, unknown> = {}) =>
  provider({ secret: SECRET_NAME, ...options })

export const proven = (
  provider: AnyProvider,
  sent: Incoming,
  options: Record<string, unknown> = {},
  env: Record<string, string> = { [SECRET_NAME]: SECRET },
  now = NOW,
) => authenticate(routeOf(provider, options), sent, env, now)

export async function replayOf(...given: Parameters<typeof proven>): Promise<string | undefined> {
  const result = await proven(...given)
  if (!result.ok) throw new Error(result.denial.reason)
  return result.value.replay?.id
}

export const posted = (headers: Record<string, string>, body: string): Incoming => ({
  method: 'POST',
  url: 'https://gateway.test/webhooks/any',
  headers: { 'content-type': 'application/json', ...headers },
  body,
})

export const signedBy = (provider: AnyProvider, body: string, secret = SECRET, event?: string) =>
  sign(provider, { secret, body, now: NOW, ...(event !== undefined && { event }) })

/** Every one of them, by its name. */
export const bodyMacs = [
  webhooks.ably,
  webhooks.adyenPlatform,
  webhooks.airtable,
  webhooks.bitbucket,
  webhooks.checkoutCom,
  webhooks.coinbaseCommerce,
  webhooks.gocardless,
  webhooks.intuit,
  webhooks.jira,
  webhooks.lemonsqueezy,
  webhooks.line,
  webhooks.linear,
  webhooks.pusher,
  webhooks.razorpay,
  webhooks.sentry,
  webhooks.typeform,
  webhooks.vercel,
  webhooks.woocommerce,
  webhooks.xero,
  webhooks.zendesk,
].map((provider) => [provider.scheme.name, provider as unknown as AnyProvider] as const)
