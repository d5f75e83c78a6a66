import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Origin, startOrigin } from './origin.ts'
import { openSocket, request, send } from './raw.ts'
import { startWorkerd, type Workerd } from './workerd.ts'

const GET = 'GET /x HTTP/1.1\r\nHost: gw.test\r\n\r\n'

describe('the origin', () => {
  let origin: Origin
  beforeAll(async () => {
    origin = await startOrigin()
  })
  afterEach(() => origin.clear())
  afterAll(() => origin?.close())

  it('records head bytes, field order and decoded chunks exactly', async () => {
    const head =
      'POST /a/../b HTTP/1.1\r\nhOST: x\r\nX-B:  2\r\nX-A: caf\xe9\r\nTransfer-Encoding: chunked\r\n\r\n'
    await send(origin.port, `${head}2;e=1\r\nhi\r\n1\r\n!\r\n0\r\nT: 1\r\n\r\n`)
    const [seen] = origin.requests
    expect(seen?.head.toString('latin1')).toBe(head)
    expect(seen).toMatchObject({ method: 'POST', target: '/a/../b', complete: true, trailers: [['T', '1']] })
    expect(seen?.headers.map(([name]) => name)).toEqual(['hOST', 'X-B', 'X-A', 'Transfer-Encoding'])
    expect(seen?.body.toString()).toBe('hi!')
  })

  it('answers as told, in order, then as usual', async () => {
    origin.behave({ status: 503, headers: [['Retry-After', '1']], body: 'no' }, 2)
    const answers = [await send(origin.port, GET), await send(origin.port, GET), await send(origin.port, GET)]
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [503, 'no'],
      [503, 'no'],
      [200, '{"ok":true}'],
    ])
    expect(answers[0]?.headers.get('retry-after')).toEqual(['1'])
  })

  it('keeps one connection for several requests and answers them in order', async () => {
    const socket = await openSocket(origin.port)
    origin.behave({ delayMs: 50, body: 'first' })
    socket.write(GET + GET)
    const first = await socket.readAnswer()
    expect([first.text, first.closed]).toEqual(['first', false])
    const second = first.rest.length > 0 ? first.rest.toString('latin1') : (await socket.readAnswer()).text
    expect(second).toContain('{"ok":true}')
    expect(origin.requests.map(({ connection }) => connection)).toEqual([
      origin.requests[0]?.connection,
      origin.requests[0]?.connection,
    ])
    socket.close()
  })

  it('drops before reading the body', async () => {
    origin.behave({ fault: 'drop-before-read' })
    const bytes = request({ method: 'POST', target: '/', headers: [], body: 'hi' })
    expect(await send(origin.port, bytes)).toMatchObject({ status: 0, closed: true })
    expect(await origin.waitForRequest(1, 1_000)).toMatchObject({ complete: false })
  })

  it('drops after reading the body', async () => {
    origin.behave({ fault: 'drop-after-read' })
    const bytes = request({ method: 'POST', target: '/', headers: [], body: 'hi' })
    expect(await send(origin.port, bytes)).toMatchObject({ status: 0, closed: true })
    expect((await origin.waitForRequest(1, 1_000)).body.toString()).toBe('hi')
  })

  it('breaks off in the middle of an answer', async () => {
    origin.behave({ fault: 'half-answer', body: '0123456789' })
    expect(await send(origin.port, GET)).toMatchObject({ status: 200, complete: false, text: '01234' })
  })

  it('hangs after reading', async () => {
    origin.behave({ fault: 'hang' })
    await expect(send(origin.port, GET, { timeoutMs: 200 })).rejects.toThrow('no whole answer after 200 ms')
    expect(origin.requests).toHaveLength(1)
  })

  it('reports an aborted client without an answer', async () => {
    origin.behave({ delayMs: 500 })
    expect(await send(origin.port, GET, { abortAfterMs: 50 })).toMatchObject({ status: 0, closed: true })
  })
})

describe('workerd', () => {
  const durableObjects = [{ binding: 'COUNTER', className: 'Counter', uniqueKey: 'counter' }]
  const entry = 'test/wire/harness/counter.ts'
  const started: Workerd[] = []
  const start = async (options: Parameters<typeof startWorkerd>[0]): Promise<Workerd> => {
    const workerd = await startWorkerd(options)
    started.push(workerd)
    return workerd
  }
  const count = async ({ port }: Workerd): Promise<string> => (await send(port, GET)).text
  afterAll(() => Promise.all(started.map((workerd) => workerd.kill())))

  it('passes text bindings on, whatever they hold', async () => {
    const TEXT = 'quote " backslash \\ line\n tab\t \x01\x7f é \u0085 \u{1f512}'
    const workerd = await start({ entry: 'test/wire/workers/echo.ts', bindings: { TEXT } })
    expect(JSON.parse(await count(workerd))).toMatchObject({ text: TEXT })
    expect(await workerd.waitForLine((line) => line.startsWith('echo'), 1_000)).toBe(
      'echo GET http://gw.test/x',
    )
  })

  it('forgets memory storage at a restart, on the same port with a new process', async () => {
    const workerd = await start({ entry, durableObjects })
    const { port, pid } = workerd
    expect([await count(workerd), await count(workerd)]).toEqual(['1', '2'])
    await workerd.restart()
    expect([workerd.port, await count(workerd)]).toEqual([port, '1'])
    expect(workerd.pid).not.toBe(pid)
  })

  it('keeps storage on disk over a kill and a restart', async () => {
    const storage = await mkdtemp(join(tmpdir(), 'sallyport-storage-'))
    const workerd = await start({ entry, durableObjects, storage })
    expect(await count(workerd)).toBe('1')
    await workerd.kill()
    await expect(send(workerd.port, GET)).rejects.toThrow('ECONNREFUSED')
    await workerd.restart()
    expect(await count(workerd)).toBe('2')
    await workerd.kill()
    await rm(storage, { recursive: true })
  })

  it('tells why it did not start', async () => {
    const nowhere = join(tmpdir(), 'sallyport-storage-that-nobody-made')
    const started = start({ entry, durableObjects, storage: nowhere })
    await expect(started).rejects.toThrow(/workerd did not start:\n.*sallyport-storage-that-nobody-made/s)
  })
})
