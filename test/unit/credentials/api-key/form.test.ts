import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checksumKey,
  hasChecksum,
  hasForm,
  isPrefix,
  randomKey,
  randomText,
} from '../../../../src/credentials/api-key/form.ts'
import { SECRET } from './calls.ts'

const PREFIX = 'acme_live'
const key = await checksumKey(SECRET)
const good = await randomKey(PREFIX, key)
const passes = async (text: string) => hasForm(text, PREFIX) && (await hasChecksum(text, key))

describe('a key', () => {
  it('has its prefix, 43 random characters and 11 of checksum, and passes', async () => {
    expect(good).toMatch(/^acme_live_[0-9A-Za-z]{54}$/)
    expect(await passes(good)).toBe(true)
  })

  it('has a checksum that was worked out by other means', async () => {
    const text = 'acme_live_0000000000000000000000000000000000000000000'
    const { createHmac } = await import('node:crypto')
    const mac = createHmac('sha256', SECRET).update(`sallyport api key v1 ${text}`).digest()
    const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
    let [value, digits] = [mac.readBigUInt64BE(), '']
    for (; value > 0n; value /= 62n) digits = alphabet.charAt(Number(value % 62n)) + digits
    expect(await hasChecksum(text + digits.padStart(11, '0'), key)).toBe(true)
  })

  it('is not made twice, and uses the whole alphabet alike', () => {
    const text = randomText(248_000)
    const counts = new Map<string, number>()
    for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
    expect(counts.size).toBe(62)
    // Eight standard deviations; the bias of a plain remainder would be thirteen.
    for (const count of counts.values()) expect(Math.abs(count - 4000)).toBeLessThan(506)
  })

  it.each([
    ['another prefix', good.replace('live', 'test')],
    ['the prefix in capitals', good.replace('acme', 'ACME')],
    ['no prefix', good.slice(PREFIX.length + 1)],
    ['a character less', good.slice(0, -1)],
    ['a character more', `${good}0`],
    ['a line break at its end', `${good}\n`],
    ['a space in it', good.replace(/.$/, ' ')],
    ['a character of base64url', good.replace(/.$/, '-')],
    ['an underscore among the random characters', good.replace(/.$/, '_')],
    ['a digit of another script', good.replace(/.$/, '٣')],
    ['nothing', ''],
  ])('with %s has not the form of one', (_, text) => {
    expect(hasForm(text, PREFIX)).toBe(false)
  })

  it('of another secret does not pass', async () => {
    expect(await hasChecksum(good, await checksumKey(`${SECRET}x`))).toBe(false)
  })

  it('of which any character is changed, dropped, doubled or swapped does not pass', async () => {
    const at = fc.nat(good.length - 1)
    const mutants = fc.oneof(
      fc
        .tuple(at, fc.constantFrom(...'0123456789ABCXYZabcxyz_-. '))
        .map(([i, c]) => good.slice(0, i) + c + good.slice(i + 1)),
      at.map((i) => good.slice(0, i) + good.slice(i + 1)),
      at.map((i) => good.slice(0, i) + good.charAt(i) + good.slice(i)),
      fc.tuple(at, at).map(([i, j]) => {
        const characters = [...good]
        ;[characters[i], characters[j]] = [characters[j] ?? '', characters[i] ?? '']
        return characters.join('')
      }),
      fc.string({ minLength: 54, maxLength: 54 }).map((tail) => `${PREFIX}_${tail}`),
    )
    await fc.assert(
      fc.asyncProperty(mutants, async (text) => {
        expect(await passes(text)).toBe(text === good)
      }),
      { numRuns: 5000 },
    )
  })
})

describe('a prefix', () => {
  it.each(['a', 'acme', 'acme_live', 'a1_b2_c3', 'a'.repeat(32)])('may be %s', (text) => {
    expect(isPrefix(text)).toBe(true)
  })

  it.each(['', '_a', 'a_', 'a__b', '1a', 'Acme', 'a-b', 'a.b', 'a b', 'ä', 'a\n', 'a'.repeat(33)])(
    'may not be %j',
    (text) => {
      expect(isPrefix(text)).toBe(false)
    },
  )
})
