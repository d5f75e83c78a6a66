import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sha256Of, signer, thumbprintOf } from '../unit/credentials/dpop/proofs.ts'
import { accessToken, bindings, call, client } from './dpop/tokens.ts'
import { HOST, one, problem, startGateway, type TestGateway } from './harness/gateway.ts'

const ORDERS = '/tenants/acme/orders'
const OTHER = 'other.test'

describe.each(['durable-object', 'upstash'] as const)('DPoP, with state in %s', (state) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({
      entry: 'test/wire/workers/dpop.ts',
      state,
      bindings: { ...bindings, PUBLIC_HOSTS: `${HOST} ${OTHER}` },
    })
  })
  afterAll(() => gateway?.close())
  beforeEach(() => gateway.origin.clear())

  const reused = ['proof_refused', 'delivery_repeated']

  test.each(['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'])('lets a proof by %s through', async (alg) => {
    const { token, proof } = client(signer(alg))
    const answer = await call(gateway, 'POST', ORDERS, { token, proof: proof('POST', ORDERS) })
    expect([answer.status, answer.text]).toEqual([200, '{"ok":true}'])
    expect(gateway.origin.requests).toHaveLength(1)
  })

  test('lets one of 40 parallel uses of one proof through', async () => {
    const { token, proof } = client()
    const same = proof('POST', ORDERS)
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => call(gateway, 'POST', ORDERS, { token, proof: same })),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const refusals = answers.filter(({ status }) => status !== 200)
    expect(refusals.filter((answer) => !reused.includes(problem(answer).code))).toEqual([])
    expect(gateway.origin.requests).toHaveLength(1)
  })

  test('does not give a proof back when the origin answers 500, or not at all', async () => {
    const { token, proof } = client()
    for (const behaviour of [{ status: 500 }, { status: 503 }, { fault: 'drop-after-read' as const }]) {
      gateway.origin.behave(behaviour)
      const same = proof('POST', ORDERS)
      const first = await call(gateway, 'POST', ORDERS, { token, proof: same })
      expect(first.status).toBe(behaviour.status ?? 502)
      const again = await call(gateway, 'POST', ORDERS, { token, proof: same })
      expect(reused).toContain(problem(again).code)
    }
    expect(gateway.origin.requests).toHaveLength(3)
  })

  test('refuses a used proof after a restart, and where copies are forwarded', async () => {
    const { token, proof } = client()
    const same = proof('GET', '/copies')
    expect((await call(gateway, 'GET', '/copies', { token, proof: same })).status).toBe(200)
    expect(reused).toContain(problem(await call(gateway, 'GET', '/copies', { token, proof: same })).code)
    await gateway.workerd.restart()
    expect(reused).toContain(problem(await call(gateway, 'GET', '/copies', { token, proof: same })).code)
    expect(gateway.origin.requests).toHaveLength(1)
  })

  test('tells two uses of one proof apart by nothing that is not proven: neither query nor headers', async () => {
    const { token, proof } = client()
    const same = proof('GET', '/read/a')
    expect((await call(gateway, 'GET', '/read/a?page=1', { token, proof: same })).status).toBe(200)
    const again = await call(gateway, 'GET', '/read/a?page=2', {
      token,
      proof: same,
      headers: [['X-Request-Id', 'another']],
    })
    expect(reused).toContain(problem(again).code)
  })

  test('takes a used proof for no other tenant that the client names', async () => {
    const { token, proof } = client()
    const same = proof('POST', ORDERS)
    const as = (tenant: string) =>
      call(gateway, 'POST', ORDERS, { token, proof: same, body: JSON.stringify({ tenant }) })
    expect((await as('a')).status).toBe(200)
    expect(reused).toContain(problem(await as('b')).code)
  })

  test('takes proofs whose URL has another query, another spelling, or none', async () => {
    const { token, proof } = client()
    for (const htu of [
      `http://${HOST}/read/a%7Eb?x=1`,
      `HTTP://${HOST.toUpperCase()}:80/read/%61~b`,
      `http://${HOST}/read/a~b#part`,
    ]) {
      const answer = await call(gateway, 'GET', '/read/a%7eb?page=1', {
        token,
        proof: proof('GET', '', { htu }),
      })
      expect([htu, answer.status]).toEqual([htu, 200])
    }
  })

  test('takes two proofs of one client at once, and one jti of two clients', async () => {
    const [a, b] = [client(), client()]
    const jti = randomUUID()
    const answers = await Promise.all([
      call(gateway, 'GET', '/read/a', { token: a.token, proof: a.proof('GET', '/read/a', { jti }) }),
      call(gateway, 'GET', '/read/a', { token: b.token, proof: b.proof('GET', '/read/a', { jti }) }),
      call(gateway, 'GET', '/read/a', { token: a.token, proof: a.proof('GET', '/read/a') }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  })
})

describe('a key that nobody has to hold', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ entry: 'test/wire/workers/dpop.ts', bindings })
  })
  afterAll(() => gateway?.close())

  // Two points of small order, under which workerd takes these signatures for any text.
  test.each([
    ['EdDSA', `01${'00'.repeat(31)}`],
    ['Ed25519', `01${'00'.repeat(31)}`],
    ['EdDSA', `ee${'ff'.repeat(30)}7f`],
  ])('proves nothing: %s, %s', async (alg, point) => {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(point, 'hex').toString('base64url') }
    const constant = Buffer.from(`01${'00'.repeat(63)}`, 'hex')
    const { token, proof } = client({ alg, jwk, sign: () => constant })
    const answer = await call(gateway, 'GET', '/read/a', { token, proof: proof('GET', '/read/a') })
    expect([answer.status, problem(answer).code]).toEqual([401, 'proof_refused'])
    expect((await gateway.recordOf(answer)).reason).toBe('DPoP: jwk is no public key for the algorithm')
    expect(gateway.origin.requests).toEqual([])
  })
})

describe('what a proof is for', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({
      entry: 'test/wire/workers/dpop.ts',
      bindings: { ...bindings, PUBLIC_HOSTS: `${HOST} ${OTHER}` },
    })
  })
  afterAll(() => gateway?.close())
  beforeEach(() => gateway.origin.clear())

  const me = client()
  const good = () => me.proof('POST', ORDERS)
  const seconds = (from: number) => Math.floor(Date.now() / 1000) + from
  const challengeOf = (answer: Awaited<ReturnType<typeof call>>) =>
    answer.headers.get('www-authenticate')?.join(', ').split('DPoP ')[1] ?? ''

  type Sent = Parameters<typeof call>[3] & { method?: string; target?: string }
  const attacks: [string, () => Sent][] = [
    ['on another path', () => ({ ...me, proof: good(), target: '/tenants/other/orders' })],
    ['on another method', () => ({ ...me, proof: good(), method: 'PUT' })],
    ['on another host', () => ({ ...me, proof: good(), host: OTHER })],
    [
      'with another token of the same client',
      () => ({ token: accessToken({ jkt: thumbprintOf(me.by.jwk) }), proof: good() }),
    ],
    ['with the token of another client', () => ({ token: client().token, proof: good() })],
    [
      'by another key for a stolen token',
      () => {
        const thief = client()
        return { ...me, proof: thief.proof('POST', ORDERS, { ath: sha256Of(me.token) }) }
      },
    ],
    ['without a proof', () => ({ ...me, proof: undefined })],
    ['with an empty proof', () => ({ ...me, proof: '' })],
    ['with two DPoP headers', () => ({ ...me, proof: good(), headers: [['DPoP', good()]] })],
    ['with a bad one before a good one', () => ({ ...me, proof: 'a.b.c', headers: [['DPoP', good()]] })],
    ['in a header with another name', () => ({ ...me, proof: undefined, headers: [['X-DPoP', good()]] })],
    ['that is the token itself', () => ({ ...me, proof: me.token })],
    ['with junk', () => ({ ...me, proof: 'junk' })],
    ['of 5 KB', () => ({ ...me, proof: `${good()}${'A'.repeat(5000)}` })],
    [
      'that is older than a minute',
      () => ({ ...me, proof: me.proof('POST', ORDERS, { iat: seconds(-65) }) }),
    ],
    ['of the future', () => ({ ...me, proof: me.proof('POST', ORDERS, { iat: seconds(3600) }) })],
    ['with an algorithm of none', () => ({ ...me, proof: me.proof('POST', ORDERS, {}, { alg: 'none' }) })],
    [
      'with a private key in it',
      () => ({ ...me, proof: me.proof('POST', ORDERS, {}, { jwk: { ...me.by.jwk, d: 'AQ' } }) }),
    ],
    [
      'with the https URL of a plain request',
      () => ({ ...me, proof: me.proof('POST', ORDERS, { htu: `https://${HOST}${ORDERS}` }) }),
    ],
    [
      'with the URL of the origin',
      () => ({ ...me, proof: me.proof('POST', ORDERS, { htu: `${gateway.origin.url}${ORDERS}` }) }),
    ],
    [
      'whose path climbs',
      () => ({ ...me, proof: me.proof('POST', ORDERS, { htu: `http://${HOST}/x/..${ORDERS}` }) }),
    ],
    [
      'with forwarding headers that name its URL',
      () => ({
        ...me,
        proof: me.proof('POST', ORDERS, { htu: `https://victim.test${ORDERS}` }),
        headers: [
          ['X-Forwarded-Host', 'victim.test'],
          ['X-Forwarded-Proto', 'https'],
        ],
      }),
    ],
  ]

  test.each(attacks)('refuses a request %s', async (_, sent) => {
    const { method = 'POST', target = ORDERS, ...rest } = sent()
    const answer = await call(gateway, method, target, rest)
    expect([answer.status, problem(answer).code]).toEqual([401, 'proof_refused'])
    expect(challengeOf(answer)).toContain('error="invalid_dpop_proof"')
    expect(challengeOf(answer)).toContain('algs="ES256 EdDSA Ed25519 PS256 RS256"')
    expect(gateway.origin.requests).toHaveLength(0)
  })

  test('refuses a token that is bound to a key under Bearer, with its proof or without', async () => {
    for (const proof of [undefined, good()]) {
      const answer = await call(gateway, 'POST', ORDERS, { token: me.token, scheme: 'Bearer', proof })
      expect([answer.status, problem(answer).code]).toEqual([401, 'credential_refused'])
    }
    expect(gateway.origin.requests).toHaveLength(0)
  })

  test('refuses a token that is bound to no key under DPoP', async () => {
    const token = accessToken()
    const answer = await call(gateway, 'POST', ORDERS, {
      token,
      proof: me.proof('POST', ORDERS, { ath: sha256Of(token) }),
    })
    expect([answer.status, problem(answer).code]).toEqual([401, 'credential_refused'])
  })

  test('takes bearer tokens beside them, unless the route requires proofs', async () => {
    const token = accessToken()
    expect((await call(gateway, 'POST', ORDERS, { token, scheme: 'Bearer' })).status).toBe(200)
    expect((await call(gateway, 'GET', '/strict', { token, scheme: 'Bearer' })).status).toBe(401)
    expect((await call(gateway, 'GET', '/strict', { ...me, proof: me.proof('GET', '/strict') })).status).toBe(
      200,
    )
  })

  test('does not burn a proof that is refused for another reason', async () => {
    const proof = good()
    expect((await call(gateway, 'PUT', ORDERS, { ...me, proof })).status).toBe(401)
    expect((await call(gateway, 'POST', ORDERS, { ...me, proof })).status).toBe(200)
  })

  test('tells of a proof neither in the answer nor in the record', async () => {
    const jti = 'jti-canary-e7e7'
    const sent = me.proof('POST', ORDERS, { jti, nonce: 'nonce-canary-e7e7' })
    const passed = await call(gateway, 'POST', ORDERS, { ...me, proof: sent })
    const refused = await call(gateway, 'POST', ORDERS, { ...me, proof: `${sent}A` })
    for (const answer of [passed, refused]) {
      const record = JSON.stringify(await gateway.recordOf(answer))
      for (const secret of [jti, 'nonce-canary', sent.slice(-40), me.token.slice(-40)]) {
        expect(record).not.toContain(secret)
        expect(answer.head + answer.text).not.toContain(secret)
      }
    }
  })

  test('demands a nonce of its own, and takes the one that it gave', async () => {
    const target = '/nonced'
    for (const nonce of [undefined, 'made-up', '1900000000000.AAAA']) {
      const answer = await call(gateway, 'GET', target, { ...me, proof: me.proof('GET', target, { nonce }) })
      expect([answer.status, problem(answer).code]).toEqual([401, 'proof_nonce_required'])
      expect(challengeOf(answer)).toContain('error="use_dpop_nonce"')
      const given = one(answer, 'dpop-nonce')
      const next = await call(gateway, 'GET', target, {
        ...me,
        proof: me.proof('GET', target, { nonce: given }),
      })
      expect(next.status).toBe(200)
    }
    expect(gateway.origin.requests).toHaveLength(3)
  })

  test('takes a nonce in each proof, and each proof once', async () => {
    const target = '/nonced'
    const asked = await call(gateway, 'GET', target, { ...me, proof: me.proof('GET', target) })
    const proof = me.proof('GET', target, { nonce: one(asked, 'dpop-nonce') })
    expect((await call(gateway, 'GET', target, { ...me, proof })).status).toBe(200)
    expect((await call(gateway, 'GET', target, { ...me, proof })).status).not.toBe(200)
  })

  test('gives a new nonce with an answer once the old one is about to end', async () => {
    const target = '/renewed'
    const asked = await call(gateway, 'GET', target, { ...me, proof: me.proof('GET', target) })
    const first = one(asked, 'dpop-nonce') ?? ''
    // The nonce begins with when it was made; it is old after 10 s and refused after 20 s.
    const made = Number(first.split('.')[0])
    await new Promise((resolve) => setTimeout(resolve, made + 10_200 - Date.now()))
    const answer = await call(gateway, 'GET', target, {
      ...me,
      proof: me.proof('GET', target, { nonce: first }),
    })
    const renewed = one(answer, 'dpop-nonce')
    expect(renewed).toBeDefined()
    expect(renewed).not.toBe(first)
    // A machine that stalls for ten seconds more would find it out of date, which is the other right answer.
    if (Date.now() < made + 20_000) expect(answer.status).toBe(200)
  })
})

test('a route that demands nonces is not ready without SEAL_KEY', async () => {
  const gateway = await startGateway({
    entry: 'test/wire/workers/dpop.ts',
    bindings: { ...bindings, SEAL_KEY: '' },
  })
  try {
    const { token, proof } = client()
    const answer = await call(gateway, 'GET', '/nonced', { token, proof: proof('GET', '/nonced') })
    expect([answer.status, problem(answer).code]).toEqual([503, 'not_configured'])
    const other = await call(gateway, 'GET', '/read/a', { token, proof: proof('GET', '/read/a') })
    expect(other.status).toBe(200)
  } finally {
    await gateway.close()
  }
})
