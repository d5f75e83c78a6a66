import { expect } from 'vitest'
import { HOST, problem, type TestGateway } from './gateway.ts'
import type { RawAnswer } from './raw.ts'

/** The gateway alone, and mounted under a prefix of somebody's Hono app: each attack is made on both. */
export interface Mount {
  name: string
  entry: string
  prefix: '' | '/api'
}

export const mounts: readonly Mount[] = [
  { name: 'the gateway alone', entry: 'test/wire/workers/alone.ts', prefix: '' },
  { name: 'the gateway mounted in Hono', entry: 'test/wire/workers/mounted.ts', prefix: '/api' },
]

/** The gateway answered with this problem, under one id, and the origin received nothing. */
export function expectRefused(
  { origin }: TestGateway,
  answer: RawAnswer,
  status: number,
  code: string,
): void {
  expect(answer.status).toBe(status)
  expect(problem(answer)).toMatchObject({ code, status, type: `urn:sallyport:denial:${code}` })
  expect(answer.headers.get('content-type')).toEqual(['application/problem+json'])
  expect(answer.headers.get('sallyport-id')).toHaveLength(1)
  expect(problem(answer)).toHaveProperty('id', answer.headers.get('sallyport-id')?.[0])
  expectNothingArrived({ origin })
}

/** The runtime, or the app around the gateway, answered: not the gateway, and not the origin. */
export function expectRefusedBefore(gateway: TestGateway, answer: RawAnswer, status: number): void {
  expect(answer.status).toBe(status)
  expect(answer.headers.get('sallyport-id')).toBeUndefined()
  expectNothingArrived(gateway)
}

export function expectNothingArrived({ origin }: Pick<TestGateway, 'origin'>): void {
  expect(origin.requests.map(({ method, target }) => `${method} ${target}`)).toEqual([])
}

/** After an attack the Worker goes on serving, and the attack left no request behind for the next one. */
export async function expectServing({ call, origin }: TestGateway, prefix: string): Promise<void> {
  origin.clear()
  const answer = await call({ target: `${prefix}/read/alive` })
  expect(answer.status).toBe(200)
  expect(answer.text).toBe('{"ok":true}')
  expect(origin.requests.map(({ target }) => target)).toEqual([`${prefix}/read/alive`])
  expect(origin.requests[0]?.values('sallyport-host')).toEqual([HOST])
  origin.clear()
}
