import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { freshSecret } from '../../../src/testing/fresh-secret.ts'
import { sign } from '../../../src/testing/index.ts'
import * as webhooks from '../../../src/webhooks/index.ts'
import {
  type AnyProvider,
  authenticate,
  mount,
  SECRET_NAME,
  vectorFileOf,
  verdict,
} from './every/providers.ts'

const isToken = (value: unknown): value is AnyProvider =>
  typeof value === 'function' && 'scheme' in value && (value as AnyProvider).scheme.proof.kind === 'token'
const tokenProviders = Object.values<unknown>(webhooks)
  .filter(isToken)
  .map((provider) => [provider.scheme.name, provider] as const)
const optionsOf = (name: string) => ({ secret: SECRET_NAME, ...vectorFileOf(name).sample.options })
const figma = webhooks.figma as unknown as AnyProvider
const datadog = webhooks.datadog as unknown as AnyProvider
const postmark = webhooks.postmark as unknown as AnyProvider
const MISSING = /^signature_missing: /
const REFUSED = /^signature_refused: /

test('eight providers sign nothing', () => {
  expect(tokenProviders.map(([name]) => name).sort()).toEqual([
    'auth0',
    'cloudflare-notifications',
    'datadog',
    'fastly-logging',
    'figma',
    'gitlab-token',
    'postmark',
    'telegram',
  ])
})

describe.each(tokenProviders)('%s', (name, provider) => {
  test('says that nothing is covered, and claims nothing by default', async () => {
    const { authenticator, deliver, env } = await mount(provider)
    const result = await authenticate(authenticator, await deliver(), env)
    if (!result.ok) throw new Error(result.denial.reason)
    expect(result.value.principal.covers).toBe('nothing')
    expect(result.value.replay).toBe(undefined)
    expect(result.value.bodyDigest).toBe(undefined)
  })

  test('with deduplicate takes the digest of the whole body for the key', async () => {
    const { deliver, env } = await mount(provider)
    const authenticator = provider({ ...optionsOf(name), deduplicate: 'body' })
    const sent = await deliver()
    const other = await deliver()
    const keys = []
    for (const delivery of [sent, sent, other]) {
      const result = await authenticate(authenticator, delivery, env)
      if (!result.ok) throw new Error(result.denial.reason)
      keys.push(result.value.replay?.id)
    }
    const digest = createHash('sha256').update(sent.body).digest('hex')
    expect(keys.slice(0, 2)).toEqual([`digest:${digest}`, `digest:${digest}`])
    expect(keys[2]).not.toBe(keys[0])
  })

  test.each([[true], ['id'], [''], [null]])('does not load with deduplicate %j', (deduplicate) => {
    expect(() => provider({ ...optionsOf(name), deduplicate })).toThrow(
      new RegExp(`^${name}: deduplicate: is not 'body'`),
    )
  })

  test('takes both slots, and says which it was', async () => {
    const { authenticator, deliver, env } = await mount(provider)
    const sent = await deliver()
    const own = env[SECRET_NAME]
    const others = (await freshSecret(provider.scheme, vectorFileOf(name).sample))?.text ?? ''
    for (const [slots, slot] of [
      [{ [SECRET_NAME]: own, [`${SECRET_NAME}_NEXT`]: others }, 'current'],
      [{ [SECRET_NAME]: others, [`${SECRET_NAME}_NEXT`]: own }, 'next'],
    ] as const) {
      const result = await authenticate(authenticator, sent, slots)
      expect(result.ok && result.value.notes?.secretSlot).toBe(slot)
    }
    expect(await verdict(authenticator, sent, { [SECRET_NAME]: others })).toMatch(REFUSED)
  })

  test('tells the token neither in what it proves nor in a denial', async () => {
    const { deliver, env } = await mount(provider)
    const authenticator = provider({ ...optionsOf(name), deduplicate: 'body' })
    const secret = String(env[SECRET_NAME])
    const sent = await deliver()
    expect(JSON.stringify([sent.headers, sent.body])).toContain(
      name === 'postmark' ? Buffer.from(secret).toString('base64') : secret,
    )
    const foreign = { [SECRET_NAME]: vectorFileOf(name).sample.secrets?.[1] ?? 'another_token_0123456789' }
    for (const bindings of [env, foreign]) {
      const told = JSON.stringify(await authenticate(authenticator, sent, bindings))
      expect(told).not.toContain(secret)
      expect(told).not.toContain(Buffer.from(secret).toString('base64'))
      expect(told).not.toContain(String(foreign[SECRET_NAME]))
    }
  })

  test('a secret that anybody could guess is refused at the operator’s, by its name alone', async () => {
    const { authenticator, deliver } = await mount(provider)
    const short = name === 'postmark' ? 'user:short' : 'short'
    const told = await verdict(authenticator, await deliver(), { [SECRET_NAME]: short })
    expect(told).toMatch(new RegExp(`^not_configured: secret ${SECRET_NAME} is not of the form: `))
    expect(told).not.toContain(short)
  })
})

describe('figma, whose passcode stands in the body', () => {
  const passcode = 'figma-passcode-7Kq2'
  const env = { [SECRET_NAME]: passcode }
  const authenticator = figma({ secret: SECRET_NAME })
  const post = (body: string | Uint8Array) => ({
    method: 'POST',
    url: 'https://gateway.test/webhooks/figma',
    headers: { 'content-type': 'application/json' },
    body,
  })
  const judge = (body: string | Uint8Array) => verdict(authenticator, post(body), env)

  test('refuses 2,000 passcodes that differ in one place', async () => {
    expect(await judge(JSON.stringify({ passcode }))).toBe('accepted')
    const change = fc.tuple(
      fc.constantFrom('replace', 'insert', 'remove'),
      fc.nat({ max: passcode.length - 1 }),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    )
    let refused = 0
    await fc.assert(
      fc.asyncProperty(change, async ([kind, at, text]) => {
        const changed =
          passcode.slice(0, at) +
          (kind === 'remove' ? '' : text) +
          passcode.slice(at + (kind === 'insert' ? 0 : 1))
        fc.pre(changed !== passcode)
        expect(await judge(JSON.stringify({ passcode: changed }))).toMatch(REFUSED)
        refused++
      }),
      { numRuns: 2_000 },
    )
    expect(refused).toBe(2_000)
  })

  test('what nothing covers may change: every other member', async () => {
    for (const body of [
      { passcode, file_key: 'b' },
      { passcode, event_type: 'FILE_DELETE', webhook_id: '9' },
    ])
      expect(await judge(JSON.stringify(body))).toBe('accepted')
  })

  test.each([
    ['no JSON', `passcode=${passcode}`],
    ['an empty body', ''],
    ['a list', JSON.stringify([{ passcode }])],
    ['two passcodes', `{"passcode":"${passcode}","passcode":"x"}`],
    ['two passcodes, one escaped', `{"passcode":"${passcode}","pass\\u0063ode":"x"}`],
    ['a passcode further in', JSON.stringify({ event: { passcode } })],
    ['a passcode of the prototype', `{"__proto__":{"passcode":"${passcode}"}}`],
    ['a list as passcode', JSON.stringify({ passcode: [passcode] })],
    ['bytes that are not UTF-8', Buffer.from(`{"passcode":"${passcode}","a":"\xff"}`, 'latin1')],
    ['65 levels', `{"passcode":"${passcode}","a":${'['.repeat(65)}${']'.repeat(65)}}`],
  ])('refuses %s with a 401', async (_, body) => {
    const result = await authenticate(authenticator, post(body), env)
    if (result.ok) throw new Error('was to be refused')
    expect(result.denial.code).toMatch(/^signature_/)
    expect(result.denial.status ?? 401).toBe(401)
  })

  test('digests no passcode over 1,024 characters', async () => {
    expect(await judge(JSON.stringify({ passcode: 'a'.repeat(1025) }))).toBe(
      'signature_refused: figma: passcode is not of its form',
    )
    expect(await judge(JSON.stringify({ passcode: 'a'.repeat(1024) }))).toBe(
      'signature_refused: figma: the token is none of the secrets',
    )
  })

  test('has no 400 in any answer of its own', () => {
    expect(authenticator.refusalStatuses).toEqual({ 400: 422 })
  })
})

describe('a header that the route names', () => {
  const secret = 'Bearer 8d1f0c7e2b9a4d63'
  const env = { [SECRET_NAME]: secret }
  const body = '{}'

  test('is the only one that is looked at', async () => {
    const authenticator = datadog({ secret: SECRET_NAME, header: 'x-datadog-token' })
    const sent = await sign(webhooks.datadog, { secret, body })
    expect(await verdict(authenticator, sent, env)).toMatch(MISSING)
    const named = { ...sent, headers: { 'x-datadog-token': secret } }
    expect(await verdict(authenticator, named, env)).toBe('accepted')
    expect(await verdict(datadog({ secret: SECRET_NAME }), sent, env)).toBe('accepted')
  })

  test.each([
    ['X-Token'],
    ['x token'],
    [''],
    [7],
    ['content-type'],
    ['host'],
    ['connection'],
    ['a'.repeat(65)],
  ])('does not load as %j', (header) => {
    expect(() => datadog({ secret: SECRET_NAME, header })).toThrow(
      /^datadog: header: is not the name of a header for a token/,
    )
  })

  test('is no option where the provider has a header of its own', () => {
    const telegram = webhooks.telegram as unknown as AnyProvider
    expect(() => telegram({ secret: SECRET_NAME, header: 'x-token' })).toThrow(
      /^telegram: header: is not an option; the options here are secret, deduplicate$/,
    )
  })

  test.each([
    ['an empty value', ''],
    ['the token without its scheme', '8d1f0c7e2b9a4d63'],
    ['another case', 'bearer 8d1f0c7e2b9a4d63'],
    ['two spaces', 'Bearer  8d1f0c7e2b9a4d63'],
    ['it twice', `${secret}, ${secret}`],
    ['its beginning', secret.slice(0, -1)],
    ['more', `${secret}0`],
    ['a byte beyond ASCII', `${secret}\xe9`],
    ['1,025 characters', 'a'.repeat(1025)],
  ])('is refused with %s', async (_, authorization) => {
    const sent = await sign(webhooks.datadog, { secret, body })
    const judged = await verdict(
      datadog({ secret: SECRET_NAME }),
      { ...sent, headers: { authorization } },
      env,
    )
    expect(judged).toMatch(REFUSED)
  })
})

describe('postmark, with Basic authentication', () => {
  const secret = 'postmark:correct-horse-battery'
  const env = { [SECRET_NAME]: secret }
  const authenticator = postmark({ secret: SECRET_NAME })
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const judge = (authorization: string) =>
    verdict(
      authenticator,
      { method: 'POST', url: 'https://gateway.test/hooks', headers: { authorization }, body: '{}' },
      env,
    )

  test('takes user and password as one text', async () => {
    expect(await judge(`Basic ${base64(secret)}`)).toBe('accepted')
  })

  test.each([
    ['another password', `Basic ${base64('postmark:correct-horse-batterz')}`],
    ['another user', `Basic ${base64('Postmark:correct-horse-battery')}`],
    ['the scheme in lower case', `basic ${base64(secret)}`],
    ['another scheme', `Bearer ${base64(secret)}`],
    ['no scheme', base64(secret)],
    ['two spaces', `Basic  ${base64(secret)}`],
    ['base64 that is cut', `Basic ${base64(secret).slice(0, -1)}`],
    ['base64 for URLs', `Basic ${Buffer.from(secret).toString('base64url')}_`],
    ['the secret as it is', `Basic ${secret}`],
    ['nothing', 'Basic '],
  ])('refuses %s', async (_, authorization) => {
    expect(await judge(authorization)).toMatch(REFUSED)
  })

  test('a secret without a colon is no pair', async () => {
    const sent = await sign(webhooks.postmark, { secret, body: '{}' })
    expect(await verdict(authenticator, sent, { [SECRET_NAME]: 'correct-horse-battery' })).toMatch(
      /^not_configured: /,
    )
  })
})

test('the signer refuses a secret that the gateway would not take', async () => {
  await expect(sign(webhooks.telegram, { secret: 'no such token!', body: '{}' })).rejects.toThrow(
    'sign: secret: is not of the provider’s form',
  )
})
