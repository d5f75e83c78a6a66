import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type KeysRig, MINUTE, newSigner, type Signer, startRig, until } from './keys/rig.ts'

const OPENID = '/.well-known/openid-configuration'
const OAUTH = '/.well-known/oauth-authorization-server'

let rig: KeysRig
let first: Signer
beforeAll(async () => {
  rig = await startRig({ DISCOVER: 'yes' })
  first = await newSigner('first')
})
afterAll(() => rig?.close())
beforeEach(async () => {
  await rig.coldStart()
  rig.stored.clear()
  rig.issuer.keys = [first.jwk]
  rig.issuer.metadata = {}
  rig.issuer.missing = []
  rig.issuer.requests = []
})
const status = async () => (await rig.ask(await first.token())).status
const paths = () => rig.issuer.requests.map(({ path }) => path)

it('finds the key set by the metadata of the issuer, and a refresh is one fetch', async () => {
  expect(await status()).toBe(200)
  expect(paths()).toEqual([OPENID, '/jwks.json'])
  await rig.pass(9 * MINUTE)
  expect(await status()).toBe(200)
  await until(() => paths().length > 2)
  expect(paths().slice(2)).toEqual(['/jwks.json'])
})

it('falls back to RFC 8414', async () => {
  rig.issuer.missing = [OPENID]
  expect(await status()).toBe(200)
  expect(paths()).toEqual([OPENID, OAUTH, '/jwks.json'])
})

it.each<[string, () => Record<string, unknown>]>([
  ['name another issuer', () => ({ issuer: 'http://localhost:1' })],
  ['name an issuer that differs by a slash', () => ({ issuer: `${rig.issuer.url}/` })],
  ['send to an address in the clear', () => ({ jwks_uri: 'http://169.254.169.254/jwks' })],
  ['send nowhere', () => ({ jwks_uri: null })],
])('answers 503 where the metadata %s', async (_, metadata) => {
  rig.issuer.metadata = metadata()
  expect(await status()).toBe(503)
  expect(paths()).toEqual([OPENID, OAUTH])
})
