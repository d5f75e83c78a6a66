import { describe, expect, test } from 'vitest'
import { type DenialCode, statusOf } from '../../../src/denials.ts'
import type * as webhooks from '../../../src/webhooks/index.ts'
import { type AnyProvider, authenticate, everyProvider, mount } from './every/providers.ts'

const byName = new Map(everyProvider)

// Refusals that a genuine delivery may meet.
const TIMEOUT = 'body_timeout'
const COPY = 'delivery_in_progress'
const LIMIT = 'rate_limited'
const DENIED = 'client_denied'
const MALFORMED = 'malformed_body'

const expected: Readonly<Record<string, Partial<Record<DenialCode, number>>>> = {
  ably: { [TIMEOUT]: 503, [COPY]: 503, [LIMIT]: 503 },
  'aws-sns': { [TIMEOUT]: 503, [COPY]: 503 },
  bitbucket: { [TIMEOUT]: 503, [COPY]: 503, [LIMIT]: 503 },
  contentful: { [TIMEOUT]: 503, [COPY]: 503 },
  datadog: { [TIMEOUT]: 503, [COPY]: 503, [LIMIT]: 503 },
  elevenlabs: { [TIMEOUT]: 503, [COPY]: 503 },
  figma: { [MALFORMED]: 422 },
  'gitlab-signing': { [TIMEOUT]: 503, [COPY]: 503, [LIMIT]: 503 },
  'gitlab-token': { [TIMEOUT]: 503, [COPY]: 503, [LIMIT]: 503 },
  'hubspot-v1': { [TIMEOUT]: 503, [COPY]: 503, [DENIED]: 503, [MALFORMED]: 422 },
  'hubspot-v2': { [TIMEOUT]: 503, [COPY]: 503, [DENIED]: 503, [MALFORMED]: 422 },
  'hubspot-v3': { [TIMEOUT]: 503, [COPY]: 503, [DENIED]: 503, [MALFORMED]: 422 },
  pagerduty: { [TIMEOUT]: 503, [COPY]: 503, [DENIED]: 503 },
  postmark: { [DENIED]: 503 },
  sanity: { [TIMEOUT]: 503, [COPY]: 503 },
}
const otherwise = { [TIMEOUT]: 408, [COPY]: 409, [LIMIT]: 429, [DENIED]: 403, [MALFORMED]: 400 } as const

const statuses = ({ refusalStatuses }: webhooks.WebhookAuthenticator) =>
  Object.fromEntries(
    Object.keys(otherwise).map((code) => [
      code,
      statusOf({ code: code as DenialCode, reason: '' }, refusalStatuses),
    ]),
  )

describe('a refusal that would end a delivery leaves with a status that does not', () => {
  test.each(Object.keys(expected))('%s', async (name) => {
    const { authenticator } = await mount(byName.get(name) as AnyProvider)
    expect(statuses(authenticator)).toEqual({ ...otherwise, ...expected[name] })
  })

  test('and nowhere else', async () => {
    for (const [name, provider] of everyProvider) {
      if (Object.hasOwn(expected, name)) continue
      expect((await mount(provider)).authenticator.refusalStatuses, name).toBe(undefined)
    }
  })

  test.each(everyProvider)(
    '%s: a request that nobody signed gets the status of a wrong signature',
    async (_, provider) => {
      const { authenticator, deliver, env } = await mount(provider)
      const { url } = await deliver()
      const request = { method: 'POST', url, headers: {}, body: '{}' }
      const result = await authenticate(authenticator, request, env)
      if (result.ok) throw new Error('was to be refused')
      expect(result.denial.code).toMatch(/^signature_/)
      const status = provider.scheme.refusalStatus ?? 401
      expect(statusOf(result.denial, authenticator.refusalStatuses)).toBe(status)
    },
  )
})
