import { sign } from 'sallyport/testing'
import { github, standard } from 'sallyport/webhooks'
import { describe, expect, it } from 'vitest'
import { secrets, startGateway } from './harness/gateway.ts'
import { describeCopies } from './replay/copies.ts'
import { describeDenied } from './replay/denied.ts'
import { describeFirst } from './replay/first.ts'
import { describeFailingState } from './replay/state.ts'
import { useGateway } from './replay/tools.ts'

describe.each(['durable-object', 'upstash'] as const)('the replay table on %s', (state) => {
  const tools = useGateway(() => startGateway({ state }))
  describeFirst(tools)
  describeCopies(tools)
  describeDenied(tools)
  describeFailingState(tools)
})

describe('the cost in calls', () => {
  const tools = useGateway(() => startGateway())

  it('an allowed delivery: one admit in one parallel round of object calls, one settle', async () => {
    await tools.gateway.deliver(
      '/webhooks/github',
      await sign(github, {
        secret: secrets.GITHUB_WEBHOOK_SECRET,
        event: 'push',
        body: `{"n":${tools.serial()}}`,
      }),
    )
    const made = await tools.calls()
    expect(made.map(({ operation }) => operation)).toEqual(['admit', 'settle'])
    const [admit, settle] = made
    const objects = admit?.objects ?? []
    expect(
      objects
        .map(({ name }) => name.replace(/:[0-9a-f]$/, ''))
        .filter((name) => name !== 'control')
        .sort(),
    ).toEqual(['delivery:github', 'route:github'])
    // One round: each call began before any had ended.
    expect(Math.max(...objects.map(({ start }) => start))).toBeLessThanOrEqual(
      Math.min(...objects.map(({ end }) => end)),
    )
    expect(settle?.objects).toHaveLength(1)
  })

  it('a delivery refused before admit: none', async () => {
    const delivery = await tools.fresh()
    const tampered = { ...delivery, body: delivery.body.replace('{', '{ ') }
    expect((await tools.gateway.deliver('/webhooks/standard', tampered)).status).toBe(401)
    expect((await tools.gateway.deliver('/webhooks/nowhere', delivery)).status).toBe(404)
    expect((await tools.gateway.call({ target: '/webhooks/standard' })).status).toBe(405)
    const notJson = await sign(standard, { secret: secrets.STANDARD_WEBHOOK_SECRET, body: '{"a":1,"a":2}' })
    expect((await tools.gateway.deliver('/webhooks/standard', notJson)).status).toBe(400)
    expect(await tools.calls()).toEqual([])
  })
})
