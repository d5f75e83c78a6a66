import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { monday, netlify, plaid, qstash } from '../../../src/webhooks/index.ts'
import { type AnyProvider, authenticate, mount, NOW, SECRET_NAME, verdict } from './every/providers.ts'

const asAny = (provider: unknown) => provider as AnyProvider
const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** QStash's route with a token of our own making. */
async function qstashWith(
  change: (token: { header: string; claims: string; secret: string }) => { header?: string; claims?: string },
  spell = (token: string) => token,
) {
  const { authenticator, deliver, env } = await mount(asAny(qstash))
  const sent = await deliver()
  const [head = '', body = ''] = (sent.headers['upstash-signature'] ?? '').split('.')
  const secret = String(env[SECRET_NAME])
  const header = Buffer.from(head, 'base64url').toString()
  const claims = Buffer.from(body, 'base64url').toString()
  const made = { header, claims, ...change({ header, claims, secret }) }
  const message = `${part(made.header)}.${part(made.claims)}`
  const token = `${message}.${createHmac('sha256', secret).update(message).digest('base64url')}`
  const headers = { ...sent.headers, 'upstash-signature': spell(token) }
  return verdict(authenticator, { ...sent, headers }, env)
}

describe('a token that is signed with the right secret', () => {
  it('passes as it is, so that the next ones fail for their own reasons', async () => {
    expect(await qstashWith(() => ({}))).toBe('accepted')
  })

  it.each<[string, Parameters<typeof qstashWith>[0]]>([
    ['a critical member', ({ header }) => ({ header: header.replace('{', '{"crit":["b64"],"b64":true,') })],
    ['a key of its own', ({ header }) => ({ header: header.replace('{', '{"jwk":{},') })],
    ['an address of keys', ({ header }) => ({ header: header.replace('{', '{"jku":"https://evil.test",') })],
    ['another algorithm', ({ header }) => ({ header: header.replace('HS256', 'HS512') })],
    ['no algorithm', ({ header }) => ({ header: header.replace('HS256', 'none') })],
    ['a second algorithm', ({ header }) => ({ header: header.replace('{', '{"alg":"none",') })],
    ['a claim twice', ({ claims }) => ({ claims: claims.replace('{', '{"iss":"Upstash",') })],
    ['claims that are a list', () => ({ claims: '[]' })],
    ['claims that are no JSON', () => ({ claims: '{' })],
    ['a time as a text', ({ claims }) => ({ claims: claims.replace(/"nbf":(\d+)/, '"nbf":"$1"') })],
    ['a time in milliseconds', ({ claims }) => ({ claims: claims.replace(/"exp":(\d+)/, '"exp":$1000') })],
    ['a time with a fraction', ({ claims }) => ({ claims: claims.replace(/"nbf":(\d+)/, '"nbf":$1.5') })],
    ['no end', ({ claims }) => ({ claims: claims.replace(/"exp":\d+/, '"end":1') })],
    ['no id', ({ claims }) => ({ claims: claims.replace('"jti"', '"other"') })],
    ['an id with a line break', ({ claims }) => ({ claims: claims.replace('msg_', 'msg\\n') })],
    ['no hash of the body', ({ claims }) => ({ claims: claims.replace('"body"', '"other"') })],
    [
      'a hash in hex',
      ({ claims }) => ({ claims: claims.replace(/"body":"[^"]+"/, `"body":"${'ab'.repeat(32)}"`) }),
    ],
    ['no issuer', ({ claims }) => ({ claims: claims.replace('"iss":"Upstash",', '') })],
    ['4 KiB of claims', ({ claims }) => ({ claims: claims.replace('{', `{"more":"${'x'.repeat(4096)}",`) })],
    [
      'claims 9 levels deep',
      ({ claims }) => ({ claims: claims.replace('{', `{"more":${'['.repeat(9)}${']'.repeat(9)},`) }),
    ],
  ])('is refused with %s', async (_, change) => {
    expect(await qstashWith(change)).toMatch(/^signature_refused: qstash: /)
  })

  it.each<[string, (token: string) => string]>([
    ['padding', (token) => `${token}=`],
    ['a fourth part', (token) => `${token}.${part('x')}`],
    ['an empty fourth part', (token) => `${token}.`],
    ['no signature', (token) => token.slice(0, token.lastIndexOf('.') + 1)],
    ['Bearer before it', (token) => `Bearer ${token}`],
    ['a space inside', (token) => token.replace('.', ' .')],
    ['the other alphabet', (token) => `${token.slice(0, -4)}+/+/`],
    [
      'stray bits in the last character',
      (token) => `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : '9'}`,
    ],
  ])('is refused when it is spelt with %s', async (_, spell) => {
    expect(await qstashWith(() => ({}), spell)).toMatch(/^signature_refused: qstash: /)
  })
})

describe('what a delivery is known by', () => {
  const keyOf = async (provider: unknown, options: object = {}) => {
    const { authenticator, deliver, env } = await mount(asAny(provider))
    const result = await authenticate(authenticator, await deliver(options), env, NOW)
    return result.ok ? result.value.replay?.id : result.denial.reason
  }

  it('is the jti of QStash: two messages of a schedule have one body', async () => {
    expect(await keyOf(qstash, { body: '{}', id: 'jwt_1' })).toBe('id:jwt_1')
  })

  it('is the body of Netlify, which signs no time', async () => {
    const { authenticator, deliver, env } = await mount(asAny(netlify))
    const result = await authenticate(authenticator, await deliver({ body: '{}' }), env)
    expect(result).toMatchObject({
      value: { replay: { id: expect.stringMatching(/^digest:44136fa3/) }, bodyDigest: {} },
    })
  })

  it('is the token of Plaid: thin events with one body are several', async () => {
    const { authenticator, deliver, env } = await mount(asAny(plaid))
    const ids = await Promise.all(
      [NOW, NOW, NOW + 1000].map(async (now) => {
        const result = await authenticate(authenticator, await deliver({ body: '{}', now }), env)
        return result.ok ? result.value.replay?.id : result.denial.reason
      }),
    )
    expect(ids[0]).toMatch(/^digest:/)
    expect(ids[1]).toBe(ids[0])
    expect(ids[2]).not.toBe(ids[0])
  })

  it('is nothing for monday, whose token is the same for all events of a second', async () => {
    expect(await keyOf(monday)).toBeUndefined()
  })
})

describe('monday', () => {
  it('does not sign the body, says so, and tells what is signed without the key to its API', async () => {
    const { authenticator, deliver, env } = await mount(asAny(monday))
    const sent = await deliver()
    const result = await authenticate(authenticator, { ...sent, body: '{"event":{"type":"other"}}' }, env)
    expect(result).toMatchObject({ ok: true, value: { principal: { covers: 'part' } } })
    expect(result.ok && result.value.principal.signed).toEqual({ accountId: '1000001', userId: '1000002' })
    expect(() => asAny(monday)({ secret: SECRET_NAME })).toThrow('unsafeBodyIsNotSigned')
  })

  it.each([
    ['with other members', '{"challenge":"a","event":{}}'],
    ['that is no text', '{"challenge":1}'],
    ['of 257 characters', JSON.stringify({ challenge: 'a'.repeat(257) })],
    ['that comes twice', '{"challenge":"a","challenge":"b"}'],
  ])('echoes no challenge %s', async (_, body) => {
    const { authenticator, deliver, env } = await mount(asAny(monday))
    const result = await authenticate(authenticator, await deliver({ body }), env)
    expect(result.ok && result.value.handshake).toBeFalsy()
  })
})

describe('plaid', () => {
  const mounted = async (jwk: object) => {
    const { authenticator, deliver, env } = await mount(asAny(plaid))
    const own = JSON.parse(String(env.PLAID_KEY)) as object
    return verdict(authenticator, await deliver(), { ...env, PLAID_KEY: JSON.stringify({ ...own, ...jwk }) })
  }

  it.each<[string, object, RegExp]>([
    ['has ended', { expired_at: NOW / 1000 }, /^signature_refused: /],
    ['has another kid', { kid: 'other' }, /^signature_refused: /],
    ['ends at no moment', { expired_at: 'soon' }, /^not_configured: /],
    ['is for another algorithm', { alg: 'ES384' }, /^not_configured: /],
    ['encrypts', { use: 'enc' }, /^not_configured: /],
    ['is a shared secret', { kty: 'oct', k: 'c2VjcmV0' }, /^not_configured: /],
    ['is of another curve', { crv: 'P-384' }, /^not_configured: /],
    ['is not on its curve', { x: Buffer.alloc(32, 1).toString('base64url') }, /^not_configured: /],
  ])('takes no key that %s', async (_, jwk, expected) => {
    expect(await mounted(jwk)).toMatch(expected)
  })

  it('takes a key that ends later', async () => {
    expect(await mounted({ expired_at: NOW / 1000 + 1 })).toBe('accepted')
    expect(await mounted({ expired_at: null })).toBe('accepted')
  })

  it('takes no HMAC with the public key as its secret', async () => {
    const { authenticator, deliver, env } = await mount(asAny(plaid))
    const sent = await deliver()
    const [, claims = ''] = (sent.headers['plaid-verification'] ?? '').split('.')
    const message = `${part({ alg: 'HS256', kid: 'test-key-1' })}.${claims}`
    const mac = createHmac('sha256', String(env.PLAID_KEY)).update(message).digest('base64url')
    const headers = { ...sent.headers, 'plaid-verification': `${message}.${mac}` }
    expect(await verdict(authenticator, { ...sent, headers }, env)).toMatch(/^signature_refused: /)
  })

  it.each<[string, object, RegExp]>([
    ['clientId', { secret: 'S' }, /plaid: clientId: is missing/],
    ['secret', { clientId: 'C' }, /plaid: secret: is missing/],
    ['environment', { clientId: 'C', secret: 'S', environment: 'development' }, /plaid: environment: /],
    ['key', { clientId: 'C', secret: 'S', key: '' }, /plaid: key: /],
    ['other', { clientId: 'C', secret: 'S', keys: 'K' }, /plaid: keys: is not an option/],
  ])('stops the load for a mistake in %s', (_, options, message) => {
    expect(() => asAny(plaid)(options as Record<string, unknown>)).toThrow(message)
  })

  it('says which of its names is not set', async () => {
    const authenticator = asAny(plaid)({ clientId: 'C', secret: 'S' })
    const { deliver } = await mount(asAny(plaid))
    const sent = await deliver()
    expect(await verdict(authenticator, sent, { S: 's' })).toBe('not_configured: plaid: C is not set')
    expect(await verdict(authenticator, sent, { C: 'c' })).toBe('not_configured: plaid: S is not set')
  })
})
