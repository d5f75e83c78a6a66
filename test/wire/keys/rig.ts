import { Agent, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CompactSign, exportJWK, generateKeyPair } from 'jose'
import { type Issuer, startIssuer } from '../../unit/keys/issuer.ts'
import { HOST, startGateway, type TestGateway } from '../harness/gateway.ts'
import type { RawAnswer } from '../harness/raw.ts'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
const SEAL_KEY = 'seal-key-canary-8f2e-0123456789abcdef'

/** A key that signs, and what an issuer publishes of it. */
export interface Signer {
  jwk: object
  /** A token that names the key by its kid, or by another. */
  token(kid?: string): Promise<string>
}

export async function newSigner(kid: string): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' },
    token: (named = kid) =>
      new CompactSign(new TextEncoder().encode('{"sub":"test"}'))
        .setProtectedHeader({ alg: 'ES256', kid: named })
        .sign(privateKey),
  }
}

export interface KeysRig {
  gateway: TestGateway
  issuer: Issuer
  /** The texts of shared state. */
  stored: Map<string, string>
  ask(token: string, path?: string): Promise<RawAnswer>
  /** Moves the Worker's clock. */
  pass(ms: number): Promise<void>
  /** A new isolate, which has nothing in memory and the real time. */
  coldStart(): Promise<void>
  close(): Promise<void>
}

export async function startRig(bindings: Record<string, string> = {}): Promise<KeysRig> {
  const stored = new Map<string, string>()
  const store = createServer(async (request, response) => {
    const name = request.url ?? ''
    if (request.method === 'PUT') stored.set(name, await new Response(request as never).text())
    const text = stored.get(name)
    response.writeHead(text === undefined ? 404 : 200).end(text)
  })
  await new Promise<void>((listening) => store.listen(0, '127.0.0.1', listening))
  const issuer = await startIssuer()
  const gateway = await startGateway({
    entry: 'test/wire/workers/keys.ts',
    bindings: {
      ISSUER: issuer.url,
      STORE_URL: `http://127.0.0.1:${(store.address() as AddressInfo).port}`,
      SEAL_KEY,
      ...bindings,
    },
  })
  return {
    gateway,
    issuer,
    stored,
    ask: (token, path = '/one') =>
      gateway.call({ target: path, headers: [['Authorization', `Bearer ${token}`]] }),
    async pass(ms) {
      await gateway.door('/', ms)
    },
    coldStart: () => gateway.workerd.restart(),
    async close() {
      await gateway.close()
      await issuer.close()
      store.closeAllConnections()
      store.close()
    },
  }
}

/** Sends so many requests over a few connections, and counts their statuses. */
export async function flood(
  port: number,
  count: number,
  tokenOf: (i: number) => string,
): Promise<Record<number, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 24 })
  const statuses: Record<number, number> = {}
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const headers = { host: HOST, authorization: `Bearer ${tokenOf(next++)}` }
      const status = await new Promise<number>((answered, failed) => {
        get({ agent, host: '127.0.0.1', port, path: '/one', headers }, (response) => {
          response.resume().once('end', () => answered(response.statusCode ?? 0))
        }).once('error', failed)
      })
      statuses[status] = (statuses[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: 24 }, worker))
  agent.destroy()
  return statuses
}

/** A token under a kid that nobody has heard of; its signature is of the right form. */
export const unknownToken = (i: number): string => {
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: `unknown-${i}` })).toString('base64url')
  return `${header}.eyJzdWIiOiJ0ZXN0In0.${'A'.repeat(86)}`
}

/** Waits for what another process brings about. */
export async function until(isSo: () => boolean, timeoutMs = 15_000): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!isSo()) {
    if (performance.now() > end) throw new Error('it did not come about')
    await new Promise((resume) => setTimeout(resume, 5))
  }
}
