import { createHash, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Delivery, Received, SignInput } from './adapter.ts'
import { adapters, entries, packages } from './all.ts'
import { construct, constructed } from './constructions.ts'
import { eventFor, MARK } from './events.ts'
import { keyIdFor, secretFor, signingKeyFor } from './secrets.ts'

/** Unix milliseconds at which these deliveries are signed. */
const NOW = 1_800_000_000_000

const ID = 'msg_2Lh9KRb0pzN4LePd3XiA4v12Axj'

const PEM = {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const

const inputFor = (provider: string): SignInput => ({
  secret: signingKeyFor(provider),
  keyId: keyIdFor(provider),
  url: `https://gateway.test/webhooks/${provider}?tenant=a%20b&x=%2Fy%3f`,
  id: ID,
  now: NOW,
  ...eventFor(provider, ID, NOW),
})

const verifying = entries.flatMap(([name, provider, { verify }]) =>
  verify ? [[name, provider, verify] as const] : [],
)
const signing = entries.flatMap(([name, provider, { sign, verify }]) =>
  sign && verify ? [[name, provider, sign, verify] as const] : [],
)

const received = (provider: string, delivery: Delivery): Received => ({
  ...delivery,
  secret: secretFor(provider),
  keyId: keyIdFor(provider),
  now: NOW,
})

const changed = (text: string, place: number) =>
  `${text.slice(0, place)}${text[place] === '0' ? '1' : '0'}${text.slice(place + 1)}`

/** The delivery with one byte changed in what the provider signs; of Telegram, which signs nothing, in the token. */
function tampered(provider: string, delivery: Delivery): Delivery {
  const { headers, body } = delivery
  if (provider === 'telegram') {
    const name = 'x-telegram-bot-api-secret-token'
    return { ...delivery, headers: { ...headers, [name]: changed(headers[name] ?? '', 0) } }
  }
  const place = provider === 'braintree' ? 'bt_payload='.length : body.indexOf(MARK)
  expect(place).toBeGreaterThan(0)
  return { ...delivery, body: changed(body, place) }
}

/** A secret of the same form: one digit differs, or it is another pair's public key. */
function anotherSecret(provider: string): string {
  const pairs: Readonly<Record<string, string>> = {
    'aws-sns': generateKeyPairSync('rsa', PEM).publicKey,
    discord: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    sendgrid:
      'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aNDthvj+y7GjUuFDb/R1NGe1OPzpA==',
  }
  return pairs[provider] ?? changed(secretFor(provider), 20)
}

test('each package has an adapter, and each adapter a package', () => {
  expect(new Set(adapters.map((adapter) => adapter.package))).toEqual(new Set(packages))
})

test('each adapter verifies', () => {
  expect(verifying.length).toBe(entries.length)
})

test('each provider of an adapter has a construction, and each construction an adapter', () => {
  expect(new Set(entries.map(([, provider]) => provider))).toEqual(new Set(constructed))
})

describe.each(verifying)('%s verifies', (_, provider, verify) => {
  const delivery = construct(provider, inputFor(provider))

  test('what node:crypto signed', async () => {
    expect(await verify(received(provider, delivery))).toBe(true)
  })

  test('and refuses it with one byte changed', async () => {
    expect(await verify(received(provider, tampered(provider, delivery)))).toBe(false)
  })

  test('and refuses it under another secret', async () => {
    const secret = anotherSecret(provider)
    expect(await verify({ ...received(provider, delivery), secret })).toBe(false)
  })
})

describe.each(signing)('%s signs', (_, provider, sign, verify) => {
  test('as node:crypto does, and as its own verifier accepts', async () => {
    const input = inputFor(provider)
    const signed = await sign(input)
    expect(construct(provider, { ...input, body: signed.body })).toEqual(signed)
    expect(await verify(received(provider, signed))).toBe(true)
  })
})

test('Twilio’s SDK signs JSON by its digest in the URL, as node:crypto does', async () => {
  const { sign, verify } = adapters.find(({ providers }) => providers.includes('twilio')) ?? {}
  const body = '{"note":"Zoë"}'
  const digest = createHash('sha256').update(body).digest('hex')
  const input = { ...inputFor('twilio'), body, url: `https://gateway.test/twilio?x=1&bodySHA256=${digest}` }
  const signed = construct('twilio', input)
  expect(await sign?.(input)).toEqual(signed)
  expect(await verify?.(received('twilio', signed))).toBe(true)
  expect(await verify?.(received('twilio', { ...signed, body: `${body} ` }))).toBe(false)
})
