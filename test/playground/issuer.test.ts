import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Listening } from '../../src/dev/http.ts'
import { startIssuer } from '../../src/dev/issuer.ts'

let issuer: Listening
beforeAll(async () => {
  issuer = await startIssuer({ port: 0 })
})
afterEach(() => behave('ok'))
afterAll(() => issuer.close())

const behave = (mode: unknown) =>
  fetch(`${issuer.url}/_playground/behaviour`, { method: 'PUT', body: JSON.stringify({ mode }) })
const json = async <T>(path: string) => (await (await fetch(`${issuer.url}${path}`)).json()) as T
const keys = () => json<JSONWebKeySet>('/jwks.json')
const askToken = (body: object) =>
  fetch(`${issuer.url}/token`, { method: 'POST', body: JSON.stringify(body) })
const token = async (body: object = {}) =>
  ((await (await askToken(body)).json()) as { access_token: string }).access_token
const verify = async (text: string) => jwtVerify(text, createLocalJWKSet(await keys()))

test('its metadata leads to its key set', async () => {
  const metadata = await json<Record<string, unknown>>('/.well-known/openid-configuration')
  expect(metadata).toMatchObject({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks.json` })
})

test('publishes no private key', async () => {
  for (const key of (await keys()).keys) expect(key).not.toHaveProperty('d')
})

describe('tokens', () => {
  test('verify against the key set and carry the defaults of the order route', async () => {
    const { payload, protectedHeader } = await verify(await token())
    expect(protectedHeader.alg).toBe('ES256')
    expect(payload).toMatchObject({
      iss: issuer.url,
      aud: 'orders-api',
      tenant: 'acme',
      scope: 'orders:write',
      sub: expect.any(String),
      jti: expect.any(String),
    })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300)
  })

  test('take claims over the defaults', async () => {
    const { payload } = await verify(await token({ claims: { tenant: 'other', extra: [1] } }))
    expect(payload).toMatchObject({ tenant: 'other', extra: [1], scope: 'orders:write' })
  })

  test('are expired from the start with a negative ttlSeconds', async () => {
    await expect(verify(await token({ ttlSeconds: -60 }))).rejects.toMatchObject({ code: 'ERR_JWT_EXPIRED' })
  })

  test.each([0, -1, -60, -100_000])('with ttlSeconds %i were in force before', async (ttlSeconds) => {
    const { iat = 0, exp = 0 } = decodeJwt(await token({ ttlSeconds }))
    expect(exp - iat).toBe(300)
    expect(exp * 1000).toBeLessThanOrEqual(Date.now())
    const { payload } = await verify(await token({ ttlSeconds, claims: { iat: 1, exp: 4_000_000_000 } }))
    expect(payload.iat).toBe(1)
  })

  test.each(['ES384', 'EdDSA', 'RS256', 'PS256'])('are signed with %s, by a key of the set', async (alg) => {
    expect((await verify(await token({ alg }))).protectedHeader.alg).toBe(alg)
  })

  test('have ids that differ', async () => {
    const ids = await Promise.all(
      [token(), token()].map(async (text) => (await verify(await text)).payload.jti),
    )
    expect(new Set(ids).size).toBe(2)
  })

  test.each([
    [{ alg: 'none' }, `'alg'`],
    [{ claims: 'tenant' }, `'claims'`],
    [{ ttlSeconds: '60' }, `'ttlSeconds'`],
    [{ ttl: 60 }, `'ttl' is not known`],
  ])('are refused for %j', async (body, told) => {
    const response = await askToken(body)
    expect(response.status).toBe(400)
    expect(((await response.json()) as { error: string }).error).toContain(told)
  })
})

describe('modes', () => {
  test('down ends the connection for metadata and keys, and still issues tokens', async () => {
    await behave('down')
    await expect(fetch(`${issuer.url}/jwks.json`)).rejects.toThrow()
    await expect(fetch(`${issuer.url}/.well-known/openid-configuration`)).rejects.toThrow()
    expect((await askToken({})).status).toBe(200)
  })

  test('slow answers for the keys after 5 s, and issues tokens at once', async () => {
    await behave('slow')
    const start = Date.now()
    const slow = keys()
    expect((await askToken({})).status).toBe(200)
    expect(Date.now() - start).toBeLessThan(4000)
    expect((await slow).keys.length).toBeGreaterThan(0)
    expect(Date.now() - start).toBeGreaterThanOrEqual(4900)
  })

  test('empty publishes no key', async () => {
    await behave('empty')
    expect(await keys()).toEqual({ keys: [] })
  })

  test('rotate takes the old key from the set and goes on as ok', async () => {
    const old = await token()
    const [before] = (await keys()).keys
    await behave('rotate')
    expect((await keys()).keys.map(({ kid }) => kid)).not.toContain(before?.kid)
    await expect(verify(old)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
    expect((await verify(await token())).payload.tenant).toBe('acme')
  })

  test('a mode that is none is refused and changes nothing', async () => {
    await behave('empty')
    expect((await behave('asleep')).status).toBe(400)
    expect((await behave(undefined)).status).toBe(400)
    expect(await keys()).toEqual({ keys: [] })
  })
})

test('counts every fetch of the key set, failed ones too', async () => {
  const count = async () => (await json<{ jwksFetches: number }>('/_playground/stats')).jwksFetches
  const before = await count()
  await keys()
  await behave('down')
  await keys().catch(() => undefined)
  await json('/.well-known/openid-configuration').catch(() => undefined)
  expect((await count()) - before).toBe(2)
})
