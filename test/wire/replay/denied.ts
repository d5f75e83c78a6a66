import { describe, expect, it } from 'vitest'
import { one, problem } from '../harness/gateway.ts'
import { openSocket, request } from '../harness/raw.ts'
import type { ReplayTools } from './tools.ts'

/** What is denied at admit is not claimed; and what a client that hangs up leaves. */
export function describeDenied(tools: ReplayTools): void {
  describe('denied at admit', () => {
    it('40 deliveries against a limit of 5: 5 arrive, and none of the refused ones is claimed', async () => {
      const deliveries = await Promise.all(Array.from({ length: 40 }, () => tools.fresh()))
      const answers = await Promise.all(
        deliveries.map((delivery) => tools.gateway.deliver('/webhooks/scarce', delivery)),
      )
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(5)
      const refused = answers.find(({ status }) => status === 429)
      expect(refused && problem(refused).code).toBe('rate_limited')
      expect(refused && Number(one(refused, 'retry-after'))).toBeGreaterThan(0)
      expect(tools.gateway.origin.requests).toHaveLength(5)
      // Past the window a claim that had stayed would answer 409 or acknowledge.
      await new Promise((resolve) => setTimeout(resolve, 4100))
      const late = deliveries[answers.findIndex(({ status }) => status === 429)]
      if (!late) throw new Error('none was refused')
      const again = await tools.gateway.deliver('/webhooks/scarce', late)
      expect(again.status).toBe(200)
      expect(one(again, 'sallyport-duplicate-of')).toBeUndefined()
      expect(tools.gateway.origin.requests).toHaveLength(6)
    })

    it('a blocked client is refused with 403, and its delivery passes after the block', async () => {
      const delivery = await tools.fresh()
      await tools.gateway.door('/_test/control', { method: 'block', subject: '127.0.0.1' })
      await new Promise((resolve) => setTimeout(resolve, 2100))
      const blocked = await tools.gateway.deliver('/webhooks/standard', delivery)
      expect(blocked.status).toBe(403)
      expect(problem(blocked).code).toBe('client_blocked')
      await tools.gateway.door('/_test/control', { method: 'unblock', subject: '127.0.0.1' })
      await new Promise((resolve) => setTimeout(resolve, 2100))
      expect((await tools.gateway.deliver('/webhooks/standard', delivery)).status).toBe(200)
      expect(tools.gateway.origin.requests).toHaveLength(1)
    })

    it('a revoked principal is refused with 401, and its delivery is not claimed', async () => {
      const delivery = await tools.fresh()
      const subject = 'standard|STANDARD_WEBHOOK_SECRET'
      await tools.gateway.door('/_test/control', { method: 'revoke', subject })
      await new Promise((resolve) => setTimeout(resolve, 2100))
      const revoked = await tools.gateway.deliver('/webhooks/standard', delivery)
      expect(revoked.status).toBe(401)
      expect(problem(revoked).code).toBe('principal_revoked')
      await tools.gateway.door('/_test/control', { method: 'restore', subject })
      await new Promise((resolve) => setTimeout(resolve, 2100))
      expect((await tools.gateway.deliver('/webhooks/standard', delivery)).status).toBe(200)
    })
  })

  describe('a client that hangs up mid-forward', () => {
    it('leaves a committed claim: a copy is acknowledged', async () => {
      const delivery = await tools.fresh()
      tools.gateway.origin.behave({ delayMs: 400 })
      const bytes = request({
        method: 'POST',
        target: '/webhooks/slow',
        headers: [['Host', 'gw.test'], ...Object.entries(delivery.headers)],
        body: delivery.body,
      })
      const socket = await openSocket(tools.gateway.workerd.port)
      socket.write(bytes)
      await tools.gateway.origin.waitForRequest(1, 5000)
      socket.reset()
      await new Promise((resolve) => setTimeout(resolve, 1000))
      const copy = await tools.gateway.deliver('/webhooks/slow', delivery)
      expect(copy.status).toBe(200)
      expect(one(copy, 'sallyport-duplicate-of')).toBeDefined()
      expect(tools.gateway.origin.requests).toHaveLength(1)
    })
  })
}
