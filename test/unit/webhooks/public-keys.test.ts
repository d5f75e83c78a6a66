import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { sign } from '../../../src/testing/index.ts'
import { discord, sendgrid } from '../../../src/webhooks/index.ts'
import { type AnyProvider, authenticate, mount, NOW, SECRET_NAME, verdict } from './every/providers.ts'

const asAny = (provider: unknown) => provider as AnyProvider

describe('discord', () => {
  it.each([
    ['the identity', `01${'00'.repeat(31)}`],
    ['zero', '00'.repeat(32)],
    ['a point of order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['a key that is too short', '26'.repeat(31)],
  ])('has no public key that is %s', async (_, publicKey) => {
    const { deliver } = await mount(asAny(discord))
    const authenticator = asAny(discord)({ secret: SECRET_NAME })
    const result = await verdict(authenticator, await deliver(), { [SECRET_NAME]: publicKey })
    expect(result).toMatch(/^not_configured: /)
  })

  it('takes an event of type 1 for what it is, and answers only a PING', async () => {
    const { authenticator, deliver, env } = await mount(asAny(discord))
    const judged = async (body: object) => {
      const result = await authenticate(authenticator, await deliver({ body: JSON.stringify(body) }), env)
      return result.ok ? (result.value.handshake?.status ?? 'goes on') : result.denial.code
    }
    expect(await judged({ type: 1, id: '1' })).toBe(200)
    expect(await judged({ type: 0 })).toBe(204)
    expect(await judged({ type: 1, event: { type: 'ENTITLEMENT_CREATE' } })).toBe('goes on')
    expect(await judged({ type: 2, id: '2' })).toBe('goes on')
    expect(await judged({ type: '1', id: '3' })).toBe('goes on')
  })

  it('refuses a digit that is moved from the time to the body', async () => {
    const { authenticator, deliver, env } = await mount(asAny(discord))
    const sent = await deliver({ body: '1' })
    const time = sent.headers['x-signature-timestamp'] ?? ''
    const headers = { ...sent.headers, 'x-signature-timestamp': time.slice(0, -1) }
    const moved = { ...sent, headers, body: `${time.at(-1)}1` }
    expect(await verdict(authenticator, moved, env)).toMatch(/^signature_refused: /)
  })
})

describe('sendgrid', () => {
  it.each<[string, Parameters<typeof generateKeyPairSync>]>([
    ['another curve', ['ec', { namedCurve: 'P-384' }] as never],
    ['RSA', ['rsa', { modulusLength: 2048 }] as never],
  ])('has no public key of %s', async (_, [type, options]) => {
    const { publicKey } = generateKeyPairSync(type as 'ec', options as { namedCurve: string })
    const text = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
    const { deliver } = await mount(asAny(sendgrid))
    const authenticator = asAny(sendgrid)({ secret: SECRET_NAME })
    expect(await verdict(authenticator, await deliver(), { [SECRET_NAME]: text })).toMatch(
      /^not_configured: /,
    )
  })

  it('has no public key that is not on the curve', async () => {
    const { deliver, env } = await mount(asAny(sendgrid))
    const bytes = Buffer.from(String(env[SECRET_NAME]), 'base64')
    bytes[90] = (bytes[90] ?? 0) ^ 1
    const authenticator = asAny(sendgrid)({ secret: SECRET_NAME })
    const off = { [SECRET_NAME]: bytes.toString('base64') }
    expect(await verdict(authenticator, await deliver(), off)).toMatch(/^not_configured: /)
  })

  it('refuses a second spelling of one signature', async () => {
    const { authenticator, deliver, env } = await mount(asAny(sendgrid))
    const sent = await deliver()
    const name = 'x-twilio-email-event-webhook-signature'
    const der = Buffer.from(sent.headers[name] ?? '', 'base64')
    const long = Buffer.concat([Buffer.of(0x30, 0x81), der.subarray(1)])
    const headers = { ...sent.headers, [name]: long.toString('base64') }
    expect(await verdict(authenticator, { ...sent, headers }, env)).toMatch(/^signature_refused: /)
  })

  it('takes what is signed with the next key while keys change', async () => {
    const [current, next] = [await mount(asAny(sendgrid)), await mount(asAny(sendgrid))]
    const env = { ...current.env, [`${SECRET_NAME}_NEXT`]: next.env[SECRET_NAME] }
    const result = await authenticate(current.authenticator, await next.deliver(), env)
    expect(result).toMatchObject({ ok: true, value: { notes: { secretSlot: 'next' } } })
  })
})

it('a private key that is not PKCS #8 in base64 is refused when signing', async () => {
  await expect(sign(discord, { body: '{}', now: NOW, privateKey: 'nothing' })).rejects.toThrow(TypeError)
})
