import { expect, test } from 'vitest'
import { providers } from '../../../src/dev/catalog.ts'
import { type SignOptions, sign } from '../../../src/testing/index.ts'
import { github, hmacWebhook } from '../../../src/webhooks/index.ts'

const secret = 'test_0123456789abcdef0123456789abcdef'
const body = '{}'

type Case = readonly [name: string, options: Partial<SignOptions>, message: string]

const cases: readonly Case[] = [
  ['stripe', { body }, 'sign: secret: is missing'],
  ['stripe', { body, secret: '' }, 'sign: secret: is missing'],
  ['gitlab-token', { body }, 'sign: secret: is missing'],
  ['mailgun', { body }, 'sign: secret: is missing'],
  ['qstash', { body }, 'sign: secret: is missing'],
  ['discord', { body, secret }, 'sign: privateKey: is missing'],
  ['sendgrid', { body, secret }, 'sign: privateKey: is missing'],
  ['plaid', { body }, 'sign: privateKey: is missing'],
  ['aws-sns', { body }, 'sign: privateKey: is missing'],
  ['paypal', { body, privateKey: 'AAAA' }, 'sign: secret: is missing'],
  ['discord', { body, privateKey: 'AAAA' }, 'sign: privateKey: is not of the provider’s kind of key'],
  ['sendgrid', { body, privateKey: 'AAAA' }, 'sign: privateKey: is not of the provider’s kind of key'],
  ['discord', { body, privateKey: '!' }, 'sign: privateKey: is not PKCS #8 in base64'],
  ['github', { body, secret }, 'sign: event: is missing; github names it in x-github-event'],
  ['shopify', { body, secret, event: '' }, 'sign: event: is missing; shopify names it in x-shopify-topic'],
  ['stripe', { secret }, 'sign: body: is no text'],
  ['stripe', { secret, body: Uint8Array.of(1) as never }, 'sign: body: is no text'],
  ['stripe', { secret, body, now: new Date() as never }, 'sign: now: is no number of milliseconds'],
  ['stripe', { secret, body, now: Number.NaN }, 'sign: now: is no number of milliseconds'],
  ['linear', { secret, body: 'text' }, 'sign: body: is not JSON'],
  ['linear', { secret, body: '[]' }, 'sign: body: is no JSON object'],
  ['figma', { secret, body: 'text' }, 'sign: body: is not JSON'],
  ['mailgun', { secret, body: 'text' }, 'sign: body: is not JSON'],
  ['mailgun', { secret, body: 'null' }, 'sign: body: is no JSON object'],
  ['aws-sns', { privateKey: 'AAAA', body: 'text' }, 'sign: body: is not JSON'],
  ['aws-sns', { privateKey: 'AAAA', body }, 'sign: body: has no text at Type'],
  ['braintree', { secret, body }, 'sign: body: has no text at bt_signature'],
  ['braintree', { secret, body: '{"bt_signature":"a"}' }, 'sign: body: has no text at bt_payload'],
  ['dropbox-sign', { secret, body }, 'sign: body: has no text at event.event_type'],
  ['dropbox-sign', { secret, body: '{"event":null}' }, 'sign: body: has no text at event.event_type'],
]

test.each(cases)('%s refuses %j: %s', async (name, options, message) => {
  const provider = providers.find(({ scheme }) => scheme.name === name)
  if (!provider) throw new Error(`${name} is no provider`)
  const failing = sign(provider, options as SignOptions)
  await expect(failing).rejects.toThrow(TypeError)
  await expect(failing).rejects.toThrow(message)
  await expect(failing).rejects.not.toThrow(secret)
})

test('takes the event from a header of the caller’s', async () => {
  const { headers } = await sign(github, { secret, body, headers: { 'X-GitHub-Event': 'push' } })
  expect(headers['X-GitHub-Event']).toBe('push')
})

test('says what stands in the place of a provider', async () => {
  await expect(sign({} as never, { secret, body })).rejects.toThrow('sign: provider: has no scheme')
})

test('signs as hmacWebhook describes: the gateway’s own verdict is in test/unit/webhooks/hmac-webhook.test.ts', async () => {
  const acme = hmacWebhook({
    name: 'acme',
    secret: 'STANDARD_WEBHOOK_SECRET',
    signature: { header: 'x-acme-signature', form: 'v1={hex}', list: ',' },
    time: { item: 't=' },
    signs: '{time}.{body}',
  })
  const { url, headers } = await sign(acme, { secret, body, now: 1_800_000_000_000 })
  expect(url).toBe('https://gateway.test/webhooks/acme')
  const key = await crypto.subtle.importKey(
    'raw',
    Buffer.from(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  const mac = await crypto.subtle.sign('HMAC', key, Buffer.from('1800000000.{}'))
  expect(headers['x-acme-signature']).toBe(`t=1800000000,v1=${Buffer.from(mac).toString('hex')}`)
})
