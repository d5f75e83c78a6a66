import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readMultipart } from '../../../src/webhooks/multipart.ts'

describe('multipart', () => {
  const type = 'multipart/form-data; boundary=b'
  const one = (name: string, text: string) =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`
  const fieldsOf = (body: string | Uint8Array, contentType: string | null = type) => {
    const fields = readMultipart(new Uint8Array(Buffer.from(body)), contentType)
    return fields && Object.fromEntries(fields)
  }

  test('gives every field as it was sent', () => {
    expect(fieldsOf(`${one('a', 'x\r\ny')}${one('json', '{"é":1}')}--b--\r\n`)).toEqual({
      a: 'x\r\ny',
      json: '{"é":1}',
    })
    expect(fieldsOf(`${one('a', '')}--b--`, 'Multipart/Form-Data;boundary="b"')).toEqual({ a: '' })
  })

  test.each([
    ['no end', one('a', '1')],
    ['something before the first part', `x\r\n${one('a', '1')}--b--`],
    ['something behind the end', `${one('a', '1')}--b--x`],
    ['a name twice', `${one('a', '1')}${one('a', '2')}--b--`],
    ['a part without a name', '--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--'],
    ['a file', '--b\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\n1\r\n--b--'],
    [
      'two dispositions',
      one('a', '1').replace('\r\n\r\n', '\r\nContent-Disposition: form-data; name="b"\r\n\r\n'),
    ],
    [
      'a transfer encoding',
      `${one('a', 'MQ==').replace('\r\n\r\n', '\r\nContent-Transfer-Encoding: base64\r\n\r\n')}--b--`,
    ],
    ['a folded header', `${one('a', '1').replace('; name', ';\r\n name')}--b--`],
    ['line feeds alone', `${one('a', '1')}--b--`.replaceAll('\r\n', '\n')],
    ['a part without a head', '--b\r\n1\r\n--b--'],
    ['a space behind the boundary', `${one('a', '1')}--b --`],
    ['17 parts', `${Array.from({ length: 17 }, (_, at) => one(`n${at}`, '1')).join('')}--b--`],
    [
      'bytes that are not UTF-8',
      Buffer.concat([Buffer.from(one('a', '')), Buffer.of(0xff), Buffer.from('--b--')]),
    ],
    ['nothing', ''],
  ])('refuses what two parsers may read differently: %s', (_, body) => {
    expect(fieldsOf(body)).toBeUndefined()
  })

  test.each([
    null,
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=b; charset=utf-8',
    'multipart/mixed; boundary=b',
    'multipart/form-data; boundary=b; boundary=c',
    `multipart/form-data; boundary=${'b'.repeat(71)}`,
    'application/json',
  ])('refuses the content type %s', (contentType) => {
    expect(fieldsOf(`${one('a', '1')}--b--`, contentType)).toBeUndefined()
  })

  test('reads what a browser’s serializer writes, and never throws', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (value) => {
        const text = value.replaceAll(/\r\n?|\n/g, '\r\n')
        const form = new FormData()
        form.append('json', text)
        const response = new Response(form)
        const body = new Uint8Array(await response.arrayBuffer())
        const wanted = Buffer.from(text.toWellFormed()).toString()
        expect(readMultipart(body, response.headers.get('content-type'))?.get('json')).toBe(wanted)
      }),
      { numRuns: 300 },
    )
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('--b', '\r\n', '-', ':', 'Content-Disposition', ' form-data; name="a"', 'x'),
        }),
        (text) => {
          fieldsOf(text)
        },
      ),
    )
  })
})

test('a line of blanks and a bare line feed costs no more than any other', () => {
  const parts = (blanks: number) => Buffer.from(`--B\r\nx:${' '.repeat(blanks)}\n\r\n\r\nv\r\n--B--\r\n`)
  const cost = (blanks: number) => {
    const body = new Uint8Array(parts(blanks))
    const start = performance.now()
    for (let i = 0; i < 20; i++)
      expect(readMultipart(body, 'multipart/form-data; boundary=B')).toBeUndefined()
    return performance.now() - start
  }
  cost(100)
  // Thirty times as long: a cubic reading would take thousands of times as long.
  expect(cost(30_000)).toBeLessThan(100 * Math.max(1, cost(1000)))
})
