import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  allProviders,
  authenticate,
  bytesOf,
  type Provider,
  type Sent,
  verdict,
  withHeaders,
} from './deliveries.ts'
import { changeBytes, changeText, fieldValue, type Spot, spot } from './spots.ts'

const body = '{"id":"evt_1","event_id":"Ev1","name":"Zoë","amount":100}'
const RUNS = 3_000

/** One change to a part that the verdict rests on: half of them to the body, half to the headers. */
function mutate(sent: Sent, provider: Provider, part: number, how: number, change: Spot): Sent {
  if (part % 2 === 0) return { ...sent, body: changeBytes(bytesOf(sent.body), change) }
  const names = provider.signedHeaders
  const name = names[part % names.length] ?? ''
  const value = sent.headers[name] ?? ''
  if (how === 0) return withHeaders(sent, { [name]: undefined })
  if (how === 1) return withHeaders(sent, { [name]: `${value}, ${value}` })
  if (how === 2) {
    const other = names[change.at % names.length] ?? ''
    return withHeaders(sent, { [name]: sent.headers[other], [other]: value })
  }
  return withHeaders(sent, { [name]: changeText(value, change) })
}

const asSeen = (sent: Sent) => JSON.stringify([[...new Headers(sent.headers)], [...bytesOf(sent.body)]])

describe.each(allProviders)('%s', (_, provider) => {
  const secret = provider.secrets[0]

  test(`refuses ${RUNS} requests that differ from a valid one in one place`, async () => {
    const sent = await provider.sign({ secret, body })
    expect(await verdict(provider, sent)).toBe('accepted')
    let refused = 0
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat({ max: 20 }), spot, async (part, how, change) => {
        const mutant = mutate(sent, provider, part, how, change)
        fc.pre(asSeen(mutant) !== asSeen(sent))
        expect(await verdict(provider, mutant)).toMatch(/^signature_(?:refused|missing): /)
        refused++
      }),
      { numRuns: RUNS },
    )
    expect(refused).toBe(RUNS)
  })

  test('refuses every flipped bit of the body, and every character of a header in its other case', async () => {
    const sent = await provider.sign({ secret, body })
    const bytes = bytesOf(body)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice()
      flipped[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(await verdict(provider, { ...sent, body: flipped })).toMatch('no signature matches')
    }
    for (const name of provider.signedHeaders) {
      const value = sent.headers[name] ?? ''
      for (const [at, letter] of [...value].entries()) {
        const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()
        if (other === letter) continue
        const changed = { [name]: value.slice(0, at) + other + value.slice(at + 1) }
        expect(await verdict(provider, withHeaders(sent, changed))).toMatch('signature_refused')
      }
    }
  })

  test('answers any header values with a denial, and never with a throw', async () => {
    const names = [...provider.signedHeaders, 'x-github-event', 'x-shopify-topic', 'content-type']
    const headers = fc.record(Object.fromEntries(names.map((name) => [name, fieldValue])))
    const env = { [provider.secretName]: secret }
    const check = provider.authenticator()
    await fc.assert(
      fc.asyncProperty(headers, fc.uint8Array(), async (changes, bytes) => {
        const result = await authenticate(check, withHeaders({ headers: {}, body: bytes }, changes), env)
        expect(result).toMatchObject({ ok: false, denial: { code: expect.stringMatching(/^signature_/) } })
      }),
      { numRuns: 1_000 },
    )
  })

  test('authenticates any bytes that are signed, and gives them a key', async () => {
    const env = { [provider.secretName]: secret }
    const check = provider.authenticator()
    const jsonLike = fc.string({ unit: fc.constantFrom(...'{}[]":,0\\u event_id') }).map(bytesOf)
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 300 }), jsonLike), async (bytes) => {
        const sent = { headers: provider.forge({ secret, body: bytes }), body: bytes }
        const result = await authenticate(check, sent, env)
        expect(result).toMatchObject({
          ok: true,
          value: { replay: { kind: 'delivery', id: expect.stringMatching(/^(?:id|digest):./) } },
        })
      }),
      { numRuns: 1_000 },
    )
  })
})
