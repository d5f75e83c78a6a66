import { expect, test } from 'vitest'
import { sign } from '../../../src/testing/index.ts'
import { github, slack, standard, stripe } from '../../../src/webhooks/index.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

test('takes the time of now, and fresh ids, when it is given none', async () => {
  const before = Math.floor(Date.now() / 1000)
  const first = await sign(standard, { secret, body: '' })
  const again = await sign(standard, { secret, body: '' })
  expect(again.headers['webhook-id']).not.toBe(first.headers['webhook-id'])
  const { headers } = await sign(stripe, { secret, body: '' })
  for (const text of [first.headers['webhook-timestamp'], headers['stripe-signature']?.slice(2, 12)]) {
    expect(Number(text)).toBeGreaterThanOrEqual(before)
    expect(Number(text)).toBeLessThanOrEqual(Date.now() / 1000)
  }
})

test('makes a whole request: method, URL, headers and body', async () => {
  const url = 'https://hooks.example.com/in'
  const delivery = await sign(github, { secret, event: 'push', id: 'd-1', url, body: '{"a":1}' })
  const request = new Request(delivery.url, delivery)
  expect(request.method).toBe('POST')
  expect(request.url).toBe(url)
  expect(Object.fromEntries(request.headers)).toMatchObject({
    'content-type': 'application/json',
    'x-github-event': 'push',
    'x-github-delivery': 'd-1',
    'x-hub-signature-256': expect.stringMatching(/^sha256=[0-9a-f]{64}$/),
  })
  expect(await request.text()).toBe('{"a":1}')
})

test('lets the caller say the content type and any header', async () => {
  const { headers } = await sign(slack, {
    secret,
    body: 'a=1',
    contentType: 'text/plain',
    headers: { 'x-more': '1' },
  })
  expect(headers).toMatchObject({ 'content-type': 'text/plain', 'x-more': '1' })
})

test('refuses a secret that is not of the provider’s form, and never quotes it', async () => {
  const failing = sign(standard, { secret: 'not base64!', body: '' })
  await expect(failing).rejects.toThrow(TypeError)
  await expect(failing).rejects.not.toThrow('not base64')
})
