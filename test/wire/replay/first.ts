import { describe, expect, it } from 'vitest'
import { one, problem } from '../harness/gateway.ts'
import type { ReplayTools } from './tools.ts'

/** The rows about what becomes of a first delivery. */
export function describeFirst(tools: ReplayTools): void {
  describe('a first delivery', () => {
    it('that the origin takes is committed, and a copy is acknowledged without the origin', async () => {
      const delivery = await tools.fresh()
      const first = await tools.gateway.deliver('/webhooks/standard', delivery)
      expect(first.status).toBe(200)
      expect(first.text).toBe('{"ok":true}')
      const copy = await tools.gateway.deliver('/webhooks/standard', delivery)
      expect(copy.status).toBe(200)
      expect(one(copy, 'sallyport-duplicate-of')).toBe(one(first, 'sallyport-id'))
      expect(tools.gateway.origin.requests).toHaveLength(1)
      expect((await tools.gateway.recordOf(first)).settled).toBe('committed')
      expect(await tools.gateway.recordOf(copy)).toMatchObject({
        decision: 'duplicate',
        duplicateOf: one(first, 'sallyport-id'),
      })
    })

    it('whose copy meets onDuplicate: refuse gets 409, and the origin nothing', async () => {
      const delivery = await tools.fresh()
      expect((await tools.gateway.deliver('/webhooks/refusing', delivery)).status).toBe(200)
      const copy = await tools.gateway.deliver('/webhooks/refusing', delivery)
      expect(copy.status).toBe(409)
      expect(problem(copy).code).toBe('delivery_repeated')
      expect(one(copy, 'sallyport-duplicate-of')).toMatch(/^[0-9a-f-]{36}$/)
      expect(tools.gateway.origin.requests).toHaveLength(1)
    })

    it('whose copy meets onDuplicate: forward reaches the origin again', async () => {
      const delivery = await tools.fresh()
      for (let i = 0; i < 3; i++) {
        expect((await tools.gateway.deliver('/webhooks/forwarding', delivery)).status).toBe(200)
      }
      expect(tools.gateway.origin.requests).toHaveLength(3)
    })

    it.each([500, 503, 400, 404, 301])(
      'that the origin answers with %i is released, and the retry arrives',
      async (status) => {
        const delivery = await tools.fresh()
        tools.gateway.origin.behave({ status, body: 'the origin says no' })
        const first = await tools.gateway.deliver('/webhooks/standard', delivery)
        expect(first.status).toBe(status)
        expect(first.text).toBe('the origin says no')
        expect((await tools.gateway.recordOf(first)).settled).toBe('released')
        const retry = await tools.gateway.deliver('/webhooks/standard', delivery)
        expect(retry.status).toBe(200)
        expect(one(retry, 'sallyport-duplicate-of')).toBeUndefined()
        expect(tools.gateway.origin.requests).toHaveLength(2)
      },
    )

    it.each([502, 504, 520, 522, 524])(
      'that is answered with %i keeps its lease: nobody knows what the origin did',
      async (status) => {
        const delivery = await tools.fresh()
        tools.gateway.origin.behave({ status })
        const first = await tools.gateway.deliver('/webhooks/standard', delivery)
        expect(first.status).toBe(status === 502 || status === 520 ? 502 : 504)
        expect(problem(first).code).toBe(first.status === 502 ? 'origin_unreachable' : 'origin_timeout')
        expect(Number(one(first, 'retry-after'))).toBeGreaterThan(30)
        expect(await tools.gateway.recordOf(first)).toMatchObject({ settled: 'left', originStatus: status })
        const copy = await tools.gateway.deliver('/webhooks/standard', delivery)
        expect(copy.status).toBe(409)
        expect(problem(copy).code).toBe('delivery_in_progress')
        expect(tools.gateway.origin.requests).toHaveLength(1)
      },
    )

    it.each(['drop-before-read', 'drop-after-read', 'hang'] as const)(
      'whose connection fails (%s) keeps its lease',
      async (kind) => {
        const delivery = await tools.fresh()
        tools.gateway.origin.behave({ fault: kind })
        const first = await tools.gateway.deliver('/webhooks/standard', delivery)
        expect(first.status).toBe(kind === 'hang' ? 504 : 502)
        const copy = await tools.gateway.deliver('/webhooks/standard', delivery)
        expect(copy.status).toBe(409)
        expect(Number(one(copy, 'retry-after'))).toBeGreaterThan(0)
        expect(tools.gateway.origin.requests).toHaveLength(1)
      },
    )
  })

  it('copies that go on to the origin count against the limits like anything that does', async () => {
    const delivery = await tools.fresh()
    const statuses = []
    for (let i = 0; i < 8; i++) {
      statuses.push((await tools.gateway.deliver('/webhooks/forwarding-scarce', delivery)).status)
    }
    expect(statuses).toEqual([200, 200, 200, 429, 429, 429, 429, 429])
    expect(tools.gateway.origin.requests).toHaveLength(3)
  })
}
