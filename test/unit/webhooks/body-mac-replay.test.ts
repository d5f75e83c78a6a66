import { describe, expect, test } from 'vitest'
import * as webhooks from '../../../src/webhooks/index.ts'
import { bodyMacs, proven, replayOf, SECRET, signedBy } from './body-macs.ts'
import { type AnyProvider, authenticate, mount } from './every/providers.ts'

describe('headers that a provider does not sign', () => {
  test.each(bodyMacs)('change neither verdict nor replay key of %s', async (name, provider) => {
    const { facts } = (await import(`../../../src/webhooks/providers/${name}.ts`)) as {
      facts: { unsigned?: string[] }
    }
    const { authenticator, deliver, env } = await mount(provider)
    const sent = await deliver()
    const { topicHeader } = provider.scheme
    const forged = { ...sent.headers }
    for (const header of facts.unsigned ?? []) if (header !== topicHeader) forged[header] = 'forged'
    const [honest, other] = [
      await authenticate(authenticator, sent, env),
      await authenticate(authenticator, { ...sent, headers: forged }, env),
    ]
    expect(honest.ok && honest.value.replay?.id).toMatch(/^(?:id|digest):/)
    expect(other.ok && other.value.replay?.id).toBe(honest.ok && honest.value.replay?.id)
  })
})

describe('an id in the signed body', () => {
  const cases = [
    ['vercel', webhooks.vercel, '{"id":"a","n":1}', '{"id":"a","n":2}', 'id:a'],
    ['typeform', webhooks.typeform, '{"event_id":"a","n":1}', '{"event_id":"a","n":2}', 'id:a'],
    ['checkout-com', webhooks.checkoutCom, '{"id":"evt_a","n":1}', '{"id":"evt_a","n":2}', 'id:evt_a'],
    [
      'coinbase-commerce, over attempts',
      webhooks.coinbaseCommerce,
      '{"id":1,"attempt_number":1,"event":{"id":"a"}}',
      '{"id":2,"attempt_number":2,"event":{"id":"a"}}',
      'id:a',
    ],
    [
      'gocardless',
      webhooks.gocardless,
      '{"events":[{"id":"EV1"}],"meta":{"webhook_id":"WB1"}}',
      '{"events":[{"id":"EV2"}],"meta":{"webhook_id":"WB1"}}',
      'id:WB1',
    ],
  ] as const
  test.each(cases)('is the replay key of %s', async (_, given, first, again, id) => {
    const provider = given as unknown as AnyProvider
    expect(await replayOf(provider, await signedBy(provider, first))).toBe(id)
    expect(await replayOf(provider, await signedBy(provider, again))).toBe(id)
    expect(await replayOf(provider, await signedBy(provider, '{"other":1}'))).toMatch(/^digest:/)
  })
})

describe('a batch', () => {
  const cases = [
    ['intuit', webhooks.intuit, '[{"id":"a"}]', '[{"id":"a"},{"id":"b"}]'],
    ['line', webhooks.line, '{"events":[{"webhookEventId":"a"}]}', '{"events":[{"webhookEventId":"a"},{}]}'],
    ['ably', webhooks.ably, '{"items":[{"id":"a"}]}', '{"items":[{"id":"a"},{"id":"b"}]}'],
    ['pusher', webhooks.pusher, '{"time_ms":1,"events":[{}]}', '{"time_ms":1,"events":[{},{}]}'],
    ['xero', webhooks.xero, '{"events":[{}],"entropy":"a"}', '{"events":[{}],"entropy":"b"}'],
  ] as const
  test.each(cases)('of %s that has grown is another delivery', async (_, given, first, grown) => {
    const provider = given as unknown as AnyProvider
    const keys = [
      await replayOf(provider, await signedBy(provider, first)),
      await replayOf(provider, await signedBy(provider, first)),
      await replayOf(provider, await signedBy(provider, grown)),
    ]
    expect(keys[0]).toMatch(/^digest:/)
    expect(keys[1]).toBe(keys[0])
    expect(keys[2]).not.toBe(keys[0])
  })
})

describe('declared events', () => {
  test.each([
    ['woocommerce', webhooks.woocommerce, ['order.created', 'order.updated'], 'order.deleted'],
    ['bitbucket', webhooks.bitbucket, ['pullrequest:created', 'pullrequest:updated'], 'repo:push'],
  ] as const)('two of %s with one body are two deliveries', async (_, given, events, other) => {
    const one = given as unknown as AnyProvider
    const replays = await Promise.all(
      events.map(async (event) => replayOf(one, await signedBy(one, '{}', SECRET, event), { events })),
    )
    expect(new Set(replays).size).toBe(2)
    expect(await proven(one, await signedBy(one, '{}', SECRET, other), { events })).toMatchObject({
      ok: false,
      denial: { code: 'event_not_declared' },
    })
  })
})
