import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, utf8 } from '../../../src/lib/digest.ts'
import { type JsonFault, parseJson, pointer } from '../../../src/lib/json.ts'

const limits = { maxDepth: 8, maxNodes: 100 }

function faultOf(text: string | Uint8Array, exactNumbers = true): JsonFault | undefined {
  const bytes = typeof text === 'string' ? utf8(text) : text
  const result = parseJson(bytes, limits, { exactNumbers })
  return result.ok ? undefined : result.fault
}

describe('parseJson refuses', () => {
  test.each<[string, string | number[], JsonFault]>([
    ['bytes that are not UTF-8', [0x22, 0xff, 0x22], 'encoding'],
    ['an overlong character', [0x22, 0xc0, 0xae, 0x22], 'encoding'],
    ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22], 'encoding'],
    ['a byte order mark', [0xef, 0xbb, 0xbf, 0x7b, 0x7d], 'syntax'],
    ['UTF-16', [0x7b, 0, 0x7d, 0], 'syntax'],
    ['a UTF-16 byte order mark', [0xff, 0xfe, 0x7b, 0, 0x7d, 0], 'encoding'],
    ['nothing', '', 'syntax'],
    ['a comment', '{"a":1/*,"b":2*/}', 'syntax'],
    ['a trailing comma', '{"a":1,}', 'syntax'],
    ['trailing data', '{"a":1}{"a":2}', 'syntax'],
    ['NaN', '{"a":NaN}', 'syntax'],
    ['Infinity', '[-Infinity]', 'syntax'],
    ['a number in hex', '[0x10]', 'syntax'],
    ['a leading zero', '[01]', 'syntax'],
    ['a string that never ends', '{"a":"b', 'syntax'],
    ['a string that ends in a backslash', '"a\\', 'syntax'],
    ['a raw line break in a string', '"a\nb"', 'syntax'],
    ['a duplicate member', '{"qty":-5,"qty":1}', 'duplicate-key'],
    ['a duplicate member that is escaped', '{"a":1,"\\u0061":2}', 'duplicate-key'],
    ['a duplicate member with the same value', '{"a":1,"a":1}', 'duplicate-key'],
    ['a duplicate empty member', '{"":1,"":2}', 'duplicate-key'],
    ['a duplicate numeric member', '{"1":1,"1":2}', 'duplicate-key'],
    ['a duplicate member deep inside', '[{"x":[{"a":{},"b":2,"a":{"c":1}}]}]', 'duplicate-key'],
    ['a duplicate that hides members', '{"a":{"b":1,"c":2},"a":0}', 'duplicate-key'],
    ['a duplicate after a quote in a name', '{"\\"":1,"\\"":2}', 'duplicate-key'],
    ['a duplicate after a string that ends in a backslash', '{"a":"\\\\","a":2}', 'duplicate-key'],
    ['a duplicate __proto__', '{"__proto__":1,"__proto__":2}', 'duplicate-key'],
    ['a member named __proto__', '{"a":{"__proto__":{"admin":true}}}', 'prototype-key'],
    ['a member named __proto__ by escapes', '{"\\u005f_proto__":{"admin":true}}', 'prototype-key'],
    ['a __proto__ inside an array', '[[{"__proto__":null}]]', 'prototype-key'],
    ['a lone high surrogate', '"\\ud83d"', 'surrogate'],
    ['a lone low surrogate', '["\\uDE00"]', 'surrogate'],
    ['surrogates in the wrong order', '["\\ude00\\ud83d"]', 'surrogate'],
    ['a lone surrogate in a name', '{"a\\ud83d":1}', 'surrogate'],
    ['a lone surrogate beside a member', '{"a":1,"b":{"c":"\\ud83dx"}}', 'surrogate'],
    ['an unsafe integer', '[9007199254740993]', 'number'],
    ['a negative unsafe integer', '{"a":-9007199254740993}', 'number'],
    ['a decimal that loses digits', '[10.0000000000000000001]', 'number'],
    ['a decimal with an exponent that loses digits', '[1.00000000000000000001e2]', 'number'],
    ['a number that becomes zero', '[1e-400]', 'number'],
    ['a number that becomes the smallest double', '[4e-324]', 'number'],
    ['a number at the top that loses digits', '12345678901234567890', 'number'],
    ['a number of 401 characters', `1.${'0'.repeat(399)}`, 'number'],
  ])('%s', (_, text, fault) => {
    expect(faultOf(typeof text === 'string' ? text : new Uint8Array(text))).toBe(fault)
  })

  test('an infinite number, also where digits may be lost', () => {
    for (const text of ['1e400', '[-1e400]', '{"a":1e999999999}', `[1${'0'.repeat(400)}]`]) {
      expect(faultOf(text, false)).toBe('number')
      expect(faultOf(text, true)).toBe('number')
    }
  })

  test('depth over the limit, with the first level that is too deep', () => {
    const nested = (depth: number) => utf8(`${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`)
    expect(parseJson(nested(8), limits, { exactNumbers: true }).ok).toBe(true)
    expect(parseJson(nested(10), limits, { exactNumbers: true })).toEqual({
      ok: false,
      fault: 'depth',
      measure: { limit: 8, actual: 9 },
    })
  })

  test('a million brackets, closed or not, without parsing them', () => {
    expect(faultOf('['.repeat(1e6))).toBe('depth')
    expect(faultOf('['.repeat(1e6) + ']'.repeat(1e6))).toBe('depth')
    expect(faultOf('{"a":'.repeat(1e5))).toBe('depth')
  })

  test('more members and elements than the limit, with both measures', () => {
    const many = (count: number) => utf8(JSON.stringify([Array(count - 4).fill(0), { a: 1, b: 2 }]))
    expect(parseJson(many(100), limits, { exactNumbers: true }).ok).toBe(true)
    expect(parseJson(many(101), limits, { exactNumbers: true })).toEqual({
      ok: false,
      fault: 'nodes',
      measure: { limit: 100, actual: 101 },
    })
  })
})

describe('parseJson accepts', () => {
  test.each([
    ['colons, brackets and quotes inside strings', '{"a:[{":"}]:\\"{[[[[[[[[[[[","b":["\\\\",":"]}'],
    ['the same name in two objects', '[{"a":{"a":1}},{"a":2}]'],
    ['names that differ in case', '{"a":1,"A":2}'],
    ['names that look alike', '{"é":1,"e\\u0301":2}'],
    ['names that every object has', '{"constructor":1,"toString":2,"hasOwnProperty":3,"length":4}'],
    ['__proto__ as a value', '["__proto__",{"a":"__proto__"}]'],
    ['a surrogate pair, raw and escaped', '["😀","\\ud83d\\ude00"]'],
    ['U+FFFD that was sent', '"\ufffd"'],
    ['an escaped backslash before u', '"\\\\ud83d"'],
    ['space everywhere', ' \t\r\n{ "a" : [ 1 , 2 ] } \n'],
    ['a scalar', 'null'],
    ['empty containers', '[[],{}]'],
    ['more siblings than levels', `[${'[],'.repeat(20)}{}]`],
  ])('%s', (_, text) => {
    expect(parseJson(utf8(text), limits, { exactNumbers: true })).toEqual({
      ok: true,
      value: JSON.parse(text),
    })
  })

  test.each([
    ...[
      '0',
      '-0',
      '0.0',
      '0e5',
      '1.0',
      '1e2',
      '1E+2',
      '100e-2',
      '0.10',
      '0.1',
      '123.456',
      '-1.5e-7',
      '1e21',
      '1e300',
    ],
    ...['9007199254740991', '-9007199254740991', '9007199254740992', '5e-324', '1.7976931348623157e308'],
    ...['0.30000000000000004', '123456789012345', '1234567890.12345', '1.000000000000000000000'],
  ])('the number %s, which keeps its value', (text) => {
    expect(parseJson(utf8(`[${text}]`), limits, { exactNumbers: true })).toEqual({
      ok: true,
      value: [Number(text)],
    })
  })

  test('digits that are lost, where the route allows it', () => {
    expect(faultOf('[9007199254740993,1e-400]', false)).toBeUndefined()
  })

  test('a good body after one that was not UTF-8', () => {
    expect(faultOf(new Uint8Array([0x22, 0xe2, 0x82]))).toBe('encoding')
    expect(faultOf('"a"')).toBeUndefined()
  })

  test('a body while somebody else has put a property on Object.prototype', () => {
    Object.defineProperty(Object.prototype, 'planted', { value: 1, enumerable: true, configurable: true })
    const fault = faultOf('{"a":{}}')
    Reflect.deleteProperty(Object.prototype, 'planted')
    expect(fault).toBeUndefined()
  })
})

describe('parseJson', () => {
  const wide = { maxDepth: 100, maxNodes: 100_000 }

  test('gives back every value that JSON.stringify wrote', () => {
    const value = fc.jsonValue({ stringUnit: 'binary', maxDepth: 6 }).filter((item) => {
      const text = JSON.stringify(item)
      return !text.includes('__proto__') && !/\\ud[89a-f]/.test(text)
    })
    fc.assert(
      fc.property(value, fc.constantFrom(0, 2), (item, indent) => {
        const text = JSON.stringify(item, null, indent)
        const result = parseJson(utf8(text), wide, { exactNumbers: true })
        expect(result).toEqual({ ok: true, value: JSON.parse(text) })
      }),
      { numRuns: 500 },
    )
  })

  test('finds a repeated name wherever it is and however it is escaped', () => {
    const escaped = (name: string) =>
      `"${Array.from({ length: name.length }, (_, at) => `\\u${name.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`
    const names = fc.uniqueArray(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(names, fc.nat(), fc.nat(), fc.boolean(), (list, which, where, plain) => {
        const twin = list[which % list.length] ?? ''
        const members = list.map((name) => `${JSON.stringify(name)}:{"x":["]:"]}`)
        const text = (all: string[]) => utf8(`{"outer":[0,{${all.join(',')}}]}`)
        const before = parseJson(text(members), wide, { exactNumbers: true })
        expect(before.ok || before.fault === 'prototype-key').toBe(true)
        members.splice(where % (members.length + 1), 0, `${plain ? JSON.stringify(twin) : escaped(twin)}:1`)
        expect(parseJson(text(members), wide, { exactNumbers: true })).toEqual({
          ok: false,
          fault: 'duplicate-key',
        })
      }),
    )
  })

  test('accepts a number with all its digits only if it is written again with the same value', () => {
    // The reference scales both decimals to whole numbers and compares those.
    const scaled = (text: string) => {
      const [digits = '', exponent = '0'] = text.toLowerCase().split('e')
      const [whole = '', fraction = ''] = digits.split('.')
      return BigInt(whole + fraction) * 10n ** BigInt(Number(exponent) - fraction.length + 700)
    }
    const digits = fc.stringMatching(/^-?(?:0|[1-9][0-9]{0,20})(?:\.[0-9]{1,20})?(?:[eE][-+]?[0-9]{1,2})?$/)
    fc.assert(
      fc.property(
        fc.oneof(digits, fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)),
        (text) => {
          const same = scaled(text) === scaled(String(Number(text)))
          expect(faultOf(`[${text}]`)).toBe(same ? undefined : 'number')
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('never throws, and accepts no bytes that JSON.parse refuses', () => {
    const token = fc.constantFrom(
      ...['{', '}', '[', ']', ':', ',', '"', '"a"', '"\\u0061"', '"__proto__"', '"\\ud800"', '\\', '\\"'],
      ...['1', '-', '.', 'e', '1e999', 'true', 'null', ' ', '\ufeff', '9007199254740993', '{"a":1}', '[]'],
    )
    const near = fc.array(token, { maxLength: 12 }).map((tokens) => utf8(tokens.join('')))
    const broken = fc.tuple(near, fc.uint8Array(), near).map((parts) => concatBytes(...parts))
    fc.assert(
      fc.property(fc.oneof(near, broken, fc.uint8Array()), (bytes) => {
        const result = parseJson(bytes, limits, { exactNumbers: true })
        if (result.ok) {
          const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
          expect(result.value).toEqual(JSON.parse(text))
        } else {
          expect(result.measure === undefined).toBe(result.fault !== 'depth' && result.fault !== 'nodes')
        }
      }),
      { numRuns: 5000 },
    )
  })
})

describe('pointer', () => {
  // RFC 6901 section 6.
  test.each([
    [[], '#'],
    [['foo'], '#/foo'],
    [['foo', 0], '#/foo/0'],
    [[''], '#/'],
    [['a/b'], '#/a~1b'],
    [['c%d'], '#/c%25d'],
    [['e^f'], '#/e%5Ef'],
    [['g|h'], '#/g%7Ch'],
    [['i\\j'], '#/i%5Cj'],
    [['k"l'], '#/k%22l'],
    [[' '], '#/%20'],
    [['m~n'], '#/m~0n'],
    [['~1', '/~'], '#/~01/~1~0'],
    [['$ref', 'a:b', '@type', '%40'], '#/$ref/a:b/@type/%2540'],
    [['é', '\ud83d'], '#/%C3%A9/%EF%BF%BD'],
  ])('writes %j as %s', (path, expected) => {
    expect(pointer(path)).toBe(expected)
  })

  test('is a fragment that leads back to the path', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (path) => {
        const fragment = pointer(path)
        expect(fragment).toMatch(/^#[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*$/)
        const tokens = decodeURIComponent(fragment.slice(1)).split('/').slice(1)
        expect(tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))).toEqual(path)
      }),
    )
  })
})
