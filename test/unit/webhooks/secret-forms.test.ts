import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  anthropic,
  clerk,
  gitlabSigning,
  liveblocks,
  openai,
  polar,
  replicate,
  resend,
  svix,
  twitchEventsub,
} from '../../../src/webhooks/index.ts'
import { type AnyProvider, NOW, SECRET_NAME, verdict } from './every/providers.ts'

const bytes = Buffer.alloc(32, 5)
const base64 = bytes.toString('base64')
const body = '{"type":"ping"}'

/** Signs as Standard Webhooks does, with a key that the test chooses. */
function incoming(key: string | Buffer, prefix: string) {
  const time = String(NOW / 1000)
  const signature = createHmac('sha256', key).update(`msg_1.${time}.${body}`).digest('base64')
  const headers = {
    [`${prefix}-id`]: 'msg_1',
    [`${prefix}-timestamp`]: time,
    [`${prefix}-signature`]: `v1,${signature}`,
  }
  return { method: 'POST', url: 'https://gateway.test/', headers, body }
}

function check(provider: unknown, secret: string, key: string | Buffer, prefix = 'webhook') {
  const authenticator = (provider as AnyProvider)({ secret: SECRET_NAME })
  return verdict(authenticator, incoming(key, prefix), { [SECRET_NAME]: secret })
}

describe('how the text of a secret becomes the key', () => {
  test.each([
    ['svix', svix, `whsec_${base64}`, bytes, 'svix'],
    ['clerk', clerk, `whsec_${base64}`, bytes, 'svix'],
    ['resend', resend, `whsec_${base64}`, bytes, 'svix'],
    ['anthropic', anthropic, `whsec_${base64}`, bytes, 'webhook'],
    ['anthropic, without prefix', anthropic, base64, bytes, 'webhook'],
    ['replicate', replicate, `whsec_${base64}`, bytes, 'webhook'],
    ['liveblocks', liveblocks, `whsec_${base64}`, bytes, 'webhook'],
    ['gitlab-signing', gitlabSigning, `whsec_${base64}`, bytes, 'webhook'],
    ['openai, decoded behind its prefix', openai, `whsec_${base64}`, bytes, 'webhook'],
    ['openai, as text without it', openai, base64, base64, 'webhook'],
    ['polar, as text', polar, base64, base64, 'webhook'],
    ['polar, as text with whatever prefix', polar, `whsec_${base64}`, `whsec_${base64}`, 'webhook'],
  ])('%s', async (_, provider, secret, key, prefix) => {
    expect(await check(provider, secret, key, prefix)).toBe('accepted')
    expect(await check(provider, secret, 'another key', prefix)).toMatch('no signature matches')
  })

  test.each([
    ['openai: base64 without its prefix is not decoded', openai, base64, bytes],
    ['polar: base64 is not decoded', polar, base64, bytes],
    ['polar: nor behind whsec_', polar, `whsec_${base64}`, bytes],
  ])('%s', async (_, provider, secret, key) => {
    expect(await check(provider, secret, key)).toMatch('no signature matches')
  })

  test.each([
    ['liveblocks without whsec_', liveblocks, base64],
    ['gitlab-signing without whsec_', gitlabSigning, base64],
    ['gitlab-signing with 31 bytes', gitlabSigning, `whsec_${bytes.subarray(1).toString('base64')}`],
    ['gitlab-signing with 33 bytes', gitlabSigning, `whsec_${Buffer.alloc(33, 5).toString('base64')}`],
    ['openai with whsec_ and no base64', openai, 'whsec_not base64'],
    ['openai with whsec_ and 23 bytes', openai, `whsec_${bytes.subarray(9).toString('base64')}`],
    ['clerk with a public key', clerk, `whpk_${base64}`],
    ['anthropic with a public key', anthropic, `whpk_${base64}`],
  ])('answers 503 for the wrong form: %s', async (_, provider, secret) => {
    const prefix = provider === clerk ? 'svix' : 'webhook'
    expect(await check(provider, secret, bytes, prefix)).toMatch(
      /^not_configured: secret PROVIDER_SECRET is not/,
    )
  })

  test('svix takes a public key, and those who sign with a secret alone take no v1a', async () => {
    expect(await check(svix, `whpk_${base64}`, bytes, 'svix')).toMatch(/no signature matches/)
    const sent = incoming(bytes, 'svix')
    const asymmetric = { ...sent.headers, 'svix-signature': `v1a,${Buffer.alloc(64, 1).toString('base64')}` }
    const authenticator = (clerk as unknown as AnyProvider)({ secret: SECRET_NAME })
    expect(
      await verdict(authenticator, { ...sent, headers: asymmetric }, { [SECRET_NAME]: `whsec_${base64}` }),
    ).toMatch('svix-signature is not of its form')
  })

  test.each([9, 101])('twitch-eventsub takes no secret of %i characters', async (length) => {
    const authenticator = (twitchEventsub as unknown as AnyProvider)({ secret: SECRET_NAME })
    const headers = {
      'twitch-eventsub-message-id': 'msg_1',
      'twitch-eventsub-message-timestamp': new Date(NOW).toISOString(),
      'twitch-eventsub-message-signature': `sha256=${'0'.repeat(64)}`,
    }
    const sent = { method: 'POST', url: 'https://gateway.test/', headers, body }
    expect(await verdict(authenticator, sent, { [SECRET_NAME]: 'x'.repeat(length) })).toMatch(
      /^not_configured/,
    )
    const sound = await verdict(authenticator, sent, { [SECRET_NAME]: 'x'.repeat(length === 9 ? 10 : 100) })
    expect(sound).toMatch('no signature matches')
  })
})
