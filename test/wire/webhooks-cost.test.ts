import { afterAll, beforeAll, expect, it } from 'vitest'
import { providers } from '../../src/dev/catalog.ts'
import { freshSecret } from '../../src/testing/fresh-secret.ts'
import type { SignedProof } from '../../src/webhooks/signed.ts'
import { startWorkerd, type Workerd } from './harness/workerd.ts'
import type { Kind, Making } from './workers/webhook-cost.ts'

/** Of the bare crypto.subtle.verify of the same bytes. */
const MOST = 1.25
/** The same for those alone that sign more than the body, so that what puts the text together cannot hide behind the others. */
const MOST_TEMPLATED = 1.5
const BODY_BYTES = 4096
const KINDS: readonly Kind[] = ['bare', 'nothing', 'signature']
const TIMES = 600
const ROUNDS = 11
/** Its signer makes a form, which a body of JSON is not. */
const FORMS = new Set(['twilio'])

let workerd: Workerd
beforeAll(async () => {
  workerd = await startWorkerd({ entry: 'test/wire/workers/webhook-cost.ts' })
})
afterAll(() => workerd?.kill())

const hmacProviders = providers.filter(
  ({ scheme: { name, proof } }) =>
    proof.kind === 'signed' &&
    proof.keys[0]?.algorithm.name.startsWith('HMAC') === true &&
    !proof.bodyTime &&
    !FORMS.has(name),
)

async function ask(what: Making | Kind, expected: number): Promise<number> {
  const start = performance.now()
  const response = await fetch(`http://127.0.0.1:${workerd.port}/`, {
    method: 'POST',
    body: JSON.stringify(what),
  })
  const { accepted } = (await response.json()) as { accepted: unknown }
  const ms = performance.now() - start
  expect(accepted).toBe(expected)
  return ms
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** What the signature costs of the bare verification, between the medians of the rounds. */
async function ratioOf(making: Making): Promise<number> {
  const taken: Record<Kind, number[]> = { nothing: [], bare: [], signature: [] }
  for (let round = 0; round < ROUNDS; round++) {
    await ask(making, making.times)
    // The two verify bytes of their own, each once: which of them comes first takes turns.
    for (const kind of round % 2 === 0 ? KINDS : KINDS.toReversed())
      taken[kind].push(await ask(kind, kind === 'nothing' ? 0 : making.times))
  }
  const nothing = median(taken.nothing)
  return (median(taken.signature) - nothing) / (median(taken.bare) - nothing)
}

it(`a signature over 4 KiB costs at most ${MOST} of the bare verification, median over the HMAC providers`, {
  timeout: 240_000,
  retry: 2,
}, async () => {
  expect(hmacProviders.length).toBeGreaterThan(50)
  const body = JSON.stringify({ id: 'evt_1', event: { id: 'e-1' }, filler: 'x'.repeat(BODY_BYTES - 60) })
  const ratios: { name: string; ratio: number; isTemplated: boolean }[] = []
  for (const { scheme } of hmacProviders) {
    const secret = (await freshSecret(scheme))?.text ?? ''
    const ratio = await ratioOf({ provider: scheme.name, secret, body, times: TIMES })
    ratios.push({
      name: scheme.name,
      ratio,
      isTemplated: (scheme.proof as SignedProof).by.signs !== '{body}',
    })
  }
  ratios.sort((a, b) => a.ratio - b.ratio)
  const middle = median(ratios.map(({ ratio }) => ratio))
  const templated = ratios.filter(({ isTemplated }) => isTemplated).map(({ ratio }) => ratio)
  const shown = ratios.map(({ name, ratio }) => `${name} ${ratio.toFixed(2)}`).join(', ')
  console.log(
    `4 KiB: ${middle.toFixed(2)} of the bare verification, ${median(templated).toFixed(2)} where more than the body is signed; ${shown}`,
  )
  expect(templated.length).toBeGreaterThan(20)
  expect(middle).toBeLessThanOrEqual(MOST)
  expect(median(templated)).toBeLessThanOrEqual(MOST_TEMPLATED)
})
