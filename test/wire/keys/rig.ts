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

/** A request that was made beside something else: its status, when it began and how long it took, in milliseconds. */
export interface Timed {
  status: number
  at: number
  ms: number
}

/** Asks four at a time, each after the one before it, for as long as something else goes on. */
export async function askMeanwhile(
  ask: () => Promise<RawAnswer>,
  meanwhile: Promise<unknown>,
): Promise<Timed[]> {
  let isOver = false
  const over = meanwhile.finally(() => {
    isOver = true
  })
  const timed: Timed[] = []
  const lane = async (): Promise<void> => {
    while (!isOver) {
      const at = performance.now()
      const { status } = await ask()
      timed.push({ status, at, ms: performance.now() - at })
    }
  }
  await Promise.all(Array.from({ length: 4 }, lane))
  await over
  return timed
}

/** How long the one in the middle took: a machine that stalls now and then does not move it. */
export function medianMs(timed: readonly Timed[]): number {
  if (timed.length === 0) throw new Error('nothing was asked')
  return timed.map(({ ms }) => ms).sort((a, b) => a - b)[timed.length >> 1] ?? Number.NaN
}

/** Requests that began while the issuer let the one fetch hang: it is given up after 5 s, and the last half second is not counted. */
export const whileItHangs = (timed: readonly Timed[], askedAt: number): Timed[] =>
  timed.filter(({ at }) => at >= askedAt && at < askedAt + 4500)

/**
 * Beyond this a good request waits for something, in milliseconds: `before` is what it took before. A machine that slows down
 * meanwhile does not come near it, and a wait of 300 ms goes beyond it.
 */
export const tooSlowMs = (before: readonly Timed[]): number => 2 * medianMs(before) + 150

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
