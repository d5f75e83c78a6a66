import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { sign } from '../../../src/testing/index.ts'
import * as webhooks from '../../../src/webhooks/index.ts'
import {
  allProviders,
  authenticate,
  bytesOf,
  NOW,
  type Provider,
  providers,
  type Sent,
  withHeaders,
} from './deliveries.ts'

const DAY_MS = 86_400_000

async function prove(provider: Provider, sent: Sent, now = NOW * 1000) {
  const env = { [provider.secretName]: provider.secrets[0] }
  return authenticate(provider.authenticator(), sent, env, now)
}

async function replayOf(provider: Provider, sent: Sent, now?: number) {
  const result = await prove(provider, sent, now)
  if (!result.ok) throw new Error(result.denial.reason)
  if (!result.value.replay) throw new Error('no replay key')
  return result.value.replay
}

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('an event that the provider does not sign', () => {
  const secret = providers.github.secrets[0]
  const cases = [
    ['github', providers.github, 'x-github-event', 'x-github-delivery', ['push', 'ping']],
    [
      'shopify',
      providers.shopify,
      'x-shopify-topic',
      'x-shopify-webhook-id',
      ['orders/create', 'orders/paid'],
    ],
  ] as const

  test.each(cases)(
    '%s: is refused unless the route declares it',
    async (name, provider, topic, _, events) => {
      const sent = await provider.sign({ secret, body: '{}' })
      const reasons = [
        [undefined, 'missing'],
        ['', 'not in events'],
        ['release', 'not in events'],
        [events[0].toUpperCase(), 'not in events'],
        [`${events[0]}, ${events[0]}`, 'not in events'],
        ['constructor', 'not in events'],
      ] as const
      for (const [value, reason] of reasons) {
        expect(await prove(provider, withHeaders(sent, { [topic]: value }))).toEqual({
          ok: false,
          denial: { code: 'event_not_declared', reason: `${name}: ${topic} is ${reason}` },
        })
      }
    },
  )

  test.each(cases)('%s: is looked at only after the signature', async (_, provider, topic) => {
    const sent = await provider.sign({ secret: 'another secret', body: '{}' })
    for (const value of [undefined, 'release']) {
      expect(await prove(provider, withHeaders(sent, { [topic]: value }))).toMatchObject({
        denial: { code: 'signature_refused' },
      })
    }
  })

  test.each(cases)(
    '%s: joins the digest, so that one body is two deliveries',
    async (_, provider, topic, id, events) => {
      const sent = await provider.sign({ secret, body: '{"a":1}' })
      const first = await replayOf(provider, withHeaders(sent, { [topic]: events[0] }))
      const second = await replayOf(provider, withHeaders(sent, { [topic]: events[1] }))
      expect(first.id).toBe(`digest:${sha256('{"a":1}')}:${events[0]}`)
      expect(second.id).toBe(`digest:${sha256('{"a":1}')}:${events[1]}`)
      for (const forged of ['forged', undefined, 'another']) {
        expect(await replayOf(provider, withHeaders(sent, { [topic]: events[0], [id]: forged }))).toEqual(
          first,
        )
      }
    },
  )

  test.each(cases)(
    '%s: is told to the route, and its id only hinted at',
    async (_, provider, __, id, events) => {
      const sent = withHeaders(await provider.sign({ secret, body: '{}' }), { [id]: 'abc-1' })
      expect(await prove(provider, sent)).toMatchObject({
        value: { principal: { kind: 'webhook', event: events[0] }, notes: { deliveryHint: 'abc-1' } },
      })
      for (const hint of ['a b', 'x'.repeat(129), '<script>', '', 'a, b']) {
        const result = await prove(provider, withHeaders(sent, { [id]: hint }))
        expect(result.ok && result.value.notes).toEqual({
          provider: provider.scheme.name,
          secretSlot: 'current',
        })
      }
    },
  )
})

describe('an id that the provider signs', () => {
  test.each([
    ['stripe', providers.stripe, { id: 'evt_1', data: { id: 'evt_2' } }],
    ['slack', providers.slack, { event_id: 'evt_1', id: 'evt_2' }],
  ])('%s: is taken from the body, whenever it was signed', async (_, provider, json) => {
    const body = JSON.stringify(json)
    const secret = provider.secrets[0]
    const first = await provider.sign({ secret, body })
    const retried = await provider.sign({ secret, body, timestamp: NOW + 60 })
    expect(first.headers).not.toEqual(retried.headers)
    expect((await replayOf(provider, first)).id).toBe('id:evt_1')
    expect(await replayOf(provider, retried)).toEqual(await replayOf(provider, first))
  })

  test('standard: is taken from the header, whatever the body says', async () => {
    const signed = { secret: providers.standard.secrets[0], body: '{"id":"other"}', now: NOW * 1000 }
    const first = await sign(webhooks.standard, { ...signed, id: 'msg_1' })
    expect((await replayOf(providers.standard, first)).id).toBe('id:msg_1')
    const retried = await sign(webhooks.standard, { ...signed, id: 'msg_1', now: (NOW + 60) * 1000 })
    expect((await replayOf(providers.standard, retried)).id).toBe('id:msg_1')
    const result = await prove(providers.standard, first)
    expect(result.ok && result.value.notes?.deliveryHint).toBe('msg_1')
  })

  test.each([
    ['no id', '{}'],
    ['an empty id', '{"id":"","event_id":""}'],
    ['a fraction for an id', '{"id":1.5,"event_id":1.5}'],
    ['an id that JSON.parse rounds', '{"id":9007199254740993,"event_id":9007199254740993}'],
    ['an id that is null', '{"id":null,"event_id":null}'],
    ['an object for an id', '{"id":{"toString":"x"},"event_id":["x"]}'],
    ['a list around it', '[{"id":"a","event_id":"a"}]'],
    ['a text alone', '"evt_1"'],
    ['no JSON', 'id=evt_1&event_id=evt_1'],
    ['no body', ''],
  ])('a body with %s is known by all that was signed', async (_, body) => {
    for (const [provider, prefix] of [
      [providers.stripe, `${NOW}.`],
      [providers.slack, `v0:${NOW}:`],
    ] as const) {
      const sent = await provider.sign({ secret: provider.secrets[0], body })
      expect((await replayOf(provider, sent)).id).toBe(`digest:${sha256(prefix + body)}`)
    }
  })

  // A route without a schema forwards them, and a retry that is signed at another time must find the same key.
  test.each([
    ['a cut emoji', '{"id":"evt_1","event_id":"evt_1","text":"\\ud83d"}'],
    ['a member named __proto__', '{"id":"evt_1","event_id":"evt_1","__proto__":{}}'],
    ['a number beyond doubles', '{"id":"evt_1","event_id":"evt_1","n":1e400}'],
    ['seventy levels', `{"id":"evt_1","event_id":"evt_1","deep":${'['.repeat(70)}${']'.repeat(70)}}`],
    ['the id twice', '{"id":"evt_0","id":"evt_1","event_id":"evt_0","event_id":"evt_1"}'],
  ])('a body that the strict parser refuses for %s keeps its id', async (_, body) => {
    for (const provider of [providers.stripe, providers.slack]) {
      const sent = await provider.sign({ secret: provider.secrets[0], body })
      expect((await replayOf(provider, sent)).id).toBe('id:evt_1')
    }
  })

  test('a whole number is an id too', async () => {
    const sent = await providers.stripe.sign({ secret: providers.stripe.secrets[0], body: '{"id":7}' })
    expect((await replayOf(providers.stripe, sent)).id).toBe('id:7')
  })

  test('an id cannot be taken for a digest', async () => {
    const digest = sha256(`${NOW}.{}`)
    const secret = providers.stripe.secrets[0]
    const plain = await replayOf(providers.stripe, await providers.stripe.sign({ secret, body: '{}' }))
    const named = await providers.stripe.sign({ secret, body: JSON.stringify({ id: digest }) })
    expect(plain.id).toContain(digest)
    expect((await replayOf(providers.stripe, named)).id).not.toBe(plain.id)
  })
})

describe('how long a delivery is remembered', () => {
  test.each([
    ['github', 30 * DAY_MS, 0],
    ['shopify', 30 * DAY_MS, 0],
    ['slack', 3_600_000, 625_000],
    ['standard', 5 * DAY_MS, 625_000],
    ['stripe', 3 * DAY_MS, 625_000],
  ] as const)('%s', async (name, ttlMs, floorMs) => {
    const provider = providers[name]
    const sent = await provider.sign({ secret: provider.secrets[0], body: '{}' })
    expect(await replayOf(provider, sent)).toMatchObject({ kind: 'delivery', ttlMs, floorMs })
  })

  test.each(allProviders)('%s: a copy does not pass once the floor is over', async (_, provider) => {
    const toleranceSeconds = provider.scheme.proof.tolerance?.pastSeconds
    const sent = await provider.sign({ secret: provider.secrets[0], body: '{}' })
    // The earliest moment at which a clock here accepts it.
    const earliest = NOW * 1000 - (toleranceSeconds ?? 0) * 1000
    const { floorMs, ttlMs } = await replayOf(provider, sent, earliest)
    expect(ttlMs).toBeGreaterThanOrEqual(floorMs)
    const after = await prove(provider, sent, earliest + floorMs + 1)
    expect(after.ok).toBe(toleranceSeconds === undefined)
  })
})

describe("Slack's handshake", () => {
  const secret = providers.slack.secrets[0]
  const signed = (body: string) => sign(webhooks.slack, { secret, body, now: NOW * 1000 })

  test.each(['3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P', '', '<b>"é\n'])(
    'is answered with exactly the challenge %j',
    async (challenge) => {
      const sent = await signed(JSON.stringify({ token: 't', challenge, type: 'url_verification' }))
      const result = await prove(providers.slack, sent)
      expect(result.ok && result.value.handshake).toEqual({
        status: 200,
        contentType: 'text/plain; charset=utf-8',
        body: challenge,
      })
    },
  )

  test.each([
    ['another type', { type: 'event_callback', challenge: 'x' }],
    ['no challenge', { type: 'url_verification' }],
    ['a challenge that is no text', { type: 'url_verification', challenge: { a: 1 } }],
    ['a list', [{ type: 'url_verification', challenge: 'x' }]],
  ])('is not seen in %s', async (_, json) => {
    const result = await prove(providers.slack, await signed(JSON.stringify(json)))
    expect(result.ok && 'handshake' in result.value).toBe(false)
    expect(result.ok).toBe(true)
  })

  test('is refused unsigned', async () => {
    const sent = await signed(JSON.stringify({ challenge: 'x', type: 'url_verification' }))
    const changed = { ...sent, body: sent.body.replace('"x"', '"y"') }
    expect(await prove(providers.slack, changed)).toMatchObject({ denial: { code: 'signature_refused' } })
  })

  test.each(allProviders.filter(([name]) => name !== 'slack'))('is none of %s', async (_, provider) => {
    const body = JSON.stringify({ challenge: 'x', type: 'url_verification' })
    const result = await prove(provider, await provider.sign({ secret: provider.secrets[0], body }))
    expect(result.ok && 'handshake' in result.value).toBe(false)
    expect(result.ok).toBe(true)
  })
})

test('two providers and two routes never share a principal, and no secret is in one', async () => {
  const ids = await Promise.all(
    allProviders.map(async ([, provider]) => {
      const result = await prove(provider, await provider.sign({ secret: provider.secrets[0], body: '{}' }))
      return result.ok ? result.value.principal.id : result.denial.reason
    }),
  )
  expect(ids).toEqual(allProviders.map(([name, { secretName }]) => `${name}|${secretName}`))
})

test('keeps the digest of the body where it had to compute one', async () => {
  const { secrets } = providers.github
  const github = await prove(
    providers.github,
    await sign(webhooks.github, { secret: secrets[0], body: '{}', event: 'push' }),
  )
  const shopify = await prove(
    providers.shopify,
    await sign(webhooks.shopify, { secret: secrets[0], body: '{}', event: 'orders/paid' }),
  )
  for (const result of [github, shopify]) {
    expect(result.ok && result.value.bodyDigest).toEqual(bytesOf(Buffer.from(sha256('{}'), 'hex')))
  }
  const stripe = await prove(
    providers.stripe,
    await providers.stripe.sign({ secret: secrets[0], body: '{}' }),
  )
  expect(stripe.ok && 'bodyDigest' in stripe.value).toBe(false)
})
