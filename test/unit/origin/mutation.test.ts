import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createVerifier } from '../../../src/origin/verify.ts'
import { NOW, type Sent, signed, TEST_KEYS, utf8, verifierOptions } from './proofs.ts'

const verifier = createVerifier(verifierOptions())
const visible = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code))
const spot = fc.record({ at: fc.nat(), byte: visible, kind: fc.constantFrom('replace', 'insert', 'remove') })
type Spot = { at: number; byte: string; kind: string }

function mutate(text: string, { at, byte, kind }: Spot): string {
  const i = at % text.length
  return text.slice(0, i) + (kind === 'remove' ? '' : byte) + text.slice(kind === 'insert' ? i : i + 1)
}

/** The parts of a request that an attacker on the way can change, each by one byte. */
function tamper(sent: Sent, part: number, change: Spot): Sent {
  if (part === 0) return { ...sent, method: mutate(sent.method, change) }
  if (part === 1) return { ...sent, target: mutate(sent.target, change) }
  if (part === 2) return { ...sent, body: utf8(mutate(new TextDecoder().decode(sent.body), change)) }
  const index = (part - 3) % sent.headers.length
  const headers = sent.headers.map(([name, value], i): [string, string] => [
    name,
    i === index ? mutate(value, change) : value,
  ])
  return { ...sent, headers }
}

const trimmed = ({ headers, ...rest }: Sent): string =>
  JSON.stringify([
    rest.method,
    rest.target,
    [...rest.body],
    headers.map(([name, value]) => [name, value.trim()]),
  ])

it.each([TEST_KEYS.hmac, TEST_KEYS.ed25519])(
  'refuses any request that differs by one byte (%s)',
  async (key) => {
    const sent = await signed({ key })
    expect(await verifier.verify(sent, NOW)).toMatchObject({ ok: true })
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 30 }), spot, async (part, change) => {
        const tampered = tamper(sent, part, change)
        fc.pre(trimmed(tampered) !== trimmed(sent))
        expect(await verifier.verify(tampered, NOW)).toMatchObject({ ok: false })
      }),
      { numRuns: 1500 },
    )
  },
)

it('answers with a verdict, never with a throw, whatever the fields hold', async () => {
  const names = fc.constantFrom(
    'signature',
    'signature-input',
    'content-digest',
    'x-subject',
    'sallyport-id',
    'X',
  )
  const pair = fc.tuple(names, fc.string({ unit: 'binary' }))
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.string(), fc.array(pair), async (method, target, headers) => {
      const verdict = await verifier.verify({ method, target, headers, body: new Uint8Array() }, NOW)
      expect(verdict).toMatchObject({ ok: false })
    }),
    { numRuns: 500 },
  )
})
