import { sign } from 'sallyport/testing'
import { standard } from 'sallyport/webhooks'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { one, problem, secrets, startGateway, type TestGateway } from './harness/gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ state: 'upstash' })
})
afterAll(() => gateway.close())
beforeEach(async () => {
  gateway.origin.clear()
  // What the last test began after its answers has ended.
  await new Promise((resolve) => setTimeout(resolve, 100))
  gateway.front.calls.length = 0
})

let serial = 0
const fresh = () =>
  sign(standard, {
    secret: secrets.STANDARD_WEBHOOK_SECRET,
    id: `msg_${process.pid}_${++serial}`,
    body: JSON.stringify({ serial }),
  })
const deliver = async (path = '/webhooks/standard') => gateway.deliver(path, await fresh())
/** The first word of each command of each call so far. */
const made = () => gateway.front.calls.map(({ commands }) => commands.map(([name]) => name).join(' '))
const settled = () => new Promise((resolve) => setTimeout(resolve, 200))

describe('HTTP calls to the database', () => {
  it('are one before the forward and one after it', async () => {
    await deliver()
    gateway.front.calls.length = 0
    gateway.origin.behave({ delayMs: 300 })
    const answer = deliver()
    await gateway.origin.waitForRequest(2, 5000)
    expect(made()).toEqual(['evalsha'])
    expect((await answer).status).toBe(200)
    await settled()
    expect(made()).toEqual(['evalsha', 'set'])
  })

  it('are none for what is refused before admit', async () => {
    const delivery = await fresh()
    const tampered = { ...delivery, body: delivery.body.replace('{', '{ ') }
    expect((await gateway.deliver('/webhooks/standard', tampered)).status).toBe(401)
    expect((await gateway.deliver('/webhooks/nowhere', delivery)).status).toBe(404)
    expect(made()).toEqual([])
  })

  it('are one more after a script flush, and then one again', async () => {
    await gateway.front.raw(['SCRIPT', 'FLUSH'])
    expect((await deliver()).status).toBe(200)
    await settled()
    expect(made()).toEqual(['evalsha', 'eval', 'set'])
    gateway.front.calls.length = 0
    await deliver()
    await settled()
    expect(made()).toEqual(['evalsha', 'set'])
  })

  it('are two for each of 40 at once in one isolate, none of which carries the command of another', async () => {
    await deliver()
    gateway.front.calls.length = 0
    const answers = await Promise.all(Array.from({ length: 40 }, () => deliver()))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    await settled()
    expect(made().sort()).toEqual([...Array(40).fill('evalsha'), ...Array(40).fill('set')])
    expect(gateway.front.calls.every(({ path, authorized }) => path === '/' && authorized)).toBe(true)
    // Each commit names the claim, the token and the request id of its own admission.
    const [admits, commits] = ['evalsha', 'set'].map((name) =>
      gateway.front.calls.flatMap(({ commands }) => commands.filter(([first]) => first === name)),
    )
    const claimOf = new Map(admits?.map((command) => [command[3], command]))
    const ids = new Set(answers.map((answer) => one(answer, 'sallyport-id')))
    for (const [, key = '', value = ''] of commits ?? []) {
      const [, token, requestId] = value.split(' ')
      expect(claimOf.get(key)).toContain(token)
      expect(claimOf.get(key)).toContain(requestId)
      expect(ids.delete(requestId)).toBe(true)
    }
    expect(ids.size).toBe(0)
  })

  it('are at most two before the forward for each of 40 at once after a script flush', async () => {
    await gateway.front.raw(['SCRIPT', 'FLUSH'])
    const answers = await Promise.all(Array.from({ length: 40 }, () => deliver()))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    await settled()
    const count = (name: string) => made().filter((each) => each === name).length
    expect([count('evalsha'), count('set')]).toEqual([40, 40])
    expect(count('eval')).toBeLessThanOrEqual(40)
    expect(count('eval')).toBeGreaterThan(0)
  })
})

describe('what leaves the gateway', () => {
  it('holds neither body nor header nor secret of the request, only digests and ids of our own', async () => {
    const delivery = await sign(standard, {
      secret: secrets.STANDARD_WEBHOOK_SECRET,
      id: 'msg_canary-id-51c2',
      body: '{"note":"canary-body-88aa"}',
    })
    await gateway.deliver('/webhooks/standard', delivery, [['x-canary', 'canary-header-04d1']])
    await settled()
    const sent = JSON.stringify(gateway.front.calls)
    expect(sent).toContain('sp1:wire:c:standard:')
    expect(sent).not.toMatch(/canary/)
    for (const secret of Object.values(secrets)) expect(sent).not.toContain(secret)
  })
})

describe('a deployment that is not complete', () => {
  it.each(['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN', 'STATE_NAMESPACE'])(
    'answers 503 without %s, whatever other backend there is, and names it in the record',
    async (name) => {
      const broken = await startGateway({ state: 'upstash', bindings: { [name]: '' } })
      try {
        const answer = await broken.deliver('/webhooks/standard', await fresh())
        expect([answer.status, problem(answer).code]).toEqual([503, 'not_configured'])
        expect((await broken.recordOf(answer)).reason).toContain(name)
        expect(broken.origin.requests).toHaveLength(0)
      } finally {
        await broken.close()
      }
    },
  )
})
