import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { everyProvider, type Incoming, mount, vectorFileOf, verdict } from './providers.ts'

const RUNS = 2_000
const REFUSED = /^signature_(?:refused|missing): /

/** Bytes that a field value may hold: neither line breaks nor zero (RFC 9110 section 5.5). */
const fieldByte = fc.constantFrom(
  ...Array.from({ length: 255 }, (_, at) => at + 1).filter((code) => code !== 10 && code !== 13),
)
const spot = fc.record({
  kind: fc.constantFrom('replace', 'insert', 'remove'),
  at: fc.nat(),
  byte: fc.nat({ max: 255 }),
  // Digits too, which are what times and signatures are made of.
  text: fc.oneof(
    fieldByte.map((code) => String.fromCharCode(code)),
    fc.constantFrom(...'0123456789abcdef'),
  ),
})
type Spot = typeof spot extends fc.Arbitrary<infer S> ? S : never

const skip = (kind: string) => (kind === 'insert' ? 0 : 1)

function changeText(text: string, { kind, at, text: inserted }: Spot): string {
  const i = at % Math.max(1, text.length)
  return text.slice(0, i) + (kind === 'remove' ? '' : inserted) + text.slice(i + skip(kind))
}

function changeBytes(bytes: Uint8Array, { kind, at, byte }: Spot): Uint8Array {
  const i = at % Math.max(1, bytes.length)
  const inserted = kind === 'remove' ? Buffer.of() : Buffer.of(byte)
  return Buffer.concat([bytes.subarray(0, i), inserted, bytes.subarray(i + skip(kind))])
}

const asSeen = ({ headers, body, url, method }: Incoming) =>
  JSON.stringify([method, url, [...new Headers(headers)], [...Buffer.from(body)]])

/** The signed headers of a delivery: all that the signer wrote, less what the entry names as unsigned. */
function signedHeaders(sent: Incoming, unsigned: ReadonlySet<string>): string[] {
  return Object.keys(sent.headers).filter((name) => name !== 'content-type' && !unsigned.has(name))
}

/** One change to a part that the verdict rests on: half of them to the body, where it is signed, else to the headers. */
function mutate(
  sent: Incoming,
  names: string[],
  hasBody: boolean,
  part: number,
  how: number,
  change: Spot,
): Incoming {
  if (hasBody && (part % 2 === 0 || names.length === 0))
    return { ...sent, body: changeBytes(Buffer.from(sent.body), change) }
  const name = names[(part >> 1) % names.length] ?? ''
  const value = sent.headers[name] ?? ''
  const without = Object.fromEntries(Object.entries(sent.headers).filter(([other]) => other !== name))
  if (how === 0) return { ...sent, headers: without }
  if (how === 1) return { ...sent, headers: { ...without, [name]: `${value}, ${value}` } }
  const other = names[change.at % names.length] ?? ''
  if (how === 2)
    return { ...sent, headers: { ...sent.headers, [name]: sent.headers[other] ?? '', [other]: value } }
  return { ...sent, headers: { ...without, [name]: changeText(value, change) } }
}

describe.each(everyProvider)('%s', (name, provider) => {
  test(`refuses ${RUNS} requests that differ from a valid one in one place`, async () => {
    const { facts } = (await import(`../../../../src/webhooks/providers/${name}.ts`)) as {
      facts: { unsigned?: string[] }
    }
    const { authenticator, deliver, env } = await mount(provider)
    const sent = await deliver({ id: 'msg_1' })
    expect(await verdict(authenticator, sent, env)).toBe('accepted')
    const names = signedHeaders(sent, new Set(facts.unsigned))
    const hasBody = provider.scheme.proof.covers === 'body'
    // What stands in the body alone is changed by tests of its own: embedded.test.ts, tokens.test.ts.
    if (!hasBody && names.length === 0) return
    let refused = 0
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat({ max: 20 }), spot, async (part, how, change) => {
        const mutant = mutate(sent, names, hasBody, part, how, change)
        fc.pre(asSeen(mutant) !== asSeen(sent))
        expect(await verdict(authenticator, mutant, env)).toMatch(REFUSED)
        refused++
      }),
      { numRuns: RUNS },
    )
    expect(refused).toBe(RUNS)
  }, 60_000)

  test('refuses what is signed with another secret, too old and too far ahead', async () => {
    const { authenticator, deliver, env } = await mount(provider)
    const { tolerance } = provider.scheme.proof
    const other = await mount(provider)
    const foreign = vectorFileOf(name).sample.secrets?.[1]
    const sent = foreign === undefined ? await other.deliver() : await deliver({ secret: foreign })
    expect(await verdict(authenticator, sent, env)).toMatch(REFUSED)
    if (!tolerance) return
    const now = 1_800_000_000_000
    for (const [seconds, ok] of [
      [-tolerance.pastSeconds, true],
      [-tolerance.pastSeconds - 1, false],
      [tolerance.futureSeconds, true],
      [tolerance.futureSeconds + 1, false],
    ] as const) {
      const timed = await deliver({ now: now + seconds * 1000 })
      expect(await verdict(authenticator, timed, env)).toMatch(ok ? /^accepted$/ : REFUSED)
    }
  })

  test('answers any header values with a denial, and never with a throw', async () => {
    const { authenticator, deliver, env } = await mount(provider)
    const sent = await deliver()
    const names = Object.keys(sent.headers)
    const near = fc.string({ unit: fc.constantFrom(...'v01=,. tsha256whsec_ABab+/-\t\xa0é') })
    const any = fc.array(fieldByte).map((codes) => String.fromCharCode(...codes))
    const value = fc.option(fc.oneof(near, any), { nil: undefined })
    const changes = fc.record(Object.fromEntries(names.map((header) => [header, value])))
    await fc.assert(
      fc.asyncProperty(changes, fc.uint8Array(), async (values, body) => {
        const headers = Object.fromEntries(Object.entries(values).filter(([, text]) => text !== undefined))
        const result = await verdict(
          authenticator,
          { ...sent, headers: headers as Record<string, string>, body },
          env,
        )
        expect(result).not.toBe('accepted')
      }),
      { numRuns: 500 },
    )
  })
})
