import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { mintKey } from '../../src/credentials/api-key/mint.ts'
import { es256, part, sha256Of, thumbprintOf } from '../unit/credentials/dpop/proofs.ts'
import { startIntrospection } from '../unit/credentials/introspection/server.ts'
import { one, problem, startGateway, type TestGateway } from './harness/gateway.ts'
import { type RawAnswer, request, send } from './harness/raw.ts'

const ISSUER = 'https://id.example.com/'
const CHECKSUM = 'checksum-secret-canary-90aa-0123456789'
const CLIENT_SECRET = 'client-secret-canary-6b1d'
/** A machine that stalls may let a time of these tests run out; a gateway that does wrong fails each time. */
const stalls = { retry: 2 }

let gateway: TestGateway
let endpoint: Awaited<ReturnType<typeof startIntrospection>>
let now = 0
const minted = await mintKey({
  prefix: 'acme_live',
  checksumSecret: CHECKSUM,
  scopes: ['orders:read'],
  now: Date.now(),
  id: 'listed',
})

beforeAll(async () => {
  endpoint = await startIntrospection()
  gateway = await startGateway({
    entry: 'test/wire/workers/opaque-tokens.ts',
    bindings: {
      INTROSPECTION_URL: endpoint.url,
      INTROSPECTION_CLIENT: 'gateway',
      INTROSPECTION_SECRET: CLIENT_SECRET,
      TOKEN_ISSUER: ISSUER,
      API_KEY_CHECKSUM: CHECKSUM,
      API_KEYS: JSON.stringify([minted.record]),
    },
  })
})
afterAll(async () => {
  await gateway?.close()
  await endpoint?.close()
})
beforeEach(async () => {
  gateway.origin.clear()
  // Past every pause and every answer of the test before.
  await move(120_000)
  endpoint.answer(active())
  endpoint.asked.length = 0
})

const move = async (moveMs: number) => {
  now = (await gateway.door<{ now: number }>('/', { moveMs })).now
}
const active = (more: object = {}) => ({
  active: true,
  iss: ISSUER,
  sub: 'ann',
  aud: 'orders-api',
  scope: 'orders:read',
  iat: Math.floor(now / 1000) - 60,
  exp: Math.floor(now / 1000) + 100_000,
  ...more,
})
let serial = 0
const fresh = () => `opaque-canary-${process.pid}-${++serial}`
const get = (target: string, ...headers: [string, string][]) => gateway.call({ target, headers })
const bearer = (token: string): [string, string] => ['Authorization', `Bearer ${token}`]
const said = (answer: RawAnswer) => [answer.status, answer.status === 200 ? undefined : problem(answer).code]

describe('an opaque token', () => {
  it('that is active passes, is asked about once, and nothing of it is told', async () => {
    const token = fresh()
    for (let i = 0; i < 3; i++) {
      const answer = await get('/orders', bearer(token))
      expect(said(answer)).toEqual([200, undefined])
      expect((await gateway.recordOf(answer)).reason).toBe(null)
    }
    expect(endpoint.asked.map(({ method, form }) => [method, form.get('token')])).toEqual([['POST', token]])
    expect(gateway.origin.requests[0]?.values('x-subject')).toEqual(['ann'])
    const told = gateway.workerd.lines.join('\n')
    for (const secret of ['opaque-canary', CLIENT_SECRET, ISSUER]) expect(told).not.toContain(secret)
  })

  it('that 40 requests bring at once is asked about once', async () => {
    endpoint.answer({ body: JSON.stringify(active()), delayMs: 200 })
    const token = fresh()
    const answers = await Promise.all(Array.from({ length: 40 }, () => get('/orders', bearer(token))))
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200))
    expect(endpoint.asked).toHaveLength(1)
  })

  it('is asked about again after 30 s, and refused once it is not active any more', async () => {
    const token = fresh()
    expect((await get('/orders', bearer(token))).status).toBe(200)
    endpoint.answer({ active: false })
    await move(25_000)
    expect((await get('/orders', bearer(token))).status).toBe(200)
    await move(6000)
    const answer = await get('/orders', bearer(token))
    expect(said(answer)).toEqual([401, 'credential_refused'])
    expect(one(answer, 'www-authenticate')).toMatch(/^Bearer .*error="invalid_token"/)
    expect(endpoint.asked).toHaveLength(2)
  })

  it('that is not active is asked about once in 5 seconds', stalls, async () => {
    endpoint.answer({ active: false })
    const [token, before] = [fresh(), endpoint.asked.length]
    const answers = await Promise.all(Array.from({ length: 20 }, () => get('/orders', bearer(token))))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(401))
    expect(endpoint.asked).toHaveLength(before + 1)
    await move(5000)
    await get('/orders', bearer(token))
    expect(endpoint.asked).toHaveLength(before + 2)
  })

  it('ends with its exp, also while its answer is remembered', async () => {
    endpoint.answer(active({ exp: Math.floor(now / 1000) - 20 }))
    const token = fresh()
    expect((await get('/orders', bearer(token))).status).toBe(200)
    await move(11_000)
    expect(said(await get('/orders', bearer(token)))).toEqual([401, 'credential_refused'])
    expect(endpoint.asked).toHaveLength(1)
  })

  it('of another audience is refused on that route alone, without another question', async () => {
    const token = fresh()
    expect((await get('/orders', bearer(token))).status).toBe(200)
    expect(said(await get('/billing', bearer(token)))).toEqual([401, 'credential_refused'])
    expect(endpoint.asked).toHaveLength(1)
  })

  it('without the scope is 403, and without an exp, an audience or an issuer 401', async () => {
    endpoint.answer(active({ scope: 'orders:write' }))
    expect(said(await get('/orders', bearer(fresh())))).toEqual([403, 'scope_missing'])
    for (const wrong of [
      { exp: undefined },
      { aud: undefined },
      { iss: undefined },
      { iss: 'https://evil/' },
    ]) {
      endpoint.answer(active(wrong))
      expect(said(await get('/orders', bearer(fresh())))).toEqual([401, 'credential_refused'])
    }
    expect(gateway.origin.requests).toHaveLength(0)
  })

  it('of a subject that is revoked is refused while its answer is remembered', async () => {
    endpoint.answer(active({ sub: 'mallory' }))
    const token = fresh()
    expect((await get('/orders', bearer(token))).status).toBe(200)
    await gateway.door('/', { revoke: `${ISSUER}|mallory` })
    await expect
      .poll(async () => said(await get('/orders', bearer(token))), { timeout: 5000 })
      .toEqual([401, 'principal_revoked'])
    expect(endpoint.asked).toHaveLength(1)
  })

  it('beside API keys on one route: neither is taken for the other', async () => {
    expect((await get('/either', bearer(minted.key))).status).toBe(200)
    expect(endpoint.asked).toHaveLength(0)
    expect((await get('/either', bearer(fresh()))).status).toBe(200)
    expect(endpoint.asked).toHaveLength(1)
    expect(said(await get('/either', bearer(`${minted.key.slice(0, -2)}00`)))).toEqual([
      401,
      'credential_refused',
    ])
    expect(said(await get('/orders', bearer(minted.key)))).toEqual([200, undefined])
    expect(endpoint.asked).toHaveLength(2)
  })

  it('that is bound to a key passes once with its proof, and as a bearer token never', async () => {
    endpoint.answer(active({ token_type: 'DPoP', cnf: { jkt: thumbprintOf(es256.jwk) } }))
    const token = fresh()
    const head = part(JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk: es256.jwk }))
    const claims = {
      htm: 'GET',
      htu: 'http://gw.test/bound',
      iat: Math.floor(now / 1000),
      jti: token,
      ath: sha256Of(token),
    }
    const body = part(JSON.stringify(claims))
    const proof = `${head}.${body}.${part(es256.sign(`${head}.${body}`))}`
    const proven = () => get('/bound', ['Authorization', `DPoP ${token}`], ['DPoP', proof])
    expect(said(await proven())).toEqual([200, undefined])
    expect([401, 409]).toContain((await proven()).status)
    for (const path of ['/bound', '/orders'])
      expect(said(await get(path, bearer(token)))).toEqual([401, 'credential_refused'])
    expect(gateway.origin.requests).toHaveLength(1)
  })

  it('that is a DPoP token and names no key is refused, however it comes', async () => {
    for (const type of [{ token_type: 'DPoP' }, { token_type: 'dpop' }, { typ: 'DPoP' }]) {
      endpoint.answer(active(type))
      for (const path of ['/orders', '/bound'])
        expect(said(await get(path, bearer(fresh())))).toEqual([401, 'credential_refused'])
    }
    expect(gateway.origin.requests).toHaveLength(0)
  })

  it('whose answer takes longer than it is remembered passes for all who wait for it', async () => {
    endpoint.answer({ body: JSON.stringify(active()), delayMs: 800 })
    const token = fresh()
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        await new Promise((resolve) => setTimeout(resolve, i * 90))
        return get('/brief', bearer(token))
      }),
    )
    expect(answers.map(said)).toEqual(Array(8).fill([200, undefined]))
  })

  it('that was remembered a moment ago passes in a flood of junk', async () => {
    endpoint.answer(({ form }) =>
      form.get('token')?.startsWith('junk') ? { active: false } : active({ sub: 'ann' }),
    )
    const good = Array.from({ length: 10 }, fresh)
    for (const token of good) expect((await get('/orders', bearer(token))).status).toBe(200)
    await move(31_000)
    let isOver = false
    const refused: number[] = []
    const flood = Array.from({ length: 8 }, async () => {
      while (!isOver) refused.push((await get('/orders', bearer(`junk-${fresh()}`))).status)
    })
    // The flood has used up what strangers may cost.
    await expect.poll(() => refused.includes(503), { timeout: 10_000 }).toBe(true)
    const before = endpoint.asked.length
    const answers: RawAnswer[] = []
    for (const token of good) answers.push(await get('/orders', bearer(token)))
    isOver = true
    await Promise.all(flood)
    expect(answers.map(said)).toEqual(Array(10).fill([200, undefined]))
    const asked = endpoint.asked.slice(before).map(({ form }) => form.get('token'))
    expect(good.every((token) => asked.includes(token))).toBe(true)
  })
})

describe('a token that the endpoint fails at', () => {
  const twice = () => JSON.stringify(active()).replace('}', ',"sub":"bob"}')
  it.each<[string, () => object]>([
    ['with a 400', () => ({ status: 400, body: '{"error":"invalid_request"}' })],
    [
      'with the 403 of a firewall',
      () => ({ status: 403, headers: { 'content-type': 'text/html' }, body: '<html>' }),
    ],
    ['with a member that stands there twice', () => ({ body: twice() })],
    ['with more than 64 KiB', () => active({ note: 'a'.repeat(65_536) })],
  ])('%s is a 503, and every other token is asked about as ever', async (_, odd) => {
    endpoint.answer(({ form }) => (form.get('token')?.startsWith('..') ? odd() : active()))
    // Two of them in each second of half a minute.
    for (let i = 0; i < 60; i++) {
      await move(500)
      const answer = await get('/orders', bearer(`../../etc/passwd-${i}`))
      expect(said(answer)).toEqual([503, 'issuer_unavailable'])
      expect(said(await get('/orders', bearer(fresh())))).toEqual([200, undefined])
    }
    expect(gateway.workerd.lines.join('\n')).not.toContain('etc/passwd')
  })
})

describe('no question is asked about', () => {
  it.each<[string, [string, string][], number, string]>([
    ['nothing', [], 401, 'credential_missing'],
    [
      'a JWT, whose issuer is another',
      [bearer('eyJhbGciOiJub25lIn0.eyJpc3MiOiJhIn0.')],
      401,
      'credential_refused',
    ],
    ['4097 characters', [bearer('a'.repeat(4097))], 401, 'credential_refused'],
    ['two tokens in one header', [bearer('a, Bearer b')], 400, 'credential_repeated'],
    ['two headers', [bearer('a'), bearer('b')], 400, 'credential_repeated'],
    ['two words', [bearer('a b')], 401, 'credential_refused'],
    ['no word', [['Authorization', 'Bearer']], 401, 'credential_refused'],
    ['a scheme of its own', [['Authorization', 'Token abc']], 401, 'credential_missing'],
    ['DPoP on a route that takes none', [['Authorization', 'DPoP abc']], 401, 'credential_missing'],
  ])('%s', async (_, headers, status, code) => {
    expect(said(await get('/orders', ...headers))).toEqual([status, code])
    expect(endpoint.asked).toHaveLength(0)
    expect(gateway.origin.requests).toHaveLength(0)
  })
})

describe('an endpoint that fails', () => {
  it('is a 503 with Retry-After, is not hammered, and tokens that are known pass', stalls, async () => {
    endpoint.answer(active())
    const token = fresh()
    expect((await get('/orders', bearer(token))).status).toBe(200)
    for (const broken of [{ drop: true }, { status: 500 }, { body: 'html' }, active({ active: 'true' })]) {
      await move(-1)
      endpoint.answer(broken)
      endpoint.asked.length = 0
      const first = await get('/orders', bearer(fresh()))
      expect(said(first)).toEqual([503, 'issuer_unavailable'])
      expect(Number(one(first, 'retry-after'))).toBeGreaterThan(0)
      expect(first.headers.has('www-authenticate')).toBe(false)
      const start = performance.now()
      const flood = await Promise.all(Array.from({ length: 100 }, () => get('/orders', bearer(fresh()))))
      expect(new Set(flood.map(({ status }) => status))).toEqual(new Set([503]))
      // One, and one more for each second that the flood itself took.
      expect(endpoint.asked.length).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - start) / 700))
      expect((await get('/orders', bearer(token))).status).toBe(200)
      // It is well again: what ends an outage is one answer.
      endpoint.answer(active())
      await move(5000)
      expect((await get('/orders', bearer(fresh()))).status).toBe(200)
    }
  })

  it('by sending the gateway elsewhere is not followed, and nobody else sees token or credentials', async () => {
    const elsewhere = await startIntrospection()
    try {
      for (const status of [301, 302, 303, 307, 308]) {
        endpoint.answer({ status, headers: { location: elsewhere.url } })
        expect(said(await get('/orders', bearer(fresh())))).toEqual([503, 'issuer_unavailable'])
        await move(60_000)
      }
      expect(endpoint.asked).toHaveLength(5)
      expect(elsewhere.asked).toHaveLength(0)
    } finally {
      await elsewhere.close()
    }
  })

  it('by being slow holds a request no longer than its deadline, and its answer is there for the next', async () => {
    endpoint.answer({ body: JSON.stringify(active()), delayMs: 1500 })
    const token = fresh()
    const start = performance.now()
    const answer = await get('/hasty', bearer(token))
    expect(said(answer)).toEqual([503, 'issuer_unavailable'])
    expect(performance.now() - start).toBeLessThan(1400)
    await new Promise((resolve) => setTimeout(resolve, 2000))
    expect((await get('/hasty', bearer(token))).status).toBe(200)
    expect(endpoint.asked).toHaveLength(1)
  })

  it('has at most 50 questions under way in an isolate', async () => {
    endpoint.answer({ body: JSON.stringify(active()), delayMs: 3000 })
    const answers = await Promise.all(Array.from({ length: 120 }, () => get('/orders', bearer(fresh()))))
    const counts = (code: number) => answers.filter(({ status }) => status === code).length
    expect([counts(200), counts(503)]).toEqual([50, 70])
    expect(endpoint.asked).toHaveLength(50)
  })

  it('does not lose the answer to a client that hangs up, and others wait for it', async () => {
    endpoint.answer({ body: JSON.stringify(active()), delayMs: 800 })
    const token = fresh()
    const bytes = request({ method: 'GET', target: '/orders', headers: [['Host', 'gw.test'], bearer(token)] })
    const gone = send(gateway.workerd.port, bytes, { abortAfterMs: 200 }).catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 300))
    const answers = await Promise.all(Array.from({ length: 5 }, () => get('/orders', bearer(token))))
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
    expect(endpoint.asked).toHaveLength(1)
    await gone
  })

  it('leaves room for those who wait for another token, however many hang up on one', async () => {
    endpoint.answer(({ form }) => ({
      body: JSON.stringify(active()),
      delayMs: form.get('token')?.endsWith('slow') ? 4500 : 200,
    }))
    const headers: [string, string][] = [['Host', 'gw.test'], bearer(`${fresh()}slow`)]
    const bytes = request({ method: 'GET', target: '/orders', headers })
    const gone: Promise<unknown>[] = []
    for (let i = 0; i < 520; i++) {
      gone.push(send(gateway.workerd.port, bytes, { abortAfterMs: 700 }).catch(() => undefined))
      if (i % 40 === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await Promise.all(gone)
    const token = fresh()
    const answers = await Promise.all(Array.from({ length: 10 }, () => get('/orders', bearer(token))))
    expect(answers.map(said)).toEqual(Array(10).fill([200, undefined]))
  })
})
