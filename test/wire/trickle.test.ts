import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { HOST, problem, startGateway, type TestGateway } from './harness/gateway.ts'
import { openSocket, request } from './harness/raw.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.close())

/** Resident memory of workerd in MiB. */
const memoryMib = () =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(gateway.workerd.pid)], { encoding: 'utf8' })) / 1024

it('a body in chunks of one byte costs memory by its bytes, not by its chunks', async () => {
  await gateway.call({ target: '/read/warm' })
  const before = memoryMib()
  const head = request({
    method: 'POST',
    target: '/webhooks/github',
    headers: [
      ['Host', HOST],
      ['Content-Type', 'application/json'],
      // No secret is needed to have a body read: a signature of the right form is enough.
      ['X-Hub-Signature-256', `sha256=${'0'.repeat(64)}`],
      ['Transfer-Encoding', 'chunked'],
    ],
  })
  const socket = await openSocket(gateway.workerd.port)
  socket.write(head)
  socket.write('1\r\n{\r\n'.repeat(60_000))
  socket.write('0\r\n\r\n')
  const answer = await socket.readAnswer({ timeoutMs: 15_000 })
  socket.close()
  expect(answer.status).toBe(401)
  expect((await gateway.recordOf(answer)).bytesIn).toBe(60_000)
  // Kept chunks took more than 300 MiB here.
  expect(memoryMib() - before).toBeLessThan(100)
}, 30_000)

it('thousands of query names cost no more than their bytes', async () => {
  const names = Array.from({ length: 1500 }, (_, i) => `n${i}`).join('&')
  const answer = await gateway.call({
    method: 'POST',
    target: `/orders/a?${names}`,
    headers: [['Content-Type', 'application/json']],
    body: '{"sku":"a","quantity":1}',
  })
  expect(answer.status).toBe(200)
  expect(gateway.origin.requests.at(-1)?.target).toBe('/orders/a')
})

it('a name of the client in a 422 is cut', async () => {
  const body = JSON.stringify({ sku: 'a', quantity: 1, ['k'.repeat(50_000)]: 1 })
  const answer = await gateway.call({
    method: 'POST',
    target: '/orders/a',
    headers: [['Content-Type', 'application/json']],
    body,
  })
  expect(answer.status).toBe(422)
  expect(problem(answer).errors?.[0]?.pointer).toMatch(/^#\/k{254}$/)
  expect(answer.body.length).toBeLessThan(1000)
})

it('a document of too many nodes is refused before it is parsed', async () => {
  const body = `[${'{},'.repeat(200_000)}{}]`
  const answer = await gateway.call({
    method: 'POST',
    target: '/demo',
    headers: [['Content-Type', 'application/json']],
    body,
  })
  expect(answer.status).toBe(404)
  const refused = await gateway.call({
    method: 'POST',
    target: '/limited/x',
    headers: [['Content-Type', 'application/json']],
    body,
  })
  expect(refused.status).toBe(400)
  expect(await gateway.recordOf(refused)).toMatchObject({ measure: { limit: 100_000, actual: 100_001 } })
})
