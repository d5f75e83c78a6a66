import { describe, expect, test } from 'vitest'
import { defineRoute } from '../../../src/index.ts'
import * as webhooks from '../../../src/webhooks/index.ts'
import {
  type AnyProvider,
  authenticate,
  everyProvider,
  mount,
  SECRET_NAME,
  verdict,
} from './every/providers.ts'

const braintree = webhooks.braintree as unknown as AnyProvider
const meta = webhooks.meta as unknown as AnyProvider
const plaid = webhooks.plaid as unknown as AnyProvider

describe('names that must not stand for the secret', () => {
  test.each([
    ['the private key', 'A', 'A'],
    ['the private key after a change', 'A', 'A_NEXT'],
  ])('braintree: the public key names %s', (_, secret, publicKey) => {
    expect(() => braintree({ secret, publicKey })).toThrow(/^braintree: publicKey: names the private key, /)
  })

  test.each([
    ['the app secret', 'A', 'A'],
    ['the app secret after a change', 'A', 'A_NEXT'],
  ])('meta: the verify token names %s', (_, secret, verifyToken) => {
    expect(() => meta({ secret, verifyToken })).toThrow(/^meta: verifyToken: is the app secret, /)
  })

  test('plaid: the client id names the secret', () => {
    expect(() => plaid({ clientId: 'A', secret: 'A' })).toThrow(/^plaid: clientId: names the secret; /)
    expect(() => plaid({ clientId: 'A', secret: 'B' })).not.toThrow()
  })
})

describe('braintree: the private key stands where the public one belongs', () => {
  const CHALLENGE = '20f9f8ed05f77439fe955c977e4c8a53'
  const url = `https://gateway.test/hooks?bt_challenge=${CHALLENGE}`
  const asked = { method: 'GET', url, headers: {}, body: '' }

  test.each([
    ['the current key', SECRET_NAME],
    ['the next key', `${SECRET_NAME}_NEXT`],
  ])('%s is not told to whoever sends a challenge', async (_, slot) => {
    const { authenticator, env } = await mount(braintree)
    const keys: Record<string, string> = {
      [SECRET_NAME]: '0a1b2c3d4e5f6071',
      [`${SECRET_NAME}_NEXT`]: '8293a4b5c6d7e8f9',
    }
    const swapped = { ...env, ...keys, BRAINTREE_PUBLIC_KEY: keys[slot] }
    expect(await verdict(authenticator, asked, swapped)).toBe(
      'signature_refused: braintree: the handshake is refused',
    )
    const sound = await authenticate(authenticator, asked, { ...env, ...keys })
    expect(sound).toMatchObject({ value: { handshake: { status: 200 } } })
    expect(JSON.stringify(sound)).not.toContain(String(keys[SECRET_NAME]))
  })
})

describe('an option of another kind is not said to be missing', () => {
  test.each([
    ['secret', { secret: 5 }, 'stripe: secret: is 5; name the Worker secret that holds '],
    ['secret', { secret: '' }, 'stripe: secret: is missing; name '],
    ['secret', {}, 'stripe: secret: is missing; name '],
    ['tolerance', { secret: 'A', tolerance: 300 }, 'stripe: tolerance: is 300; use a duration between '],
    ['tolerance', { secret: 'A', tolerance: '8 d' }, "stripe: tolerance: is '8 d'; use a duration between "],
  ])('%s: %j', (_, options, message) => {
    expect(() => (webhooks.stripe as unknown as AnyProvider)(options)).toThrow(message)
  })

  test.each([
    [{ secret: 'A', events: 'push' }, "github: events: is 'push'; list what the route takes"],
    [{ secret: 'A', events: [] }, 'github: events: is missing; list '],
    [{ secret: 'A' }, 'github: events: is missing; list '],
  ])('events: %j', (options, message) => {
    expect(() => (webhooks.github as unknown as AnyProvider)(options)).toThrow(message)
  })
})

test('a provider that is not called is told so', () => {
  const route = {
    method: 'POST',
    path: '/webhooks/stripe',
    owner: 'platform',
    sensitivity: 'internal',
    authenticate: webhooks.stripe as unknown as webhooks.WebhookAuthenticator,
    forward: { to: 'ORIGIN_URL' },
  } as const
  expect(() => defineRoute(route)).toThrow('authenticate: is a function; call it: stripe({ … })')
})

describe.each(everyProvider.filter(([, { scheme }]) => scheme.topicHeader !== undefined))(
  '%s: events',
  (name, provider) => {
    test.each([
      ['a number', [1]],
      ['an empty text', ['']],
      ['undefined', [undefined]],
      ['a hole', new Array(1)],
      ['one of several', ['a', null]],
    ])('cannot hold what is no name: %s', (_, events) => {
      expect(() => provider({ secret: SECRET_NAME, events })).toThrow(
        `${name}: events: holds what is no name; list the values that ${provider.scheme.topicHeader} has, as texts`,
      )
    })

    test('takes names', () => {
      expect(() => provider({ secret: SECRET_NAME, events: ['a', 'b'] })).not.toThrow()
    })
  },
)
