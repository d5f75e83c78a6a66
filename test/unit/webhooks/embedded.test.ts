import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as webhooks from '../../../src/webhooks/index.ts'
import {
  type AnyProvider,
  authenticate,
  type Incoming,
  type Mounted,
  mount,
  verdict,
} from './every/providers.ts'

const RUNS = 2_000
const REFUSED = /^signature_(?:refused|missing): /

const { adyenPayments, dropboxSign, mailgun } = webhooks as unknown as Record<string, AnyProvider>

type Json = Record<string, unknown>

/** A value at a path, changed in a copy; `undefined` takes the member away. */
function withValue(json: Json, path: readonly string[], value: unknown): Json {
  const whole = structuredClone(json)
  let place = whole
  for (const name of path.slice(0, -1)) {
    place[name] ??= {}
    place = place[name] as Json
  }
  const last = path.at(-1) ?? ''
  if (value === undefined) delete place[last]
  else place[last] = value
  return whole
}

const valueAt = (json: Json, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, name) => (value as Json | undefined)?.[name], json)

const item = ['notificationItems', '0', 'NotificationRequestItem']

/** Where each provider's signed parts stand, and parts that no signature covers. */
const parts = [
  {
    provider: mailgun,
    read: (text: string) => text,
    write: (json: string) => json,
    signed: [
      ['signature', 'timestamp'],
      ['signature', 'token'],
      ['signature', 'signature'],
    ],
    uncovered: [['event-data'], ['event-data', 'event'], ['event-data', 'recipient'], ['anything']],
  },
  {
    provider: adyenPayments,
    read: (text: string) => text,
    write: (json: string) => json,
    signed: [
      'pspReference',
      'originalReference',
      'merchantAccountCode',
      'merchantReference',
      'amount.value',
      'amount.currency',
      'eventCode',
      'success',
      'additionalData.hmacSignature',
    ].map((name) => [...item, ...name.split('.')]),
    uncovered: [
      ['live'],
      [...item, 'eventDate'],
      [...item, 'reason'],
      [...item, 'paymentMethod'],
      [...item, 'operations'],
      [...item, 'additionalData', 'expiryDate'],
      [...item, 'anything'],
    ],
  },
  {
    provider: dropboxSign,
    read: (text: string) => text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1),
    write: (json: string) =>
      `--sallyport-boundary\r\nContent-Disposition: form-data; name="json"\r\n\r\n${json}\r\n--sallyport-boundary--\r\n`,
    signed: ['event_time', 'event_type', 'event_hash'].map((name) => ['event', name]),
    uncovered: [
      ['signature_request'],
      ['signature_request', 'title'],
      ['account_guid'],
      ['client_id'],
      ['template'],
      ['event', 'event_metadata'],
      ['anything'],
    ],
  },
] as const

/** Another value of any kind, or the same text with one place changed. */
function changed(value: unknown, how: number, at: number, character: string): unknown {
  if (how === 0) return undefined
  if (how === 1) return null
  if (how === 2) return [value]
  if (how === 3) return { value }
  if (how === 4) return !value
  if (typeof value === 'number') return how % 2 === 0 ? value + 1 + at : String(value)
  const text = String(value)
  const i = at % (text.length + 1)
  return text.slice(0, i) + character + text.slice(i + (how % 2))
}

describe.each(parts.map((part) => [part.provider?.scheme.name ?? '', part] as const))('%s', (_, part) => {
  const provider = part.provider as AnyProvider

  async function delivery(): Promise<Mounted & { sent: Incoming; json: Json }> {
    const mounted = await mount(provider)
    const sent = await mounted.deliver()
    return { ...mounted, sent, json: JSON.parse(part.read(sent.body)) as Json }
  }

  test(`refuses ${RUNS} changes of what is signed`, async () => {
    const { sent, json, authenticator, env } = await delivery()
    const bodyOf = (value: Json) => part.write(JSON.stringify(value))
    expect(await verdict(authenticator, { ...sent, body: bodyOf(json) }, env)).toBe('accepted')
    let refused = 0
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...part.signed),
        fc.nat({ max: 15 }),
        fc.nat(),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }),
        async (path, how, at, character) => {
          const before = valueAt(json, path)
          const after = changed(before, how, at, character)
          // An absent field is signed as an empty one: null and '' say the same.
          fc.pre((after ?? '') !== (before ?? ''))
          const body = bodyOf(withValue(json, path, after))
          expect(await verdict(authenticator, { ...sent, body }, env)).toMatch(REFUSED)
          refused++
        },
      ),
      { numRuns: RUNS },
    )
    expect(refused).toBe(RUNS)
  }, 60_000)

  test('takes every change of what is not signed, as the entry and its option say', async () => {
    const { sent, json, authenticator, env } = await delivery()
    const { facts } = (await import(`../../../src/webhooks/providers/${provider.scheme.name}.ts`)) as {
      facts: { unsigned: string[] }
    }
    for (const path of part.uncovered) {
      const name = path.filter((step) => step !== '0').join('.')
      for (const value of ['changed', 7, undefined, { a: [1] }]) {
        const body = part.write(JSON.stringify(withValue(json, path, value)))
        expect([name, await verdict(authenticator, { ...sent, body }, env)]).toEqual([name, 'accepted'])
      }
      if (path.at(-1) === 'anything') continue
      const isNamed = facts.unsigned.some((entry) => name === entry || name.startsWith(`${entry}.`))
      expect([name, isNamed]).toEqual([name, true])
    }
  })

  test('hands the signed fields to the route by name, and says that they are a part', async () => {
    const { sent, authenticator, env } = await delivery()
    const result = await authenticate(authenticator, sent, env)
    expect(result).toMatchObject({
      ok: true,
      value: { principal: { covers: 'part', signed: expect.any(Object) } },
    })
    const principal = result.ok ? result.value.principal : undefined
    expect(Object.isFrozen(principal?.signed)).toBe(true)
    expect(Object.values(principal?.signed ?? {}).every((text) => typeof text === 'string')).toBe(true)
  })

  test('wants the word that its body is not signed', () => {
    expect(() => provider({ secret: 'PROVIDER_SECRET' })).toThrow(/unsafeBodyIsNotSigned: is missing/)
  })

  test('answers any body with a denial, and never with a throw', async () => {
    const { sent, json, authenticator, env } = await delivery()
    const whole = fc.oneof(
      fc.string(),
      fc.json(),
      fc.uint8Array(),
      fc.constantFrom('', '[]', 'null', '{}', '"x"'),
    )
    const inside = fc
      .tuple(fc.constantFrom(...part.signed), fc.jsonValue())
      .map(([path, value]) => part.write(JSON.stringify(withValue(json, path, value))))
    await fc.assert(
      fc.asyncProperty(fc.oneof(whole, inside), async (body) => {
        expect(await verdict(authenticator, { ...sent, body }, env)).toMatch(/^(?:accepted$|signature_)/)
      }),
      { numRuns: 1_000 },
    )
  })

  test('refuses a body with one signed member twice, which two parsers read differently', async () => {
    const { sent, json, authenticator, env } = await delivery()
    for (const path of part.signed) {
      const name = path.at(-1) ?? ''
      const twice = JSON.stringify(json).replace(`"${name}":`, `"${name}":"x","${name}":`)
      if (!twice.includes('"x"')) continue
      expect(await verdict(authenticator, { ...sent, body: part.write(twice) }, env)).toMatch(REFUSED)
    }
  })
})

const keyOf = async ({ authenticator, env }: Mounted, sent: Incoming) => {
  const result = await authenticate(authenticator, sent, env)
  return result.ok ? result.value.replay?.id : undefined
}

describe('what a delivery is known by', () => {
  test('mailgun: the token, so that a captured signature is good for one delivery', async () => {
    const mounted = await mount(mailgun as AnyProvider)
    const sent = await mounted.deliver({ id: 'msg_1' })
    const { signature } = JSON.parse(sent.body) as { signature: { token: string } }
    const forged = { ...sent, body: JSON.stringify({ signature, 'event-data': { event: 'complained' } }) }
    expect(await keyOf(mounted, sent)).toBe(`id:${signature.token}`)
    expect(await keyOf(mounted, forged)).toBe(`id:${signature.token}`)
  })

  test('adyen: the signed fields, whatever stands beside them', async () => {
    const mounted = await mount(adyenPayments as AnyProvider)
    const sent = await mounted.deliver()
    const other = withValue(JSON.parse(sent.body) as Json, [...item, 'reason'], 'changed')
    const key = await keyOf(mounted, sent)
    expect(key).toMatch(/^digest:/)
    expect(await keyOf(mounted, { ...sent, body: JSON.stringify(other) })).toBe(key)
  })

  test('adyen: items that are left out make another delivery, as the entry says', async () => {
    const mounted = await mount(adyenPayments as AnyProvider)
    const [one, two] = await Promise.all([
      mounted.deliver(),
      mounted.deliver({ body: JSON.stringify(sample('p2')) }),
    ])
    const itemsOf = (sent: Incoming | undefined) =>
      (JSON.parse(String(sent?.body)) as { notificationItems: unknown[] }).notificationItems
    const both = { ...one, body: JSON.stringify({ notificationItems: [...itemsOf(one), ...itemsOf(two)] }) }
    const keys = await Promise.all([both, one, two].map((sent) => keyOf(mounted, sent as Incoming)))
    expect(keys.every((key) => key?.startsWith('digest:'))).toBe(true)
    expect(new Set(keys).size).toBe(3)
  })

  test('dropbox sign: the whole event, since two of one second have one hash', async () => {
    const mounted = await mount(dropboxSign as AnyProvider)
    const [one, two] = await Promise.all([
      mounted.deliver(),
      mounted.deliver({ body: JSON.stringify(event('r2')) }),
    ])
    const hashOf = (sent: Incoming) => /"event_hash":"([0-9a-f]+)"/.exec(String(sent.body))?.[1]
    expect(hashOf(one as Incoming)).toBe(hashOf(two as Incoming))
    const keys = await Promise.all([one, one, two].map((sent) => keyOf(mounted, sent as Incoming)))
    expect(keys[0]).toBe(keys[1])
    expect(keys[2]).not.toBe(keys[0])
  })

  const sample = (pspReference: string) => ({
    notificationItems: [
      { NotificationRequestItem: { pspReference, eventCode: 'AUTHORISATION', success: 'true' } },
    ],
  })
  const event = (signature_request_id: string) => ({
    event: { event_type: 'signature_request_signed' },
    signature_request: { signature_request_id },
  })
})
