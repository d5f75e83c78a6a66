import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { DecisionEvent } from 'sallyport'
import { sign } from 'sallyport/testing'
import { github, slack, standard } from 'sallyport/webhooks'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { one, secrets, startGateway, type TestGateway } from './harness/gateway.ts'
import type { RawAnswer } from './harness/raw.ts'

let gateway: TestGateway
const answers: Record<string, RawAnswer> = {}
const records: Record<string, DecisionEvent> = {}

beforeAll(async () => {
  gateway = await startGateway()
  const body = '{"zen":"Keep it logically awesome."}'
  const push = await sign(github, {
    secret: secrets.GITHUB_WEBHOOK_SECRET,
    event: 'push',
    body,
    id: 'd-1',
  })
  answers.forwarded = await gateway.deliver('/webhooks/github', push)
  answers.duplicate = await gateway.deliver('/webhooks/github', push)
  answers.refused = await gateway.deliver('/webhooks/github', { ...push, body: `${body} ` })
  answers.unmatched = await gateway.call({ target: '/nowhere' })
  const challenge = JSON.stringify({ type: 'url_verification', challenge: 'abc' })
  answers.handshake = await gateway.deliver(
    '/webhooks/slack',
    await sign(slack, { secret: secrets.SLACK_SIGNING_SECRET, body: challenge }),
  )
  const stale = {
    secret: secrets.STANDARD_WEBHOOK_SECRET,
    body: '{}',
    now: Date.now() - 400_000,
  }
  answers.stale = await gateway.deliver('/webhooks/standard', await sign(standard, stale))
  answers.watched = await gateway.deliver('/webhooks/watched', await sign(standard, stale))
  for (const [name, answer] of Object.entries(answers)) records[name] = await gateway.recordOf(answer)
})
afterAll(() => gateway.close())

/** The first column of the table in the README of the record. */
const documented = readFileSync(resolve('src/stages/record/README.md'), 'utf8')
  .split('\n')
  .flatMap((line) => /^\| `([a-zA-Z]+)` +\|/.exec(line)?.[1] ?? [])

it('has exactly the documented members, in their order, whatever was decided', () => {
  expect(documented.length).toBeGreaterThan(30)
  for (const record of Object.values(records)) expect(Object.keys(record)).toEqual(documented)
})

it('is written once for each answer, under the id that the answer carries', async () => {
  for (const answer of Object.values(answers)) {
    const id = one(answer, 'sallyport-id')
    expect(gateway.workerd.lines.filter((line) => line.includes(`"id":"${id}"`))).toHaveLength(1)
  }
})

it('tells a forwarded delivery', () => {
  expect(records.forwarded).toMatchObject({
    schema: 'sallyport.decision/1',
    decision: 'forwarded',
    route: 'github',
    method: 'POST',
    owner: 'platform',
    sensitivity: 'internal',
    mode: 'enforce',
    code: null,
    status: 200,
    originStatus: 200,
    bytesIn: 36,
    bytesOut: 11,
    client: '127.0.0.0',
    principal: expect.stringMatching(/^[0-9a-f]{24}$/),
    provider: 'github',
    event: 'push',
    secretSlot: 'current',
    deliveryHint: 'd-1',
    settled: 'committed',
    limits: [{ name: 'github:route', max: 600, remaining: 599 }],
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
  })
})

it('gives the origin the same id and trace', () => {
  const [arrived] = gateway.origin.requests
  expect(arrived?.values('sallyport-id')).toEqual([records.forwarded?.id])
  expect(arrived?.values('traceparent')[0]).toContain(records.forwarded?.traceId)
})

it('tells why, with the measure, what the answer does not', () => {
  expect(records.refused).toMatchObject({
    decision: 'refused',
    stage: 'authenticate',
    code: 'signature_refused',
    status: 401,
    provider: null,
    deliveryHint: null,
  })
  expect(records.stale).toMatchObject({
    reason: 'standard: the signed time is too old',
    measure: { limit: 300, unit: 'seconds' },
  })
  expect(records.stale?.measure?.actual).toBeGreaterThanOrEqual(400)
  expect(answers.stale?.text).not.toMatch(/old|300|time/)
  expect(records.unmatched).toMatchObject({ stage: 'match', code: 'route_not_found', route: null })
})

it('tells duplicates, handshakes and report mode', () => {
  expect(records.duplicate).toMatchObject({
    decision: 'duplicate',
    duplicateOf: records.forwarded?.id,
    originStatus: null,
  })
  expect(records.handshake).toMatchObject({ decision: 'handshake', status: 200, bytesOut: 3 })
  expect(records.watched).toMatchObject({ decision: 'forwarded', mode: 'report', code: null })
  expect(records.watched?.reported).toMatchObject([{ stage: 'authenticate', code: 'signature_refused' }])
})
