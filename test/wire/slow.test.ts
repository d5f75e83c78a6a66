import { sign } from 'sallyport/testing'
import { standard } from 'sallyport/webhooks'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { one, secrets, startGateway, type TestGateway } from './harness/gateway.ts'
import { expectNothingArrived, expectRefused, expectServing, mounts } from './harness/mounts.ts'
import { openSocket, type RawSocket } from './harness/raw.ts'

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe.each(mounts)('$name', ({ entry, prefix }) => {
  let gateway: TestGateway
  const sockets: RawSocket[] = []
  beforeAll(async () => {
    gateway = await startGateway({ entry })
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.close()
    await expectServing(gateway, prefix)
  })
  afterAll(() => gateway?.close())

  async function begin(path: string, fields: string, start: string): Promise<RawSocket> {
    const socket = await openSocket(gateway.workerd.port)
    sockets.push(socket)
    socket.write(
      `POST ${prefix}${path} HTTP/1.1\r\nHost: gw.test\r\nContent-Type: application/json\r\n${fields}\r\n${start}`,
    )
    return socket
  }
  const signedFields = async (): Promise<string> => {
    const { headers } = await sign(standard, { secret: secrets.STANDARD_WEBHOOK_SECRET, body: '{}' })
    delete headers['content-type']
    return Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
  }

  it('ends slow bodies after 10 s of reading with 408, and serves others meanwhile', {
    timeout: 30_000,
  }, async () => {
    const started = performance.now()
    const slow = await Promise.all([
      begin('/small', 'Content-Length: 50\r\n', ''),
      begin('/small', 'Content-Length: 50\r\n', '{'),
      begin('/small', 'Transfer-Encoding: chunked\r\n', '1\r\n{\r\n'),
      begin('/webhooks/standard', `${await signedFields()}Content-Length: 50\r\n`, '{'),
      begin('/watched', 'Content-Length: 50\r\n', '{'),
    ])
    // One that drips: bytes arrive all the time, the body never ends.
    const drip = setInterval(() => slow[1]?.write(' '), 500)
    try {
      const answers = Promise.all(slow.map((socket) => socket.readAnswer({ timeoutMs: 20_000 })))
      await wait(3000)
      expectNothingArrived(gateway)
      await expectServing(gateway, prefix)
      for (const answer of await answers) {
        expectRefused(gateway, answer, 408, 'body_timeout')
        expect((await gateway.recordOf(answer)).measure).toEqual({
          limit: 10_000,
          actual: 10_000,
          unit: 'milliseconds',
        })
      }
      const tookMs = performance.now() - started
      expect(tookMs).toBeGreaterThan(9_500)
      expect(tookMs).toBeLessThan(15_000)
    } finally {
      clearInterval(drip)
    }
  })

  it.each([
    ['half of its declared length', 'Content-Length: 50\r\n', '{"a":1}'],
    ['a chunk but not the last one', 'Transfer-Encoding: chunked\r\n', '7\r\n{"a":1}\r\n'],
    ['half of a chunk', 'Transfer-Encoding: chunked\r\n', '32\r\n{"a":1}'],
  ])('forwards nothing of a body that ends with a reset after %s', async (_name, fields, start) => {
    for (const path of ['/small', '/watched']) {
      const socket = await begin(path, fields, start)
      await wait(150)
      socket.reset()
    }
    await wait(300)
    expectNothingArrived(gateway)
  })

  it.each([
    ['half of its declared length', 'Content-Length: 50\r\n', '{"a":1}'],
    ['a chunk but not the last one', 'Transfer-Encoding: chunked\r\n', '7\r\n{"a":1}\r\n'],
  ])('forwards nothing of a body whose sender says no more after %s', async (_name, fields, start) => {
    for (const path of ['/small', '/watched']) {
      const socket = await begin(path, fields, start)
      socket.halfClose()
      expectRefused(gateway, await socket.readAnswer(), 400, 'body_truncated')
    }
  })

  it('serves others while many heads never end, which is the runtime’s to bound', async () => {
    for (let i = 0; i < 50; i++) {
      const socket = await openSocket(gateway.workerd.port)
      sockets.push(socket)
      socket.write(`GET ${prefix}/read/x HTTP/1.1\r\nHost: gw.test\r\nX-A: `)
    }
    await expectServing(gateway, prefix)
  })

  it('refuses a request without credentials at once, however slow its body', async () => {
    const socket = await begin('/webhooks/standard', 'Content-Length: 50\r\n', '')
    const answer = await socket.readAnswer({ timeoutMs: 3000 })
    expectRefused(gateway, answer, 401, 'signature_missing')
    expect(one(answer, 'www-authenticate')).toBe('Webhook-Signature')
  })
})
