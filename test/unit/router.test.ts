import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bySpecificity, compilePattern, equallySpecific } from '../../src/pattern.ts'
import { matcher } from '../../src/router.ts'

/** The places of these patterns, as `compilePlaces` sorts them. */
const placesOf = (texts: readonly string[]) =>
  texts.map((text) => ({ pattern: compilePattern(text) })).sort((a, b) => bySpecificity(a.pattern, b.pattern))

const found = (texts: readonly string[], path: string) =>
  matcher(placesOf(texts))(path).map(([{ pattern }, params]) => [pattern.text, { ...params }])

/** What a pattern means, without any router: each segment as it is written, a parameter for one that is not empty. */
function meaning(texts: readonly string[], path: string) {
  const parts = path === '/' ? [] : path.slice(1).split('/')
  return placesOf(texts).flatMap(({ pattern: { text, segments, open } }) => {
    if (open ? parts.length < segments.length : parts.length !== segments.length) return []
    const params: Record<string, string> = {}
    for (const [i, segment] of segments.entries()) {
      const part = parts[i] ?? ''
      if ('literal' in segment ? part !== segment.literal : part === '') return []
      if ('param' in segment) params[segment.param] = decodeURIComponent(part)
    }
    return [[text, params]]
  })
}

describe('the router', () => {
  const routes = ['/a/:b/:c', '/a/x/*', '/a/:b/y', '/*', '/a']

  it.each([
    [
      'the most specific place first, then every wider one',
      '/a/x/y',
      ['/a/:b/y', '/a/x/*', '/a/:b/:c', '/*'],
    ],
    ['an open place without a further segment', '/a/x', ['/a/x/*', '/*']],
    ['no place of a path with a slash more', '/a/', ['/*']],
    ['no place of a path in other letters', '/A', ['/*']],
    ['no parameter that is empty', '/a/x/', ['/a/x/*', '/*']],
    ['the segment of a path that is spelt as a parameter', '/a/:b/z', ['/a/:b/:c', '/*']],
    ['the segment of a path that is spelt as a wildcard', '/a/x/*', ['/a/x/*', '/a/:b/:c', '/*']],
    ['the names of what every object has', '/constructor/__proto__', ['/*']],
  ])('finds %s', (_, path, texts) => {
    expect(found(routes, path).map(([text]) => text)).toEqual(texts)
  })

  it('decodes a parameter once, whatever it is spelt as', () => {
    expect(found(['/:a/:b'], '/%2525/:b')).toEqual([['/:a/:b', { a: '%25', b: ':b' }]])
    expect(found(['/:a/:b'], '/*/%3Ab')).toEqual([['/:a/:b', { a: '*', b: ':b' }]])
  })

  it('keeps the parameters of each request to it', () => {
    const match = matcher(placesOf(['/t/:a/:b', '/t/:x/y']))
    const first = match('/t/1/y')
    const second = match('/t/2/z')
    expect(first.map(([, params]) => params)).toEqual([{ x: '1' }, { a: '1', b: 'y' }])
    expect(second.map(([, params]) => params)).toEqual([{ a: '2', b: 'z' }])
  })

  it('does not try anything twice for a path that repeats the spelling of its pattern', () => {
    const names = Array.from({ length: 20 }, (_, i) => `:p${i}`)
    const path = `/${names.join('/')}`
    expect(found([path], path)).toHaveLength(1)
  })

  it('finds what the patterns mean, in their order', () => {
    const literal = fc.constantFrom('a', 'b', 'a.b', 'constructor', '__proto__')
    const segment = fc.oneof(literal, fc.constantFrom(':x', ':y', ':toString'))
    const unique = (parts: string[]) =>
      new Set(parts.filter((p) => p[0] === ':')).size === parts.filter((p) => p[0] === ':').length
    const pattern = fc
      .tuple(fc.array(segment, { maxLength: 4 }).filter(unique), fc.boolean())
      .map(([parts, open]) => `/${[...parts, ...(open ? ['*'] : [])].join('/')}`)
    const part = fc.oneof(
      literal,
      fc.constantFrom('', ':x', '*', ':', '%25', '%C3%A9', 'A', 'a.b*', '@0', '{x}'),
    )
    const path = fc.array(part, { maxLength: 5 }).map((parts) => `/${parts.join('/')}`)
    fc.assert(
      fc.property(fc.uniqueArray(pattern, { maxLength: 6 }), path, (texts, path) => {
        const patterns = texts.map(compilePattern)
        fc.pre(patterns.every((a, i) => patterns.every((b, j) => i === j || !equallySpecific(a, b))))
        // A canonical path has no empty segment but the last one.
        fc.pre(!path.includes('//'))
        expect(found(texts, path)).toEqual(meaning(texts, path))
      }),
      { numRuns: 3000 },
    )
  })
})
