import { expect, test } from 'vitest'
import { published } from '../../../src/webhooks/published.ts'

const means = {
  background: (work: Promise<unknown>) => void work.catch(() => undefined),
  remainingMs: () => 1000,
} as never
const START = 1_800_000_000_000

/** What a provider publishes under one name; strangers name others. */
function memory() {
  let asked = 0
  const find = published<string>({
    what: 'certificate',
    freshMs: 43_200_000,
    unknown: { burst: 2, everyMs: 30_000 },
    get: async (name) => {
      asked++
      return name === 'genuine'
        ? { ok: true, value: 'pem' }
        : { ok: false, fault: 'the answer has status 403' }
    },
  })
  return { find, asked: () => asked }
}

test('a flood of unknown names by one client leaves the provider its places', async () => {
  const { find, asked } = memory()
  for (let i = 0; i < 3000; i++) {
    await find(`junk-${i}`, undefined, means, { client: '198.51.100.1', now: START + i * 20 })
  }
  // Two at once, and one in 30 s of the minute that it lasted.
  expect(asked()).toBeLessThanOrEqual(5)
  const genuine = await find('genuine', undefined, means, { client: '192.0.2.1', now: START + 60_000 })
  expect(genuine).toEqual({ ok: true, value: 'pem' })
})

test('however many clients there are, ten times as many names are asked for and no more', async () => {
  const { find, asked } = memory()
  for (let i = 0; i < 3000; i++) {
    await find(`junk-${i}`, undefined, means, { client: `198.51.${i >> 8}.${i & 255}`, now: START + i * 20 })
  }
  expect(asked()).toBeGreaterThan(20)
  expect(asked()).toBeLessThanOrEqual(2 * 10 + 60_000 / 3000 + 1)
})

test('what is known goes on deciding while strangers ask', async () => {
  const { find } = memory()
  expect((await find('genuine', undefined, means, { client: '192.0.2.1', now: START })).ok).toBe(true)
  for (let i = 0; i < 500; i++)
    await find(`junk-${i}`, undefined, means, { client: '198.51.100.1', now: START + i })
  expect((await find('genuine', undefined, means, { client: '192.0.2.2', now: START + 1000 })).ok).toBe(true)
})
