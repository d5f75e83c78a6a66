import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Mode } from '../unit/keys/issuer.ts'
import {
  askMeanwhile,
  flood,
  type KeysRig,
  medianMs,
  newSigner,
  SECOND,
  type Signer,
  startRig,
  tooSlowMs,
  unknownToken,
  until,
  whileItHangs,
} from './keys/rig.ts'

const COUNT = 10_000
const WINDOW_MS = 30_000
const pause = (ms: number) => new Promise((resume) => setTimeout(resume, ms))

let rig: KeysRig
let first: Signer
let second: Signer
beforeAll(async () => {
  rig = await startRig()
  first = await newSigner('first')
  second = await newSigner('second')
})
afterAll(() => rig?.close())
beforeEach(async () => {
  await rig.coldStart()
  rig.stored.clear()
  rig.issuer.mode = 'ok'
  rig.issuer.keys = [first.jwk]
  rig.issuer.requests = []
})

describe('a flood of 10,000 tokens with unknown keys', { timeout: 120_000 }, () => {
  it.each<[Mode, string]>([
    ['ok', 'healthy'],
    ['silent', 'silent until the flood is over'],
    ['dead', 'dead'],
  ])('costs an issuer that is %s one fetch a window, and good tokens nothing', async (mode) => {
    const token = await first.token()
    expect((await rig.ask(token)).status).toBe(200)
    const ask = () => rig.ask(token)
    const { port } = rig.gateway.workerd
    // What hangs leaves the machine free; else the flood takes its share, with a fetch and without.
    const alike = mode === 'silent' ? pause(500) : flood(port, 1000, unknownToken)
    const before = await askMeanwhile(ask, alike)
    rig.issuer.requests = []
    rig.issuer.mode = mode
    await rig.pass(31 * SECOND)
    const began = performance.now()
    const flooding = flood(port, COUNT, unknownToken)
    const [statuses, good, askedAt] = await Promise.all([
      flooding,
      askMeanwhile(ask, flooding),
      until(() => rig.issuer.requests.length > 0).then(() => performance.now()),
    ])
    // One window, and those that a slow machine took beyond it.
    const windows = 1 + Math.floor((performance.now() - began) / WINDOW_MS)
    expect(rig.issuer.requests.length).toBeLessThanOrEqual(windows)
    // 503 while the issuer is being asked for their keys, and 401 once it has none.
    const { 401: none = 0, 503: asking = 0, ...others } = statuses
    expect([none + asking, others]).toEqual([COUNT, {}])
    expect(none).toBeGreaterThan(asking)
    expect(new Set([...before, ...good].map(({ status }) => status))).toEqual(new Set([200]))
    // With a silent issuer they are answered while the one fetch hangs.
    const counted = mode === 'silent' ? whileItHangs(good, askedAt) : good
    expect(counted.length).toBeGreaterThan(10)
    expect(medianMs(counted)).toBeLessThan(tooSlowMs(before))
    rig.issuer.release()

    // And the rotation that came meanwhile is seen in the next window.
    rig.issuer.mode = 'ok'
    rig.issuer.keys = [first.jwk, second.jwk]
    await rig.pass(31 * SECOND)
    const rotated = await second.token()
    let status = 0
    // A fetch may outlast a request's patience on a machine that stalls.
    for (let tries = 0; tries < 10 && status !== 200; tries++) status = (await rig.ask(rotated)).status
    expect(status).toBe(200)
    expect((await rig.ask(token)).status).toBe(200)
  })

  it('costs a dead issuer what its backoff allows where there is no set, and is answered 503', async () => {
    rig.issuer.mode = 'dead'
    const began = performance.now()
    expect(await flood(rig.gateway.workerd.port, COUNT, unknownToken)).toEqual({ 503: COUNT })
    // Pauses of at least 0.75, 1.5, 3, 6, 12, 24 and then 45 seconds.
    const seconds = (performance.now() - began) / 1000
    const most = 1 + [0.75, 2.25, 5.25, 11.25, 23.25, 47.25, 92.25].filter((at) => at <= seconds).length
    expect(rig.issuer.requests.length).toBeLessThanOrEqual(most)
  })
})
