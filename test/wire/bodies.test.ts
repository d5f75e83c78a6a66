import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { sign } from 'sallyport/testing'
import { standard } from 'sallyport/webhooks'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { problem, secrets, startGateway, type TestGateway } from './harness/gateway.ts'
import { expectRefused, expectServing, mounts } from './harness/mounts.ts'
import type { RawAnswer } from './harness/raw.ts'

const JSON_TYPE: [string, string] = ['Content-Type', 'application/json']
const ORDER = '{"sku":"a","quantity":1}'
const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Uint8Array.from(part))))

describe.each(mounts)('$name', ({ entry, prefix }) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ entry })
  })
  afterEach(() => expectServing(gateway, prefix))
  afterAll(() => gateway?.close())
  const order = (body: string | Uint8Array, headers: [string, string][] = [JSON_TYPE]): Promise<RawAnswer> =>
    gateway.call({ method: 'POST', target: `${prefix}/orders/a-1`, headers, body })
  const document = (body: string | Uint8Array): Promise<RawAnswer> =>
    gateway.call({ method: 'POST', target: `${prefix}/documents`, headers: [JSON_TYPE], body })

  describe('Content-Type', () => {
    it.each([
      ['none', []],
      ['an empty one', [['Content-Type', '']]],
      ['text', [['Content-Type', 'text/plain']]],
      ['a form', [['Content-Type', 'application/x-www-form-urlencoded']]],
      ['multipart', [['Content-Type', 'multipart/form-data; boundary=x']]],
      ['a longer name', [['Content-Type', 'application/jsonp']]],
      ['a structured suffix', [['Content-Type', 'application/problem+json']]],
      ['a foreign charset', [['Content-Type', 'application/json; charset=utf-16']]],
      ['an EBCDIC charset', [['Content-Type', 'application/json; charset=ibm500']]],
      ['a charset with a quote left open', [['Content-Type', 'application/json; charset="utf-8; x=']]],
      ['two charsets', [['Content-Type', 'application/json; charset=utf-8; charset=utf-16']]],
      ['a parameter without a name', [['Content-Type', 'application/json ;x']]],
      ['another parameter', [['Content-Type', 'application/json; version=1']]],
      ['a lone semicolon', [['Content-Type', 'application/json;']]],
      ['two of them in one line', [['Content-Type', 'application/json, text/plain']]],
      ['two lines', [JSON_TYPE, ['Content-Type', 'text/plain']]],
      ['two equal lines', [JSON_TYPE, JSON_TYPE]],
      ['a wildcard', [['Content-Type', 'application/*']]],
      ['a twin instead of it', [['Content_Type', 'application/json']]],
    ] as [string, [string, string][]][])('refuses %s', async (_name, headers) => {
      expectRefused(gateway, await order(ORDER, headers), 415, 'media_type_not_supported')
    })

    it.each([
      'application/json',
      'APPLICATION/JSON',
      'application/json; charset=utf-8',
      'application/json;charset="UTF-8"',
    ])('takes %s, and the origin is told the declared one', async (type) => {
      expect((await order(ORDER, [['Content-Type', type]])).status).toBe(200)
      expect(gateway.origin.requests[0]?.values('content-type')).toEqual(['application/json'])
    })
  })

  describe('Content-Encoding', () => {
    it.each([
      ['gzip', gzipSync(ORDER)],
      ['deflate', deflateSync(ORDER)],
      ['br', brotliCompressSync(ORDER)],
      ['GZIP', gzipSync(ORDER)],
      ['x-gzip', gzipSync(ORDER)],
      ['gzip, gzip', gzipSync(gzipSync(ORDER))],
      ['identity, gzip', gzipSync(ORDER)],
      ['gzip', gzipSync(Buffer.alloc(20_000_000))],
      ['gzip', Buffer.from(ORDER)],
      ['forged', Buffer.from(ORDER)],
    ])('refuses "%s" without inflating anything', async (encoding, body) => {
      const answer = await order(body, [JSON_TYPE, ['Content-Encoding', encoding]])
      expectRefused(gateway, answer, 415, 'encoding_not_supported')
    })

    it('refuses two lines of it', async () => {
      const twice: [string, string] = ['Content-Encoding', 'identity']
      expectRefused(gateway, await order(ORDER, [JSON_TYPE, twice, twice]), 415, 'encoding_not_supported')
    })

    it('is none when it is empty: the runtime drops the line, and the origin gets none', async () => {
      expect((await order(ORDER, [JSON_TYPE, ['Content-Encoding', '']])).status).toBe(200)
      expect(gateway.origin.requests[0]?.values('content-encoding')).toEqual([])
    })

    it('refuses compressed bytes that do not say so', async () => {
      expectRefused(gateway, await order(gzipSync(ORDER)), 400, 'malformed_body')
    })
  })

  describe('a signed route', () => {
    it('refuses a bomb, and a chunked body over the cap, before and without a valid signature', async () => {
      const signed = await sign(standard, { secret: secrets.STANDARD_WEBHOOK_SECRET, body: '{}' })
      const target = `${prefix}/webhooks/standard`
      const headers: [string, string][] = [...Object.entries(signed.headers), ['Content-Encoding', 'gzip']]
      const bomb = await gateway.call({
        method: 'POST',
        target,
        headers,
        body: gzipSync(Buffer.alloc(9_000_000)),
      })
      expectRefused(gateway, bomb, 415, 'encoding_not_supported')
      const large = await gateway.call({
        method: 'POST',
        target,
        headers: [...Object.entries(signed.headers), ['Transfer-Encoding', 'chunked']],
        body: `300000\r\n${' '.repeat(3_145_728)}\r\n0\r\n\r\n`,
      })
      expectRefused(gateway, large, 413, 'body_too_large')
    })

    it('reads no body for a request without a signature', async () => {
      const answer = await gateway.call({
        method: 'POST',
        target: `${prefix}/webhooks/standard`,
        headers: [JSON_TYPE, ['Content-Length', '999999999']],
      })
      expectRefused(gateway, answer, 401, 'signature_missing')
    })

    it('forwards the verified bytes, spaces and order and all', async () => {
      const body = '{ "b":1,\n "a" : 1.0, "e":"\\u00e9" }'
      const signed = await sign(standard, { secret: secrets.STANDARD_WEBHOOK_SECRET, body })
      expect((await gateway.deliver(`${prefix}/webhooks/standard`, signed)).status).toBe(200)
      expect(gateway.origin.requests[0]?.body.toString()).toBe(body)
    })
  })

  describe('JSON that two parsers read differently is refused:', () => {
    it.each([
      ['a duplicate key', '{"sku":"a","quantity":-5,"quantity":1}'],
      ['a duplicate key, escaped', '{"sku":"a","quantity":-5,"quantit\\u0079":1}'],
      ['a duplicate key in a nested object', '{"sku":"a","quantity":1,"more":{"x":1,"x":2}}'],
      ['a byte order mark', bytes([0xef, 0xbb, 0xbf], ORDER)],
      ['UTF-16', Buffer.from(ORDER, 'utf16le')],
      ['UTF-16 with a mark', bytes([0xff, 0xfe], [...Buffer.from(ORDER, 'utf16le')])],
      ['bytes outside UTF-8', bytes('{"sku":"', [0xe9], '","quantity":1}')],
      ['an overlong NUL', bytes('{"sku":"', [0xc0, 0x80], '","quantity":1}')],
      ['a raw surrogate', bytes('{"sku":"', [0xed, 0xa0, 0x80], '","quantity":1}')],
      ['a lone surrogate', '{"sku":"\\ud800","quantity":1}'],
      ['a lone surrogate in a key', '{"sku":"a","quantity":1,"\\udfff":1}'],
      ['NaN', '{"sku":"a","quantity":NaN}'],
      ['Infinity', '{"sku":"a","quantity":Infinity}'],
      ['a comment', '{"sku":"a",/**/"quantity":1}'],
      ['a trailing comma', '{"sku":"a","quantity":1,}'],
      ['single quotes', "{'sku':'a','quantity':1}"],
      ['data after the document', `${ORDER}{}`],
      ['a NUL after the document', `${ORDER}\0`],
      ['a raw line break in a string', '{"sku":"a\nb","quantity":1}'],
      ['nothing', ''],
      ['only spaces', '   '],
      ['an integer beyond 2^53', '{"sku":"a","quantity":9007199254740993}'],
      ['a number beyond a double', '{"sku":"a","quantity":1e400}'],
      ['a number with more digits than survive', '{"sku":"a","quantity":10.0000000000000000001}'],
      ['a leading zero', '{"sku":"a","quantity":01}'],
      ['a plus sign', '{"sku":"a","quantity":+1}'],
      ['a hexadecimal number', '{"sku":"a","quantity":0x1}'],
      ['__proto__', '{"sku":"a","quantity":1,"__proto__":{"is_admin":true}}'],
      ['__proto__, escaped', '{"sku":"a","quantity":1,"\\u005f_proto__":{"is_admin":true}}'],
      ['__proto__, nested', '{"sku":"a","quantity":1,"x":[{"__proto__":null}]}'],
    ] as [string, string | Uint8Array][])('%s', async (_name, body) => {
      expectRefused(gateway, await order(body), 400, 'malformed_body')
      expectRefused(gateway, await document(body), 400, 'malformed_body')
    })

    it.each([
      ['50,000 open brackets', '['.repeat(50_000)],
      ['65 levels', `{"a":${'['.repeat(64)}${']'.repeat(64)}}`],
      ['200,000 nested arrays', '['.repeat(200_000) + ']'.repeat(200_000)],
      [
        '101,000 members',
        `{${Array.from({ length: 101_000 }, (_, i) => `"${i.toString(36)}":0`).join(',')}}`,
      ],
      ['120,000 elements', `{"a":[${'0,'.repeat(119_999)}0]}`],
    ])('%s', async (_name, body) => {
      expectRefused(gateway, await document(body), 400, 'malformed_body')
    })
  })

  describe('the schema', () => {
    it.each([
      ['mass assignment', '{"sku":"a","quantity":1,"is_admin":true}', '#/is_admin'],
      ['constructor.prototype', '{"sku":"a","quantity":1,"constructor":{"prototype":{}}}', '#/constructor'],
      ['another case of a key', '{"sku":"a","Quantity":1}', '#/quantity'],
      ['a string for a number', '{"sku":"a","quantity":"1"}', '#/quantity'],
      ['an array around a value', '{"sku":["a"],"quantity":1}', '#/sku'],
      ['a fraction', '{"sku":"a","quantity":1.5}', '#/quantity'],
      ['a negative quantity', '{"sku":"a","quantity":-5}', '#/quantity'],
      ['null', 'null', '#'],
      ['an array', '[]', '#'],
      ['a string', '"a"', '#'],
    ])('refuses %s, and says where', async (_name, body, pointer) => {
      const answer = await order(body)
      expectRefused(gateway, answer, 422, 'input_invalid')
      expect(problem(answer).errors?.map((error) => error.pointer)).toContain(pointer)
    })

    it('sends on what it validated, written anew', async () => {
      expect((await order('{ "quantity" : 1.0 ,"sku":"\\u0061\\u2028é" }')).status).toBe(200)
      expect(gateway.origin.requests[0]?.body.toString()).toBe('{"sku":"a\u2028é","quantity":1}')
    })

    it('keeps a body from a route that declares none', async () => {
      const either = await gateway.call({ method: 'DELETE', target: `${prefix}/search`, body: ORDER })
      expectRefused(gateway, either, 405, 'method_not_allowed')
      const get = await gateway.call({ target: `${prefix}/read/x`, headers: [JSON_TYPE], body: ORDER })
      expectRefused(gateway, get, 400, 'body_not_expected')
    })

    it('leaves a verbatim body to its route, byte for byte', async () => {
      const body = bytes('not json ', [0, 0xff, 0xc0])
      const headers: [string, string][] = [['Content-Type', 'application/x-own']]
      const answer = await gateway.call({ method: 'PUT', target: `${prefix}/verbatim`, headers, body })
      expect(answer.status).toBe(200)
      const [seen] = gateway.origin.requests
      expect(seen?.body).toEqual(body)
      expect(seen?.values('content-type')).toEqual(['application/x-own'])
      expect(seen?.values('sallyport-body')).toEqual(['verbatim'])
    })
  })

  it.each(['a\r\nX-Injected: 1', 'a\nb', 'a\0b', 'é', '\u010d\u010a', 'admin ', ' admin', 'admin\t'])(
    'refuses a value that no header holds as it is, where a route would put it in one: %j',
    async (note) => {
      const answer = await gateway.call({
        method: 'POST',
        target: `${prefix}/reflect`,
        headers: [JSON_TYPE],
        body: JSON.stringify({ note }),
      })
      expectRefused(gateway, answer, 400, 'malformed_header')
    },
  )
})
