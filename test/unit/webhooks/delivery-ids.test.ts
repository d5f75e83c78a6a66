import { describe, expect, test } from 'vitest'
import { statusOf } from '../../../src/denials.ts'
import * as webhooks from '../../../src/webhooks/index.ts'
import { type AnyProvider, authenticate, mount, NOW } from './every/providers.ts'

/** The replay key of a delivery, of the sample with some of it changed. */
async function keyOf(
  provider: unknown,
  options: Parameters<Awaited<ReturnType<typeof mount>>['deliver']>[0] = {},
) {
  const { authenticator, deliver, env } = await mount(provider as AnyProvider)
  const result = await authenticate(authenticator, await deliver(options), env, options.now)
  if (!result.ok) throw new Error(result.denial.reason)
  return result.value.replay
}

describe('what a delivery is known by, when it comes again signed anew', () => {
  const later = NOW + 60_000

  test.each([
    ['box', webhooks.box, { id: '7f', trigger: 'FILE.UPLOADED' }, 'id:7f'],
    ['mollie', webhooks.mollie, { id: 'event_7' }, 'id:event_7'],
    ['mux', webhooks.mux, { id: '7f' }, 'id:7f'],
    ['paddle', webhooks.paddle, { event_id: 'evt_1', notification_id: 'ntf_7' }, 'id:ntf_7'],
    ['pagerduty', webhooks.pagerduty, { event: { id: '01B' } }, 'id:01B'],
    ['persona', webhooks.persona, { data: { id: 'evt_7' } }, 'id:evt_7'],
    ['workos', webhooks.workos, { id: 'event_7' }, 'id:event_7'],
  ])(
    '%s: the id of the signed body, at whatever time and under whatever header',
    async (_, provider, json, id) => {
      const body = JSON.stringify(json)
      expect(await keyOf(provider, { body, id: 'first' })).toMatchObject({ id })
      expect(await keyOf(provider, { body, id: 'second', now: later })).toMatchObject({ id })
    },
  )

  test.each([
    ['svix', webhooks.svix],
    ['clerk', webhooks.clerk],
    ['resend', webhooks.resend],
    ['openai', webhooks.openai],
    ['anthropic', webhooks.anthropic],
    ['replicate', webhooks.replicate],
    ['polar', webhooks.polar],
    ['liveblocks', webhooks.liveblocks],
    ['gitlab-signing', webhooks.gitlabSigning],
    ['twitch-eventsub', webhooks.twitchEventsub],
  ])('%s: the signed id of the header, whatever the body says', async (_, provider) => {
    const id = 'msg_7'
    expect(await keyOf(provider, { id, body: '{"id":"a"}' })).toMatchObject({ id: 'id:msg_7' })
    expect(await keyOf(provider, { id, body: '{"id":"b"}', now: later })).toMatchObject({ id: 'id:msg_7' })
  })

  test.each([
    ['calendly', webhooks.calendly],
    ['cloudflare-stream', webhooks.cloudflareStream],
    ['elevenlabs', webhooks.elevenlabs],
    ['zoom', webhooks.zoom],
  ])('%s: no id, so the body: a retry that is signed anew is no second delivery', async (_, provider) => {
    const body = '{"created_at":"2026-11-22T10:00:00Z","uid":"post-1"}'
    const first = await keyOf(provider, { body })
    expect(first?.id).toMatch(/^digest:[0-9a-f]{64}$/)
    expect((await keyOf(provider, { body, now: later }))?.id).toBe(first?.id)
    expect((await keyOf(provider, { body: body.replace('10:', '11:') }))?.id).not.toBe(first?.id)
  })

  test('sanity: no id, so time and body: two changes may have one body', async () => {
    const body = '{"_id":"post-1"}'
    const first = await keyOf(webhooks.sanity, { body })
    expect(first?.id).toMatch(/^digest:[0-9a-f]{64}$/)
    expect((await keyOf(webhooks.sanity, { body, now: later }))?.id).not.toBe(first?.id)
  })

  test('docusign: no id, so the body, which has the number of the retry', async () => {
    const { docusign } = webhooks
    const body = '{"data":{"envelopeId":"7f"},"retryCount":0}'
    const first = await keyOf(docusign, { body })
    expect((await keyOf(docusign, { body, now: later }))?.id).toBe(first?.id)
    expect((await keyOf(docusign, { body: body.replace('0}', '1}') }))?.id).not.toBe(first?.id)
  })
})

describe('how long it is remembered', () => {
  const DAY_MS = 86_400_000

  test.each([
    ['svix, by its schedule', webhooks.svix, 99_305_000],
    ['paddle, although its tolerance is 5 s', webhooks.paddle, 3 * DAY_MS],
    ['elevenlabs, until the last of its retries', webhooks.elevenlabs, 2_700_000],
    ['mollie, which signs no time', webhooks.mollie, 30 * DAY_MS],
  ])('%s', async (_, provider, ttlMs) => {
    expect(await keyOf(provider)).toMatchObject({ ttlMs })
  })
})

test.each([
  ['elevenlabs', webhooks.elevenlabs],
  ['sanity', webhooks.sanity],
])('%s: a copy that comes while the first is under way is told to come again', async (_, provider) => {
  const { authenticator } = await mount(provider as unknown as AnyProvider)
  expect(statusOf({ code: 'delivery_in_progress', reason: '' }, authenticator.refusalStatuses)).toBe(503)
})
