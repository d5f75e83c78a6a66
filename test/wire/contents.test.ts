import { describe, expect, it } from 'vitest'
import { problem } from './harness/gateway.ts'
import { expectRefused } from './harness/mounts.ts'
import { useGateway } from './harness/use.ts'
import { next, sending } from './senders/send.ts'

const gateway = useGateway({ entry: 'test/wire/workers/senders.ts' })
const send = sending(gateway)
const arrived = () => gateway.origin.requests.map(({ body }) => body.toString())

const FORM = 'application/x-www-form-urlencoded'
const open = (path: string, body: string | Uint8Array, type = FORM) =>
  gateway.call({ method: 'POST', target: path, headers: [['Content-Type', type]], body })

describe('a signed body', () => {
  it.each([
    ['a form', 'b=2&a=1&a=%C3%A9+x&&empty=', FORM, '["b","a","empty"]'],
    ['a form with its charset', 'a=1', `${FORM};charset=UTF-8`, '["a"]'],
    ['JSON beside it', '{"z": 1.0}', 'application/json', '["z"]'],
  ])('that is %s goes out byte for byte', async (_, body, type, names) => {
    const unique = type.includes('json') ? `${body}${' '.repeat(next())}` : `${body}&u=${next()}`
    const answer = await send('/both', { body: unique, type })
    expect(answer.status).toBe(200)
    expect(arrived()).toEqual([unique])
    const [seen] = gateway.origin.requests
    expect(seen?.values('content-type')).toEqual([type])
    expect(seen?.values('sallyport-body')).toEqual(['verified'])
    expect(seen?.values('x-names')).toEqual([type.includes('json') ? names : names.replace(']', ',"u"]')])
  })

  it('that is a form is refused where it says that it is JSON, and the other way round', async () => {
    expectRefused(
      gateway,
      await send('/both', { body: 'a=1', type: 'application/json' }),
      400,
      'malformed_body',
    )
    // Raw JSON is a form of one odd name: its media type alone says how it is read.
    const serial = next()
    const odd = await send('/both', { body: `{"a":${serial}}`, type: FORM })
    expect(odd.status).toBe(200)
    expect(gateway.origin.requests[0]?.values('x-names')).toEqual([`["{\\"a\\":${serial}}"]`])
  })

  it.each([
    undefined,
    'text/plain',
    `${FORM}; charset=iso-8859-1`,
    `${FORM}, application/json`,
    `${FORM}+json`,
  ])('is refused as %s', async (type) => {
    const answer = await send('/both', { body: 'a=1', type })
    expectRefused(gateway, answer, 415, 'media_type_not_supported')
    expect((await gateway.recordOf(answer)).reason).toBe(`Content-Type is not ${FORM} or application/json`)
  })

  it('that is JSON by the word of the provider is read as JSON', async () => {
    const type = 'text/plain; charset=UTF-8'
    const body = `{"Type":"Notification","serial":${next()}}`
    expect((await send('/notification', { body, type })).status).toBe(200)
    expect(arrived()).toEqual([body])
    expect(gateway.origin.requests[0]?.values('content-type')).toEqual([type])
    gateway.origin.clear()
    expectRefused(gateway, await send('/notification', { body: '{"Type":1}', type }), 422, 'input_invalid')
    const asJson = await send('/notification', { body })
    expectRefused(gateway, asJson, 415, 'media_type_not_supported')
  })
})

describe('a form that nobody signed', () => {
  it('goes out as it was validated, written anew', async () => {
    expect((await open('/form', 'tag=b&name=Zo%c3%ab+%26&tag=a;'.replace(';', '%3b'))).status).toBe(200)
    expect(arrived()).toEqual(['name=Zo%C3%AB+%26&tag=b&tag=a%3B'])
    const [seen] = gateway.origin.requests
    expect(seen?.values('content-type')).toEqual([FORM])
    expect(seen?.values('content-length')).toEqual([String(seen?.body.length)])
    expect(seen?.values('sallyport-body')).toEqual(['validated'])
  })

  it('is written with the numbers that its schema made', async () => {
    expect((await open('/form', 'name=a&amount=1e3')).status).toBe(200)
    expect(arrived()).toEqual(['name=a&amount=1000'])
  })

  it('goes on as JSON where it came as JSON', async () => {
    expect((await open('/form-or-json', 'name=a')).status).toBe(200)
    expect((await open('/form-or-json', '{"name":"a"}', 'application/json')).status).toBe(200)
    expect(arrived()).toEqual(['name=a', '{"name":"a"}'])
    expect(gateway.origin.requests.map((seen) => seen.values('content-type'))).toEqual([
      [FORM],
      ['application/json'],
    ])
  })

  it.each<[string, string | Uint8Array]>([
    ['a byte that is no UTF-8', Buffer.from('name=\xff', 'latin1')],
    ['an escaped byte that is no UTF-8', 'name=%ff'],
    ['an escaped overlong slash', 'name=%c0%af'],
    ['a broken escape', 'name=100%'],
    ['a raw semicolon', 'name=a;tag=b'],
    ['a raw line break', 'name=a\r\n'],
    ['a raw NUL', 'name=a\0'],
    ['a value without a name', 'name=a&=b'],
    ['__proto__', 'name=a&__proto__=b'],
    ['__proto__, escaped', 'name=a&%5F_proto__=b'],
    ['1,001 parameters', Array.from({ length: 1001 }, () => 'tag=a').join('&')],
  ])('is refused with %s', async (_, body) => {
    const answers = [await open('/form', body), await open('/form-verbatim', body)]
    for (const answer of answers) {
      expectRefused(gateway, answer, 400, 'malformed_body')
      expect((await gateway.recordOf(answer)).reason).toMatch(/^the form is refused: [a-z-]+$/)
    }
  })

  it.each([
    ['an undeclared name', 'name=a&is_admin=true', '#/is_admin'],
    ['a repeated name that is declared as one', 'name=a&name=b', '#/name'],
    ['nothing', '', '#/name'],
    ['the name of a prototype’s member', 'name=a&constructor=b', '#/constructor'],
  ])('is refused by its schema with %s', async (_, body, pointer) => {
    const answer = await open('/form', body)
    expectRefused(gateway, answer, 422, 'input_invalid')
    expect(problem(answer).errors?.map((error) => error.pointer)).toContain(pointer)
  })

  it('goes out byte for byte where the route wants that', async () => {
    const body = 'b=%c3%a9&a&&a=+'
    expect((await open('/form-verbatim', body, `${FORM}; charset="utf-8"`)).status).toBe(200)
    expect(arrived()).toEqual([body])
    expect(gateway.origin.requests[0]?.values('sallyport-body')).toEqual(['verbatim'])
  })

  it('whose schema makes what no form can carry is the fault of the route', async () => {
    const answer = await open('/form-of-objects', 'a=1')
    expectRefused(gateway, answer, 500, 'internal_error')
    expect(await gateway.recordOf(answer)).toMatchObject({
      stage: 'validate',
      reason: "the route's schema makes a value that a form cannot carry",
    })
  })
})
