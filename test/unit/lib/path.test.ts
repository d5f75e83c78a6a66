import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalPath, queryFault } from '../../../src/lib/path.ts'

function pathOf(target: string): string | undefined {
  const result = canonicalPath(target)
  return result.ok ? result.path : undefined
}

describe('canonicalPath refuses', () => {
  test.each([
    ['dot segments', '/public/../admin/x', 'dot-segment'],
    ['a single dot', '/public/./x', 'dot-segment'],
    ['a trailing dot segment', '/public/..', 'dot-segment'],
    ['escaped dots', '/public/%2e%2e/admin/x', 'dot-segment'],
    ['half-escaped dots', '/public/.%2E/admin/x', 'dot-segment'],
    ['an escaped dot as a parameter', '/users/%2e', 'dot-segment'],
    ['dots before a matrix parameter', '/public/..;/admin', 'dot-segment'],
    ['dots before a named matrix parameter', '/public/..;a=b/admin', 'dot-segment'],
    ['a dot before an escaped semicolon', '/public/%2e%3Bx/admin', 'dot-segment'],
    ['an escaped slash', '/users/..%2fadmin', 'separator'],
    ['an escaped slash in upper case', '/users/a%2Fb', 'separator'],
    ['a backslash', '/public/..\\admin', 'separator'],
    ['an escaped backslash', '/public/..%5Cadmin', 'separator'],
    ['an escaped NUL', '/a%00.png', 'control'],
    ['an escaped tab', '/a%09b', 'control'],
    ['an escaped line break', '/a%0d%0ab', 'control'],
    ['an escaped DEL', '/a%7Fb', 'control'],
    ['a raw control character', '/a\u0001b', 'character'],
    ['a raw space', '/a b', 'character'],
    ['a fragment', '/public/a#/../../admin', 'character'],
    ['a query', '/public?x', 'character'],
    ['a raw non-ASCII character', '/é', 'character'],
    ['half a surrogate pair', '/\ud83d', 'character'],
    ['a quote, which URL escapes', '/a"b', 'character'],
    ['a pipe, which is no pchar', '/a|b', 'character'],
    ['a percent sign with letters that are no hex', '/%zz', 'escape'],
    ['a percent sign at the end', '/a%', 'escape'],
    ['an escape cut short', '/a%4/b', 'escape'],
    ['an escape built by decoding', '/%%32%35', 'escape'],
    ['an overlong dot', '/%c0%ae%c0%ae/x', 'encoding'],
    ['an overlong slash', '/a%c0%afb', 'encoding'],
    ['a lone continuation byte', '/a%80', 'encoding'],
    ['an encoded surrogate', '/%ed%a0%80', 'encoding'],
    ['a character past U+10FFFF', '/%f5%80%80%80', 'encoding'],
    ['a character split over two segments', '/%c3/%a9', 'encoding'],
    ['a doubled slash at the start', '//admin/x', 'empty-segment'],
    ['a doubled slash within', '/admin//x', 'empty-segment'],
    ['a doubled slash at the end', '/admin//', 'empty-segment'],
    ['no path', '', 'start'],
    ['a relative path', 'admin', 'start'],
    ['an asterisk', '*', 'start'],
    ['an absolute URL', 'http://evil.test/admin', 'start'],
  ])('%s', (_, target, fault) => {
    expect(canonicalPath(target)).toEqual({ ok: false, fault })
  })
})

describe('canonicalPath', () => {
  test.each([
    ['/', '/', ['']],
    ['/a/b', '/a/b', ['a', 'b']],
    ['/a/b/', '/a/b/', ['a', 'b', '']],
    ['/%41dmin', '/Admin', ['Admin']],
    ['/%7Euser/a%2db', '/~user/a-b', ['~user', 'a-b']],
    ['/a%2eb/...', '/a.b/...', ['a.b', '...']],
    ['/caf%c3%a9', '/caf%C3%A9', ['café']],
    ['/a%20b', '/a%20b', ['a b']],
    ['/%252e%252e/x', '/%252e%252e/x', ['%2e%2e', 'x']],
    ['/%25%32%65', '/%252e', ['%2e']],
    ['/%ef%bc%8e%ef%bc%8e', '/%EF%BC%8E%EF%BC%8E', ['\uff0e\uff0e']],
    ['/admin;a=b/x', '/admin;a=b/x', ['admin;a=b', 'x']],
    ['/a%3fb%23', '/a%3Fb%23', ['a?b#']],
    ["/!$&'()*+,;=:@", "/!$&'()*+,;=:@", ["!$&'()*+,;=:@"]],
  ])('writes %s as %s', (target, path, segments) => {
    expect(canonicalPath(target)).toEqual({ ok: true, path, segments })
  })

  const piece = fc.constantFrom(
    ...['/', '.', '..', '%2e', '%2E', '%252e', '%2f', '%5c', '\\', ';', '%3b', '%', '%25', '2e', '2f', '%41'],
    ...[
      'a',
      'Z',
      '~',
      '%c3%a9',
      '%c0',
      '%ae',
      '%ef%bc%8e',
      '%00',
      '%7f',
      ':',
      '@',
      "'",
      '"',
      '|',
      '#',
      '?',
      'é',
    ],
  )
  const hostile = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`)
  const escapes = fc.uint8Array({ minLength: 1, maxLength: 3 }).map((bytes) => {
    return `/x${Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}`
  })
  const target = fc.oneof({ weight: 3, arbitrary: hostile }, escapes, fc.webPath())

  test('is stable, and fetch cannot change what it accepted', () => {
    fc.assert(
      fc.property(target, (raw) => {
        const path = pathOf(raw)
        if (path === undefined) return
        expect(pathOf(path)).toBe(path)
        expect(new URL(`http://h${path}`).pathname).toBe(path)
        expect(new URL(path, 'http://h/other/base').href).toBe(`http://h${path}`)
      }),
      { numRuns: 5000 },
    )
  })

  test('leaves no segment that climbs or splits once decoded', () => {
    fc.assert(
      fc.property(target, (raw) => {
        const result = canonicalPath(raw)
        if (!result.ok) return
        expect(result.segments).toEqual(result.path.slice(1).split('/').map(decodeURIComponent))
        for (const segment of result.segments) {
          expect(segment).not.toMatch(/^\.{1,2}(;|$)/)
          expect(segment).not.toMatch(/[/\\\0\r\n]/)
        }
        expect(result.segments.slice(0, -1)).not.toContain('')
      }),
      { numRuns: 5000 },
    )
  })

  test('accepts every text once a URL component is made of it', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((value) => !/^\.|[/\\]|\p{Cc}/u.test(value))
    fc.assert(
      fc.property(text, (value) => {
        const result = canonicalPath(`/a/${encodeURIComponent(value)}`)
        expect(result.ok && result.segments).toEqual(['a', value])
      }),
    )
  })
})

describe('queryFault', () => {
  test.each([
    ['a broken escape', '?a=%zz', 'escape'],
    ['an escape cut short', '?a=%4', 'escape'],
    ['an escaped NUL', '?a=%00', 'control'],
    ['a raw line break', '?a=\r\nb', 'character'],
    ['a raw space', '?a=b c', 'character'],
    ['a fragment', '?a=b#c', 'character'],
    ['a raw non-ASCII character', '?a=é', 'character'],
    ['a quote, which URL escapes', '?a="b"', 'character'],
    ['an apostrophe, which URL escapes', "?a='b'", 'character'],
    ['an angle bracket, which URL escapes', '?a=<b>', 'character'],
    ['a backslash', '?a=\\', 'character'],
    ['overlong bytes', '?a=%c0%ae', 'encoding'],
    ['a lone byte past ASCII', '?a=%e9', 'encoding'],
  ])('refuses %s', (_, search, fault) => {
    expect(queryFault(search)).toBe(fault)
  })

  test.each([
    '',
    '?',
    '?a=b&a=c',
    '?a[]=1&b[c]=2',
    '?a=%0D%0A&b=%2f%2e%2E',
    '?q=caf%C3%A9+%27x%27',
    '?{a}|^`/?:@!$()*,;~',
    '?%252e',
  ])('accepts %j', (search) => {
    expect(queryFault(search)).toBeUndefined()
  })

  test('lets a URL parser change nothing that it accepted', () => {
    const ascii = fc.string({ unit: 'binary-ascii' })
    const near = fc.string({ unit: fc.constantFrom(...'a%2e5Cc3A9=&+\'[]{}|^`<>" #?\\é\n') })
    fc.assert(
      fc.property(fc.oneof(ascii, near, fc.webQueryParameters()), (query) => {
        if (queryFault(`?${query}`) !== undefined) return
        expect(new URL(`http://h/?${query}`).href).toBe(`http://h/?${query}`)
      }),
      { numRuns: 5000 },
    )
  })

  test('accepts every character that a URL parser leaves alone, but for a backslash, # and a bare %', () => {
    for (let code = 0; code < 256; code++) {
      const character = String.fromCharCode(code)
      const kept = new URL(`http://h/?a${character}b`).href === `http://h/?a${character}b`
      expect([character, queryFault(`?a${character}b`) === undefined]).toEqual([
        character,
        kept && !'\\#%'.includes(character),
      ])
    }
  })
})
