import { describe, expect, it } from 'vitest'
import { problem } from './harness/gateway.ts'
import { useGateway } from './harness/use.ts'

const gateway = useGateway()

const json: [string, string] = ['Content-Type', 'application/json']
const guest = (body: string, headers: [string, string][] = []) =>
  gateway.call({ method: 'POST', target: '/guest', headers: [json, ...headers], body })

describe("a route's own functions", () => {
  it('assert what a body says that its schema, in report mode, accepts', async () => {
    expect((await guest('{"user":"guest"}', [['X-Guest-User', 'root']])).status).toBe(200)
    expect(gateway.origin.requests[0]?.values('x-guest-user')).toEqual(['guest'])
  })

  it('assert nothing from a body that the schema would refuse, and leave no room for the client to', async () => {
    const answer = await guest('{"user":"root"}', [['X-Guest-User', 'root']])
    expect(answer.status).toBe(200)
    expect(gateway.origin.requests[0]?.values('x-guest-user')).toEqual([])
    expect(gateway.origin.requests[0]?.body.toString()).toBe('{"user":"root"}')
    expect((await gateway.recordOf(answer)).reported).toMatchObject([
      { stage: 'validate', code: 'input_invalid' },
    ])
  })

  it('may throw over such a body: the request goes on', async () => {
    expect((await guest('{"user":7}', [['X-Guest-User', 'root']])).status).toBe(200)
    expect(gateway.origin.requests[0]?.values('x-guest-user')).toEqual([])
    expect(gateway.origin.requests).toHaveLength(1)
  })

  it('may throw on a route in report mode: the request goes on', async () => {
    const answer = await gateway.call({ method: 'POST', target: '/broken', headers: [json], body: '{}' })
    expect(answer.status).toBe(200)
    expect(gateway.origin.requests).toHaveLength(1)
  })

  it('that assert a header only sometimes strip the client’s own always', async () => {
    for (const name of ['gold', 'free'])
      await gateway.call({ target: `/plan/${name}`, headers: [['X-Plan', 'gold']] })
    expect(gateway.origin.requests.map((seen) => [seen.target, seen.values('x-plan')])).toEqual([
      ['/plans/gold', ['gold']],
      ['/plans/free', []],
    ])
  })

  it.each(['%2541', '%3F', '%23', '%C3%A9'])(
    'that put a decoded parameter (%s) into the path make a 400, never another path',
    async (name) => {
      const answer = await gateway.call({ target: `/plan/${name}` })
      expect(answer.status).toBe(400)
      expect(problem(answer).code).toBe('malformed_target')
      expect(gateway.origin.requests).toEqual([])
    },
  )
})
