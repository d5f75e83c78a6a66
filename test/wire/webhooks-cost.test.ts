import { afterAll, beforeAll, expect, it } from 'vitest'
import { providers, vectorFileOf } from '../../src/dev/catalog.ts'
import { freshSecret } from '../../src/testing/fresh-secret.ts'
import { startWorkerd, type Workerd } from './harness/workerd.ts'
import type { Kind, Making } from './workers/webhook-cost.ts'

/** Of the least that can be done: one header alone is a sixth of a verification in workerd. */
const MOST = 1.25
const BODY_BYTES = 4096
const KINDS = ['nothing', 'bare', 'least', 'signature', 'whole'] as const
const TIMES = 250
const ROUNDS = 7
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

async function take(work: Making | Kind, expected: number): Promise<number> {
  const start = performance.now()
  const response = await fetch(`http://127.0.0.1:${workerd.port}/`, {
    method: 'POST',
    body: JSON.stringify(work),
  })
  const { accepted } = (await response.json()) as { accepted: unknown }
  const ms = performance.now() - start
  expect(accepted).toBe(expected)
  return ms
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** The cost of each kind, in the best of the rounds: what stalls the machine only adds. */
async function costsOf(making: Making): Promise<(kind: Kind) => number> {
  const best: Partial<Record<Kind, number>> = {}
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of KINDS) {
      await take(making, TIMES)
      const ms = await take(kind, kind === 'nothing' ? 0 : TIMES)
      // The first rounds are for the compiler.
      if (round > 1) best[kind] = Math.min(ms, best[kind] ?? Number.POSITIVE_INFINITY)
    }
  }
  return (kind) => (best[kind] ?? 0) - (best.nothing ?? 0)
}

it(`a signature over 4 KiB costs at most ${MOST} of headers read, text decoded and bytes verified, median over the HMAC providers`, {
  timeout: 240_000,
  retry: 2,
}, async () => {
  expect(hmacProviders.length).toBeGreaterThan(50)
  const body = JSON.stringify({ id: 'evt_1', event: { id: 'e-1' }, filler: 'x'.repeat(BODY_BYTES - 60) })
  const toLeast: [string, number][] = []
  const toBare: Record<'least' | 'signature' | 'whole', number[]> = { least: [], signature: [], whole: [] }
  for (const { scheme } of hmacProviders) {
    const { options = {} } = vectorFileOf(scheme.name).sample
    const secret = (await freshSecret(scheme))?.text ?? ''
    const cost = await costsOf({ provider: scheme.name, secret, body, options, times: TIMES })
    toLeast.push([scheme.name, cost('signature') / cost('least')])
    for (const kind of ['least', 'signature', 'whole'] as const) toBare[kind].push(cost(kind) / cost('bare'))
  }
  const byCost = [...toLeast].sort((a, b) => a[1] - b[1])
  const shown = (list: [string, number][]) =>
    list.map(([name, ratio]) => `${name} ${ratio.toFixed(2)}`).join(', ')
  const middle = median(toLeast.map(([, ratio]) => ratio))
  console.log(
    `4 KiB, ${hmacProviders.length} providers: the signature ${middle.toFixed(2)} of the least; of the bare verification the least ` +
      `${median(toBare.least).toFixed(2)}, the signature ${median(toBare.signature).toFixed(2)}, with id, digest and JSON ` +
      `${median(toBare.whole).toFixed(2)}; cheapest ${shown(byCost.slice(0, 3))}; dearest ${shown(byCost.slice(-3))}`,
  )
  expect(middle).toBeLessThanOrEqual(MOST)
})
