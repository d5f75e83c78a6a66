import { describe, expect, it } from 'vitest'
import { one, problem } from '../harness/gateway.ts'
import type { ReplayTools } from './tools.ts'

/** The rows about shared state that fails. */
export function describeFailingState(tools: ReplayTools): void {
  describe('shared state that fails', () => {
    it('once: admit is asked again with the same token, and the delivery arrives', async () => {
      await tools.fault('admit', 'throw', 1)
      expect((await tools.gateway.deliver('/webhooks/standard', await tools.fresh())).status).toBe(200)
      expect((await tools.calls()).map(({ operation }) => operation)).toEqual(['admit', 'admit', 'settle'])
    })

    it('once, after it had done its work: the retry finds its own lease', async () => {
      await tools.fault('admit', 'lost-reply', 1)
      const delivery = await tools.fresh()
      expect((await tools.gateway.deliver('/webhooks/standard', delivery)).status).toBe(200)
      expect(tools.gateway.origin.requests).toHaveLength(1)
      expect(
        one(await tools.gateway.deliver('/webhooks/standard', delivery), 'sallyport-duplicate-of'),
      ).toBeDefined()
    })

    it('for good: 503 with Retry-After, nothing forwarded, and the retry arrives after recovery', async () => {
      await tools.fault('admit', 'throw', 2)
      const delivery = await tools.fresh()
      const answer = await tools.gateway.deliver('/webhooks/standard', delivery)
      expect(answer.status).toBe(503)
      expect(problem(answer).code).toBe('state_unavailable')
      expect(Number(one(answer, 'retry-after'))).toBeGreaterThan(0)
      expect(tools.gateway.origin.requests).toHaveLength(0)
      expect((await tools.gateway.deliver('/webhooks/standard', delivery)).status).toBe(200)
    })

    it('by never answering: 503 inside the deadline', async () => {
      await tools.fault('admit', 'hang', 2)
      const start = performance.now()
      const answer = await tools.gateway.deliver('/webhooks/standard', await tools.fresh())
      expect(answer.status).toBe(503)
      // The webhooks' deadline is 2 s.
      expect(performance.now() - start).toBeLessThan(2800)
      expect(tools.gateway.origin.requests).toHaveLength(0)
    })

    it('by losing every reply: what was taken is given back, and the retry arrives', async () => {
      await tools.fault('admit', 'lost-reply', 2)
      const delivery = await tools.fresh()
      expect((await tools.gateway.deliver('/webhooks/standard', delivery)).status).toBe(503)
      await new Promise((resolve) => setTimeout(resolve, 500))
      expect((await tools.gateway.deliver('/webhooks/standard', delivery)).status).toBe(200)
      expect(tools.gateway.origin.requests).toHaveLength(1)
    })

    it('at the first settle: the commit is tried again, and a copy does not arrive', async () => {
      await tools.fault('settle', 'throw', 2)
      const delivery = await tools.fresh()
      const first = await tools.gateway.deliver('/webhooks/standard', delivery)
      expect(first.status).toBe(200)
      expect((await tools.gateway.recordOf(first)).settled).toBe('committed')
      expect(
        one(await tools.gateway.deliver('/webhooks/standard', delivery), 'sallyport-duplicate-of'),
      ).toBeDefined()
    })

    it('by a settle that hangs: it is given up and made again, and the record tells the truth', async () => {
      await tools.fault('settle', 'hang', 1)
      const delivery = await tools.fresh()
      const first = await tools.gateway.deliver('/webhooks/standard', delivery)
      expect(first.status).toBe(200)
      expect(await tools.gateway.recordOf(first)).toMatchObject({
        decision: 'forwarded',
        settled: 'committed',
      })
      expect(
        one(await tools.gateway.deliver('/webhooks/standard', delivery), 'sallyport-duplicate-of'),
      ).toBeDefined()
    })
  })
}
