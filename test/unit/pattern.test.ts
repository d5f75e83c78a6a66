import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bySpecificity,
  compilePattern,
  contains,
  equallySpecific,
  overlap,
  type Pattern,
} from '../../src/pattern.ts'

const part = fc.constantFrom('a', 'b', ':x')
const pattern = fc
  .tuple(fc.array(part, { maxLength: 4 }), fc.boolean())
  .filter(([parts, open]) => parts.filter((p) => p === ':x').length <= 1 && (open || parts.length > 0))
  .map(([parts, open]) => compilePattern(`/${[...parts, ...(open ? ['*'] : [])].join('/')}`))

const segments = ['a', 'b', 'c']
/** Every path of up to five segments over a small alphabet: enough to tell two patterns apart. */
const paths: string[][] = [[]]
for (let i = 0; i < paths.length; i++) {
  const path = paths[i] as string[]
  if (path.length < 5) paths.push(...segments.map((segment) => [...path, segment]))
}

const matches = ({ segments, open }: Pattern, path: readonly string[]): boolean =>
  (open ? path.length >= segments.length : path.length === segments.length) &&
  segments.every((segment, i) => 'param' in segment || segment.literal === path[i])

describe('path patterns', () => {
  it('overlap exactly when some path matches both', () => {
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        expect(overlap(a, b)).toBe(paths.some((path) => matches(a, path) && matches(b, path)))
      }),
    )
  })

  it('contain one another exactly when every path of one is of the other', () => {
    fc.assert(
      fc.property(pattern, pattern, (outer, inner) => {
        expect(contains(outer, inner)).toBe(
          paths.every((path) => !matches(inner, path) || matches(outer, path)),
        )
      }),
    )
  })

  it('sort the more specific first, wherever one is', () => {
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        if (!overlap(a, b) || equallySpecific(a, b)) return
        if (contains(b, a)) expect(bySpecificity(a, b)).toBeLessThan(0)
        else expect(bySpecificity(a, b)).toBeGreaterThan(0)
      }),
    )
  })
})
