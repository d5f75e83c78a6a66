import fc from 'fast-check'

// One change of one place in a text or in bytes: what mutants are made of.

/** Bytes that a field value may hold: neither line breaks nor zero (RFC 9110 section 5.5). */
const fieldByte = fc.constantFrom(
  ...Array.from({ length: 255 }, (_, at) => at + 1).filter((code) => code !== 10 && code !== 13),
)

export const spot = fc.record({
  kind: fc.constantFrom('replace', 'insert', 'remove'),
  at: fc.nat(),
  byte: fc.nat({ max: 255 }),
  // Digits too, which are what times and signatures are made of.
  text: fc.oneof(
    fieldByte.map((code) => String.fromCharCode(code)),
    fc.constantFrom(...'0123456789abcdef'),
  ),
})
export type Spot = typeof spot extends fc.Arbitrary<infer S> ? S : never

const skip = (kind: string) => (kind === 'insert' ? 0 : 1)

export function changeText(text: string, { kind, at, text: inserted }: Spot): string {
  const i = at % Math.max(1, text.length)
  return text.slice(0, i) + (kind === 'remove' ? '' : inserted) + text.slice(i + skip(kind))
}

export function changeBytes(bytes: Uint8Array, { kind, at, byte }: Spot): Uint8Array {
  const i = at % Math.max(1, bytes.length)
  const inserted = kind === 'remove' ? Buffer.of() : Buffer.of(byte)
  return Buffer.concat([bytes.subarray(0, i), inserted, bytes.subarray(i + skip(kind))])
}

/** Any value of a field, near what signatures look like or far from it; undefined for a field that is not there. */
export const fieldValue = fc.option(
  fc.oneof(
    fc.string({ unit: fc.constantFrom(...'v01=,. tsha256whsec_ABab+/-\t\xa0é') }),
    fc.array(fieldByte).map((codes) => String.fromCharCode(...codes)),
  ),
  { nil: undefined },
)
