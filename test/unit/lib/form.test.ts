import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FormFault, formatForm, parseForm } from '../../../src/lib/form.ts'

const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))))
const parse = (body: string | Uint8Array, maxParameters = 1000) =>
  parseForm(typeof body === 'string' ? bytes(body) : body, { maxParameters })
const valueIn = (body: string | Uint8Array) => {
  const parsed = parse(body)
  if (!parsed.ok) throw new Error(parsed.fault)
  return parsed.value
}

describe('parseForm reads', () => {
  it.each<[string, string, object]>([
    ['nothing', '', {}],
    ['one parameter', 'a=1', { a: '1' }],
    ['several, in order', 'b=2&a=1', { b: '2', a: '1' }],
    ['a repeated one as a list, nothing lost', 'a=1&b=x&a=2&a=1', { a: ['1', '2', '1'], b: 'x' }],
    ['names that are spelt in two ways as one', 'a=1&%61=2', { a: ['1', '2'] }],
    ['names that differ in case as two', 'a=1&A=2', { a: '1', A: '2' }],
    ['brackets as part of a name', 'a[]=1&a%5B%5D=2&a[b]=3', { 'a[]': ['1', '2'], 'a[b]': '3' }],
    ['a parameter without a sign', 'a&b=', { a: '', b: '' }],
    ['an equals sign in a value', 'a=b=c&d==', { a: 'b=c', d: '=' }],
    ['nothing between two separators', '&a=1&&b=2&', { a: '1', b: '2' }],
    ['a plus and its escape', 'a+b=c+d%2Be%20f', { 'a b': 'c d+e f' }],
    ['escapes in either case', 'a=%c3%A9%E2%82%ac', { a: 'é€' }],
    ['UTF-8 that is not escaped', 'a=é€😀', { a: 'é€😀' }],
    ['escaped separators as data', 'a=%26b%3D1%3Bc', { a: '&b=1;c' }],
    ['escaped control characters as data', 'a=%00%0D%0A', { a: '\0\r\n' }],
    ['a percent sign that was escaped', 'a=%2541', { a: '%41' }],
    ['a byte order mark as part of a name', '\ufeffa=1', { '\ufeffa': '1' }],
  ])('%s', (_, body, value) => expect({ ...valueIn(body) }).toEqual(value))

  it.each(['constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', 'length'])(
    '%s as a name like any other, and finds none of them where none was sent',
    (name) => {
      expect(valueIn(`${name}=1`)[name]).toBe('1')
      expect(valueIn('a=1')[name]).toBeUndefined()
      expect(Object.getPrototypeOf(valueIn(`${name}=1&${name}=2`))).toBeNull()
    },
  )
})

describe('parseForm refuses', () => {
  it.each<[string, string | Uint8Array, FormFault]>([
    ['a byte that is no UTF-8', bytes('a=', [0xff]), 'encoding'],
    ['Latin-1', bytes('a=', [0xe9]), 'encoding'],
    ['an overlong form', bytes('a=', [0xc0, 0xaf]), 'encoding'],
    ['a surrogate in UTF-8', bytes('a=', [0xed, 0xa0, 0x80]), 'encoding'],
    ['UTF-8 that is cut', bytes('a=', [0xe2, 0x82]), 'encoding'],
    ['UTF-16', bytes([0xff, 0xfe], 'a\0=\0'), 'encoding'],
    ['an escaped byte that is no UTF-8', 'a=%FF', 'encoding'],
    ['an escaped overlong form', 'a=%C0%AF', 'encoding'],
    ['an escaped surrogate', 'a=%ED%A0%80', 'encoding'],
    ['an escaped character that is cut', 'a=%E2%82&b=%AC', 'encoding'],
    ['a character beyond Unicode', 'a=%F4%90%80%80', 'encoding'],
    ['the same in a name', '%FF=a', 'encoding'],
    ['a lone percent sign', 'a=100%', 'escape'],
    ['a percent sign and one digit', 'a=%4', 'escape'],
    ['a percent sign and no digits', 'a=%zz', 'escape'],
    ['%u of old', 'a=%u0061', 'escape'],
    ['a percent sign in a name', '%=a', 'escape'],
    ['a raw semicolon, which some take for a separator', 'a=1;b=2', 'separator'],
    ['a raw line break', 'a=1\r\nb=2', 'control'],
    ['a raw NUL', 'a=1\0', 'control'],
    ['a raw DEL', 'a=\x7f', 'control'],
    ['a raw tab', 'a=\t', 'control'],
    ['a value without a name', '=1', 'empty-name'],
    ['an equals sign alone', 'a=1&=', 'empty-name'],
    ['__proto__', '__proto__=1', 'prototype-key'],
    ['__proto__, escaped', '%5f_proto__=1&a=2', 'prototype-key'],
  ])('%s', (_, body, fault) => expect(parse(body)).toEqual({ ok: false, fault }))

  it('more parameters than are allowed, and says how many', () => {
    const form = (count: number) => Array.from({ length: count }, (_, i) => `a${i}=`).join('&')
    expect(parse(form(1000)).ok).toBe(true)
    expect(parse(form(1001))).toEqual({
      ok: false,
      fault: 'parameters',
      measure: { limit: 1000, actual: 1001 },
    })
    expect(parse('a&a&a', 2)).toMatchObject({ fault: 'parameters' })
  })

  it('a million of them before they cost anything', () => {
    const start = performance.now()
    expect(parse('a=1&'.repeat(4_000_000))).toMatchObject({ fault: 'parameters' })
    expect(parse('&'.repeat(16_000_000)).ok).toBe(true)
    expect(performance.now() - start).toBeLessThan(10_000)
  })
})

const pairs = fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), {
  maxLength: 30,
})

describe('whatever is sent', () => {
  it('is read as the standard reads it, or refused', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom('&', '=', '+', '%', '%26', '%3D', '%C3%A9', '%ff', ';', 'a', 'é'),
        fc.string(),
      ),
    )
    fc.assert(
      fc.property(pieces, (list) => {
        const text = list.join('')
        const parsed = parse(text)
        if (!parsed.ok) return
        const read = new URLSearchParams(text.replace(/^\?/, '%3F'))
        for (const name of new Set(read.keys())) {
          const [first, ...more] = read.getAll(name)
          expect(parsed.value[name]).toEqual(more.length === 0 ? first : [first, ...more])
        }
        expect(Object.keys(parsed.value).sort()).toEqual([...new Set(read.keys())].sort())
      }),
      { numRuns: 2000 },
    )
  })

  it('never throws for bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (body) => typeof parse(body).ok === 'boolean'))
  })

  it('is read back as it was, where the standard wrote it', () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const named = list.filter(([name]) => name !== '' && name !== '__proto__')
        const value = valueIn(new URLSearchParams(named).toString())
        for (const [name] of named) {
          const all = named.flatMap(([other, text]) => (other === name ? [text] : []))
          expect(value[name]).toEqual(all.length === 1 ? all[0] : all)
        }
      }),
    )
  })

  it('is the same after it was written and read again', () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const named = list.filter(([name]) => name !== '' && name !== '__proto__')
        const value = valueIn(new URLSearchParams(named).toString())
        expect(valueIn(formatForm(value) ?? '=')).toEqual(value)
      }),
    )
  })
})

describe('formatForm', () => {
  it('writes texts, numbers, booleans and lists of them, and nothing for undefined', () => {
    const value = { a: 'é &=+;%', b: 1.5, c: true, d: ['x', 2, false], e: undefined, f: [], g: '' }
    expect(formatForm(value)).toBe('a=%C3%A9+%26%3D%2B%3B%25&b=1.5&c=true&d=x&d=2&d=false&g=')
  })

  it.each([
    ['null', { a: null }],
    ['an object', { a: {} }],
    ['a date', { a: new Date(0) }],
    ['a list in a list', { a: [['b']] }],
    ['undefined in a list', { a: [undefined] }],
    ['a number that is none', { a: Number.NaN }],
    ['an endless number', { a: Number.POSITIVE_INFINITY }],
    ['a bigint', { a: 1n }],
    ['a lone surrogate', { a: '\ud800' }],
    ['a lone surrogate in a name', { '\udc00': 'a' }],
    ['a function', { a: () => 'b' }],
  ])('has no text for %s', (_, value) => expect(formatForm(value)).toBeUndefined())

  it.each([undefined, null, 'a=1', 1, ['a'], []])('has no text for %j, which has no names', (value) => {
    expect(formatForm(value)).toBeUndefined()
  })
})
