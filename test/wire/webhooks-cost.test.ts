import { afterAll, beforeAll, expect, it } from 'vitest'
import { providers, vectorFileOf } from '../../src/dev/catalog.ts'
import { freshSecret } from '../../src/testing/fresh-secret.ts'
import { startWorkerd, type Workerd } from './harness/workerd.ts'
import type { Work } from './workers/webhook-cost.ts'

/** The whole signature check against the bare verification of the same bytes. */
const MOST = 1.25
const BODY_BYTES = 4096
const TIMES = 400
const ROUNDS = 7

let workerd: Workerd
beforeAll(async () => {
  workerd = await startWorkerd({ entry: 'test/wire/workers/webhook-cost.ts' })
})
afterAll(() => workerd?.kill())

const hmacProviders = providers.filter(
  ({ scheme: { proof } }) =>
    proof.kind === 'signed' && proof.keys[0]?.algorithm.name.startsWith('HMAC') === true && !proof.bodyTime,
)

async function take(work: Work): Promise<number> {
  const start = performance.now()
  const response = await fetch(`http://127.0.0.1:${workerd.port}/`, {
    method: 'POST',
    body: JSON.stringify(work),
  })
  const { accepted } = (await response.json()) as { accepted: number }
  const ms = performance.now() - start
  expect(accepted).toBe(work.kind === 'nothing' ? 0 : work.times)
  return ms
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

it(`verifying 4 KiB costs at most ${MOST} of the bare verification, median over the HMAC providers`, {
  timeout: 120_000,
  retry: 2,
}, async () => {
  expect(hmacProviders.length).toBeGreaterThan(40)
  const filler = 'x'.repeat(BODY_BYTES - 120)
  const body = JSON.stringify({ id: 'evt_1', type: 'made', event: { id: 'e-1' }, filler })
  const ratios: Record<'signature' | 'whole', [string, number][]> = { signature: [], whole: [] }
  for (const { scheme } of hmacProviders) {
    const { options = {} } = vectorFileOf(scheme.name).sample
    const secret = (await freshSecret(scheme))?.text ?? ''
    const best: Partial<Record<Work['kind'], number>> = {}
    for (let round = 0; round < ROUNDS; round++) {
      for (const kind of ['nothing', 'bare', 'signature', 'whole'] as const) {
        const ms = await take({ kind, provider: scheme.name, secret, body, options, times: TIMES })
        // The first round is for the compiler.
        if (round > 0) best[kind] = Math.min(ms, best[kind] ?? Number.POSITIVE_INFINITY)
      }
    }
    const cost = (kind: Work['kind']) => (best[kind] ?? 0) - (best.nothing ?? 0)
    for (const kind of ['signature', 'whole'] as const)
      ratios[kind].push([scheme.name, cost(kind) / cost('bare')])
  }
  const of = (kind: 'signature' | 'whole') => ratios[kind].map(([, ratio]) => ratio)
  const slowest = [...ratios.signature].sort((a, b) => b[1] - a[1]).slice(0, 3)
  console.log(
    `4 KiB, ${hmacProviders.length} providers: the signature ${median(of('signature')).toFixed(2)}, the whole authenticator ` +
      `${median(of('whole')).toFixed(2)} of the bare verification; slowest ${slowest.map(([name, ratio]) => `${name} ${ratio.toFixed(2)}`).join(', ')}`,
  )
  expect(median(of('signature'))).toBeLessThanOrEqual(MOST)
})
