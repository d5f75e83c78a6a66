import { afterAll, beforeAll, expect, it } from 'vitest'
import { startGateway, type TestGateway } from './harness/gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ entry: 'test/wire/workers/options.ts' })
})
afterAll(() => gateway.close())

it('goes on serving after 2,000 clients, each of which it counts', { timeout: 90_000 }, async () => {
  const CLIENTS = 2000
  const WORKERS = 16
  const statuses = new Map<number, number>()
  let next = 0
  const from = (client: number) =>
    gateway.call({
      host: 'cloudflare.test',
      target: '/by-client',
      headers: [['CF-Connecting-IP', `10.1.${client >> 8}.${client & 255}`]],
    })
  await Promise.all(
    Array.from({ length: WORKERS }, async () => {
      while (next < CLIENTS) {
        const { status } = await from(next++)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }),
  )
  expect(Object.fromEntries(statuses)).toEqual({ 200: CLIENTS })
  // The first has not been forgotten for the last, and a new one is served at once.
  expect([(await from(0)).status, (await from(0)).status]).toEqual([200, 429])
  const start = performance.now()
  expect((await from(CLIENTS)).status).toBe(200)
  expect(performance.now() - start).toBeLessThan(2000)
})
