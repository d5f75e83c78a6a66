import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDuration } from '../../../src/lib/duration.ts'

const milliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

describe('parseDuration', () => {
  test.each([
    ['500 ms', 500],
    ['10 s', 10_000],
    ['1 m', 60_000],
    ['2 h', 7_200_000],
    ['30 d', 2_592_000_000],
    ['365 d', 31_536_000_000],
    ['31536000000 ms', 31_536_000_000],
  ])('reads %j', (text, expected) => {
    expect(parseDuration(text)).toBe(expected)
  })

  test.each([
    ['no space', '10s'],
    ['two spaces', '10  s'],
    ['a tab', '10\ts'],
    ['a no-break space', '10\u00a0s'],
    ['space around it', ' 10 s'],
    ['a trailing newline', '10 s\n'],
    ['a fraction', '1.5 s'],
    ['an exponent', '1e3 s'],
    ['hex', '0x10 s'],
    ['a sign', '+10 s'],
    ['a negative', '-10 s'],
    ['zero', '0 s'],
    ['a leading zero', '010 s'],
    ['a separator', '1_000 s'],
    ['no number', ' s'],
    ['no unit', '10 '],
    ['an upper-case unit', '10 S'],
    ['a written-out unit', '10 seconds'],
    ['weeks', '1 w'],
    ['a unit that every object has', '10 constructor'],
    ['Arabic-Indic digits', '١٠ s'],
    ['a day more than a year', '366 d'],
    ['a millisecond more than a year', '31536000001 ms'],
    ['a number past what a double holds', `${'9'.repeat(400)} ms`],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(parseDuration(text)).toBeUndefined()
  })

  test('reads every whole number up to a year, and nothing else as itself', () => {
    const unit = fc.constantFrom<keyof typeof milliseconds>('ms', 's', 'm', 'h', 'd')
    fc.assert(
      fc.property(fc.integer({ min: -10, max: 40_000_000 }), unit, (count, name) => {
        const total = count * milliseconds[name]
        const expected = count > 0 && total <= 365 * milliseconds.d ? total : undefined
        expect(parseDuration(`${count} ${name}`)).toBe(expected)
      }),
    )
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0159 .-+emsdh\n') }), (text) => {
        const parsed = parseDuration(text)
        if (parsed === undefined) return
        expect(text).toMatch(/^[1-9][0-9]* (ms|s|m|h|d)$/)
        expect(parsed).toBeGreaterThan(0)
      }),
    )
  })
})
