import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { importSigningKey, signRequest } from '../../../src/origin/sign.ts'
import { ordersListener } from './example.ts'
import { TEST_KEYS, utf8 } from './proofs.ts'

const server = createServer()
let origin = ''

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  origin = `http://127.0.0.1:${port}`
  server.on('request', ordersListener(`127.0.0.1:${port}`, [TEST_KEYS.hmac, TEST_KEYS.ed25519Public]))
})

afterAll(() => {
  server.close()
  server.closeAllConnections()
})

async function prove(path: string, body: Uint8Array, key: string = TEST_KEYS.hmac): Promise<Headers> {
  const headers = new Headers({
    'content-type': 'application/json',
    'sallyport-id': 'id-1',
    'sallyport-host': 'api.example.com',
    'sallyport-route': 'POST /orders',
    'x-subject': 'user-7',
  })
  await signRequest(await importSigningKey(key), {
    method: 'POST',
    url: origin + path,
    headers,
    asserted: ['sallyport-host', 'sallyport-id', 'sallyport-route', 'x-subject'],
    digest: createHash('sha256').update(body).digest(),
    created: Math.floor(Date.now() / 1000),
  })
  return headers
}

const post = (path: string, headers: Headers, body: Uint8Array) =>
  fetch(origin + path, { method: 'POST', headers, body: body as BodyInit, signal: AbortSignal.timeout(5000) })

const json = utf8('{"sku":"a-1"}')
const path = '/orders/%7Eacme//x?b=2&a=%2F'

it('stands word for word in the README', () => {
  const example = readFileSync(join(import.meta.dirname, 'example.ts'), 'utf8')
  const readme = readFileSync(join(import.meta.dirname, '../../../src/origin/README.md'), 'utf8')
  expect(example.length).toBeGreaterThan(500)
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\`\n`)
})

it.each([TEST_KEYS.hmac, TEST_KEYS.ed25519])('lets a proven request through node:http (%s)', async (key) => {
  const response = await post(path, await prove(path, json, key), json)
  expect([response.status, await response.text()]).toEqual([200, 'user-7 called POST /orders'])
})

it('refuses a request straight to the origin', async () => {
  expect((await post(path, new Headers({ 'x-subject': 'root' }), json)).status).toBe(401)
})

it('refuses a captured request on another path, with another body, with another subject, and a second time', async () => {
  const headers = await prove(path, json)
  expect((await post('/orders/other', headers, json)).status).toBe(401)
  expect((await post(path, headers, utf8('{"sku":"a-2"}'))).status).toBe(401)
  const other = new Headers(headers)
  other.set('x-subject', 'root')
  expect((await post(path, other, json)).status).toBe(401)
  expect((await post(path, headers, json)).status).toBe(200)
  expect((await post(path, headers, json)).status).toBe(401)
})

it('sees a header that was repeated on the wire', async () => {
  const headers = await prove('/orders', json)
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`)
  const request = (extra: string[]) => [
    'POST /orders HTTP/1.1',
    'host: any',
    `content-length: ${json.length}`,
    'connection: close',
    ...lines,
    ...extra,
  ]
  expect(await raw(request(['content-type: text/html']))).toMatch(/^HTTP\/1\.1 401 /)
  expect(await raw(request(['X_Subject: root']))).toMatch(/^HTTP\/1\.1 401 /)
  expect(await raw(request([]))).toMatch(/^HTTP\/1\.1 200 /)
})

it('outlives a client that hangs up within the body, and drops a body over the cap', async () => {
  const port = Number(new URL(origin).port)
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n12345', () => socket.destroy())
    })
    socket.on('close', () => resolve())
  })
  const large = new Uint8Array(1_048_577)
  await expect(post(path, await prove(path, large), large)).rejects.toThrow()
  expect((await post(path, await prove(path, json), json)).status).toBe(200)
})

/** Sends header lines and the body as bytes, and reads until the origin closes. */
function raw(lines: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1', () => {
      socket.write(`${lines.join('\r\n')}\r\n\r\n`)
      socket.write(json)
    })
    let text = ''
    socket.setTimeout(5000, () => socket.destroy(new Error('no answer')))
    socket.on('data', (data) => {
      text += data.toString('latin1')
    })
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
  })
}
