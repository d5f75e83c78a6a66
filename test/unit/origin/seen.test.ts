import { expect, it } from 'vitest'
import { memorySeenSet } from '../../../src/origin/index.ts'

it('remembers a nonce through the second in which its proof expires', () => {
  const seen = memorySeenSet({ maxEntries: 2 })
  expect(seen('a', 160, 100)).toBe(false)
  expect(seen('a', 160, 100)).toBe(true)
  expect(seen('a', 160, 160)).toBe(true)
  expect(seen('a', 161, 161)).toBe(false)
})

it('throws when full rather than forget a nonce that can still be replayed', () => {
  const seen = memorySeenSet({ maxEntries: 2 })
  seen('a', 160, 100)
  seen('b', 200, 100)
  expect(() => seen('c', 160, 160)).toThrow(RangeError)
  expect(seen('a', 160, 160)).toBe(true)
})

it('keeps, when it makes room, what expires in this second', () => {
  const seen = memorySeenSet({ maxEntries: 2 })
  seen('a', 150, 100)
  seen('b', 160, 100)
  expect(seen('c', 220, 160)).toBe(false)
  expect(seen('b', 160, 160)).toBe(true)
})

it('makes room from what has expired, whatever the order of expiry', () => {
  const seen = memorySeenSet({ maxEntries: 3 })
  seen('a', 300, 100)
  seen('b', 110, 100)
  seen('c', 120, 100)
  expect(seen('d', 180, 115)).toBe(false)
  expect(() => seen('e', 180, 115)).toThrow(RangeError)
  expect(seen('e', 180, 121)).toBe(false)
  for (const nonce of ['a', 'd', 'e']) expect(seen(nonce, 400, 121)).toBe(true)
})

it('stays within its bound under a flood', () => {
  const seen = memorySeenSet({ maxEntries: 1000 })
  let refused = 0
  for (let i = 0; i < 10_000; i++) {
    try {
      seen(`n${i}`, 160, 100)
    } catch {
      refused += 1
    }
  }
  expect(refused).toBe(9000)
  expect(seen('n0', 160, 100)).toBe(true)
})

it('reads the clock itself when it is not told the time', () => {
  const seen = memorySeenSet({ maxEntries: 1 })
  seen('past', Math.floor(Date.now() / 1000) - 1)
  expect(seen('next', Math.floor(Date.now() / 1000) + 60)).toBe(false)
})

it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses maxEntries %s at load', (maxEntries) => {
  expect(() => memorySeenSet({ maxEntries })).toThrow(TypeError)
})
