import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changeBytes, changeText, fieldValue, type Spot, spot } from '../spots.ts'
import { type AnyProvider, everyProvider, type Incoming, mount, vectorFileOf, verdict } from './providers.ts'

const RUNS = 2_000
const REFUSED = /^signature_(?:refused|missing): /

/** Signed by no scheme but those: what it changes is how the same signed bytes are read. */
const CONTENT_TYPE = 'content-type'
const SIGNS_CONTENT_TYPE = ['contentful']
const SIGNS_METHOD = ['contentful', 'hubspot-v2', 'hubspot-v3']

/** Where the mutants of a body are, of which the signature covers members alone, or that holds a secret. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'adyen-payments': 'embedded.test.ts',
  'aws-sns': 'certificates.test.ts',
  'dropbox-sign': 'embedded.test.ts',
  figma: 'tokens.test.ts',
  mailgun: 'embedded.test.ts',
}

const asSeen = ({ headers, body, url, method }: Incoming) =>
  JSON.stringify([method, url, [...new Headers(headers)], [...Buffer.from(body)]])

/** The signed headers of a delivery: all that the signer wrote, less what the entry names as unsigned. */
const signedHeaders = (name: string, sent: Incoming, unsigned: ReadonlySet<string>): string[] =>
  Object.keys(sent.headers).filter(
    (header) => !unsigned.has(header) && (header !== CONTENT_TYPE || SIGNS_CONTENT_TYPE.includes(name)),
  )

type Part = 'body' | 'headers' | 'url' | 'method'

/** The parts that the verdict rests on; the two that each provider has come twice as often. */
function partsOf({ scheme: { name, proof } }: AnyProvider, names: readonly string[]): Part[] {
  return [
    ...(proof.covers === 'body' ? (['body', 'body'] as const) : []),
    ...(names.length > 0 ? (['headers', 'headers'] as const) : []),
    ...(proof.signsUrl ? (['url'] as const) : []),
    ...(SIGNS_METHOD.includes(name) ? (['method'] as const) : []),
  ]
}

/** Characters of paths and queries (RFC 3986 section 3.3); a fragment is never sent. */
const URL_CHARACTERS = [..."abcxyzABCXYZ0123456789-._~!$&'()*+,;=:@/?%"]

/** Another path or another query. The host stays: it is one of the gateway's own, and Contentful does not sign it. */
function changeUrl(url: string, how: number, { kind, at, byte }: Spot): string {
  const path = url.indexOf('/', 'https://'.length) + 1
  if (how === 0) return `${url}&added=1`
  if (how === 1) return url.replace('?', '?added=1&')
  if (how === 2) return url.slice(0, url.indexOf('?'))
  const text = URL_CHARACTERS[byte % URL_CHARACTERS.length] ?? ''
  return url.slice(0, path) + changeText(url.slice(path), { kind, at, byte, text })
}

function changeHeaders(
  { headers }: Incoming,
  names: readonly string[],
  how: number,
  which: number,
  change: Spot,
) {
  const name = names[which % names.length] ?? ''
  const value = headers[name] ?? ''
  const { [name]: _, ...without } = headers
  if (how === 0) return without
  if (how === 1) return { ...without, [name]: `${value}, ${value}` }
  const other = names[change.at % names.length] ?? ''
  if (how === 2) return { ...headers, [name]: headers[other] ?? '', [other]: value }
  return { ...without, [name]: changeText(value, change) }
}

/** One change to one part. */
function mutate(
  sent: Incoming,
  part: Part,
  names: readonly string[],
  how: number,
  which: number,
  change: Spot,
): Incoming {
  if (part === 'body') return { ...sent, body: changeBytes(Buffer.from(sent.body), change) }
  if (part === 'url') return { ...sent, url: changeUrl(sent.url, how, change) }
  if (part === 'method') return { ...sent, method: ['GET', 'PUT', 'PATCH', 'DELETE'][which % 4] ?? '' }
  return { ...sent, headers: changeHeaders(sent, names, how, which, change) }
}

const QUERY = '?shop=7&kind=paid'

describe.each(everyProvider)('%s', (name, provider) => {
  test(`refuses ${RUNS} requests that differ from a valid one in one place`, async () => {
    const { facts } = (await import(`../../../../src/webhooks/providers/${name}.ts`)) as {
      facts: { unsigned?: string[] }
    }
    const { authenticator, deliver, env } = await mount(provider)
    const url = `https://gateway.test/webhooks/${name}${provider.scheme.proof.signsUrl ? QUERY : ''}`
    const sent = await deliver({ id: 'msg_1', url })
    expect(await verdict(authenticator, sent, env)).toBe('accepted')
    const names = signedHeaders(name, sent, new Set(facts.unsigned))
    const parts = partsOf(provider, names)
    const isBodyFree =
      facts.unsigned?.includes('body') || (provider.scheme.proof.covers === 'nothing' && names.length > 0)
    expect(Object.hasOwn(ELSEWHERE, name)).toBe(!parts.includes('body') && !isBodyFree)
    if (parts.length === 0) return
    const [numbers, ways] = [fc.nat(), fc.nat({ max: 20 })]
    let refused = 0
    await fc.assert(
      fc.asyncProperty(numbers, numbers, ways, spot, async (at, which, how, change) => {
        const mutant = mutate(sent, parts[at % parts.length] ?? 'body', names, how, which, change)
        fc.pre(asSeen(mutant) !== asSeen(sent))
        expect(await verdict(authenticator, mutant, env)).toMatch(REFUSED)
        refused++
      }),
      { numRuns: RUNS },
    )
    expect(refused).toBe(RUNS)
  }, 60_000)

  test('signs the method and the query where it says so, and nowhere else', async () => {
    const { authenticator, deliver, env } = await mount(provider)
    const sent = await deliver({ url: `https://gateway.test/webhooks/${name}${QUERY}` })
    const signs = { method: SIGNS_METHOD.includes(name), url: provider.scheme.proof.signsUrl === true }
    const other = { method: { ...sent, method: 'PUT' }, url: { ...sent, url: `${sent.url}&added=1` } }
    for (const part of ['method', 'url'] as const)
      expect(await verdict(authenticator, other[part], env), part).toMatch(
        signs[part] ? REFUSED : /^accepted$/,
      )
  })

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
    const changes = fc.record(Object.fromEntries(names.map((header) => [header, fieldValue])))
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

test.each(Object.entries(ELSEWHERE))('%s has its mutants in %s', (name, file) => {
  const text = readFileSync(resolve(import.meta.dirname, '..', file), 'utf8')
  const exported = name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
  expect(text).toMatch(new RegExp(`\\b${exported}\\b`))
  expect(text).toMatch(/RUNS = 2_000|numRuns: 2_?000/)
})
