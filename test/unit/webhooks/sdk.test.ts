import { Webhooks } from '@octokit/webhooks'
import '@shopify/shopify-api/adapters/web-api'
import { ApiVersion, LogSeverity, shopifyApi } from '@shopify/shopify-api'
import { verifySlackRequest } from '@slack/bolt'
import { Webhook } from 'standardwebhooks'
import Stripe from 'stripe'
import { describe, expect, test } from 'vitest'
import { signGithub, signShopify, signSlack, signStandard, signStripe } from '../../../src/testing/index.ts'
import { NOW, providers, verdict } from './deliveries.ts'

const BODIES = ['{"id":"evt_1","name":"Zoë 🎉"}', '{ "spaced" : 1.0 }\r\n', ' ', '{"a":"\\u00e9"}']
const nowSeconds = () => Math.floor(Date.now() / 1000)

describe.each(BODIES)('the providers’ own libraries, with the body %j', (body) => {
  test('stripe signs, and our check accepts', async () => {
    const secret = providers.stripe.secrets[0]
    const header = new Stripe('sk_test_1').webhooks.generateTestHeaderString({
      payload: body,
      secret,
      timestamp: NOW,
    })
    const sent = { headers: { 'stripe-signature': header }, body }
    expect(await verdict(providers.stripe, sent)).toBe('accepted')
    expect(await verdict(providers.stripe, { ...sent, body: `${body} ` })).toMatch('signature_refused')
  })

  test('octokit signs, and our check accepts', async () => {
    const signature = await new Webhooks({ secret: providers.github.secrets[0] }).sign(body)
    const sent = { headers: { 'x-hub-signature-256': signature }, body }
    expect(await verdict(providers.github, sent)).toBe('accepted')
    expect(await verdict(providers.github, { ...sent, body: `${body} ` })).toMatch('signature_refused')
  })

  test('standardwebhooks signs, and our check accepts', async () => {
    const signature = new Webhook(providers.standard.secrets[0]).sign('msg_1', new Date(NOW * 1000), body)
    const headers = {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(NOW),
      'webhook-signature': signature,
    }
    expect(await verdict(providers.standard, { headers, body })).toBe('accepted')
    expect(await verdict(providers.standard, { headers, body: `${body} ` })).toMatch('signature_refused')
  })

  test('octokit accepts what our signer made, and nothing near it', async () => {
    const webhooks = new Webhooks({ secret: providers.github.secrets[0] })
    const { headers } = await signGithub({ secret: providers.github.secrets[0], body, event: 'push' })
    const signature = headers['x-hub-signature-256'] ?? ''
    expect(await webhooks.verify(body, signature)).toBe(true)
    expect(await webhooks.verify(`${body} `, signature)).toBe(false)
  })

  test("Slack's verifier accepts what our signer made, and nothing near it", async () => {
    const signingSecret = providers.slack.secrets[0]
    const { headers } = await signSlack({ secret: signingSecret, body, timestamp: NOW })
    const options = {
      signingSecret,
      body,
      headers: {
        'x-slack-signature': headers['x-slack-signature'] ?? '',
        'x-slack-request-timestamp': Number(headers['x-slack-request-timestamp']),
      },
      nowMilliseconds: NOW * 1000,
    }
    expect(() => verifySlackRequest(options)).not.toThrow()
    expect(() => verifySlackRequest({ ...options, body: `${body} ` })).toThrow('signature mismatch')
  })

  test("Shopify's verifier accepts what our signer made, and nothing near it", async () => {
    const apiSecretKey = providers.shopify.secrets[0]
    const { webhooks } = shopifyApi({
      apiKey: 'key',
      apiSecretKey,
      apiVersion: Object.values(ApiVersion)[0] as ApiVersion,
      hostName: 'gateway.test',
      isEmbeddedApp: false,
      logger: { level: LogSeverity.Error },
    })
    const { headers } = await signShopify({ secret: apiSecretKey, body, topic: 'orders/create' })
    const request = () => new Request('https://gateway.test/webhooks', { method: 'POST', headers, body })
    expect(await webhooks.validate({ rawBody: body, rawRequest: request() })).toMatchObject({
      valid: true,
      domain: 'example.myshopify.com',
    })
    expect(await webhooks.validate({ rawBody: `${body} `, rawRequest: request() })).toMatchObject({
      valid: false,
    })
  })
})

test('stripe.constructEvent accepts what our signer made, and nothing near it', async () => {
  const secret = providers.stripe.secrets[0]
  const body = '{"id":"evt_1","object":"event","name":"Zoë"}'
  const { headers } = await signStripe({ secret, body })
  const { webhooks } = new Stripe('sk_test_1')
  const header = headers['stripe-signature'] ?? ''
  expect(webhooks.constructEvent(body, header, secret)).toMatchObject({ id: 'evt_1' })
  expect(() => webhooks.constructEvent(`${body} `, header, secret)).toThrow('signature')
})

test('standardwebhooks accepts what our signer made, with one secret or two', async () => {
  const [secret, alsoSecret] = providers.standard.secrets
  const body = '{"id":"evt_1","name":"Zoë"}'
  const { headers } = await signStandard({ secret, alsoSecret, body })
  expect(new Webhook(secret).verify(body, headers)).toMatchObject({ id: 'evt_1' })
  expect(new Webhook(alsoSecret).verify(body, headers)).toMatchObject({ id: 'evt_1' })
  expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow('No matching signature')
  expect(() => new Webhook('whsec_AAAA').verify(body, headers)).toThrow('No matching signature')
})

test('our signers take the time of now, and fresh ids, when they are given none', async () => {
  const before = nowSeconds()
  const secret = providers.standard.secrets[0]
  const { headers: standard } = await signStandard({ secret, body: '' })
  const { headers: slack } = await signSlack({ secret, body: '', contentType: 'text/plain' })
  const { headers: stripe } = await signStripe({ secret, body: '' })
  for (const text of [
    standard['webhook-timestamp'],
    slack['x-slack-request-timestamp'],
    stripe['stripe-signature']?.slice(2, 12),
  ]) {
    expect(Number(text)).toBeGreaterThanOrEqual(before)
    expect(Number(text)).toBeLessThanOrEqual(nowSeconds())
  }
  expect(slack['content-type']).toBe('text/plain')
  const again = await signStandard({ secret, body: '' })
  expect(again.headers['webhook-id']).not.toBe(standard['webhook-id'])
  const github = { secret, body: '', event: 'push' }
  expect((await signGithub(github)).headers).not.toEqual((await signGithub(github)).headers)
  expect((await signGithub({ ...github, deliveryId: '1' })).headers['x-github-delivery']).toBe('1')
  await expect(signStandard({ secret: 'not base64!', body: '' })).rejects.toThrow(TypeError)
})
