import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { one, problem, startGateway, type TestGateway } from './harness/gateway.ts'
import { CONTROL_KEY, CONTROL_PATH, operatorOf, type SignedRequest, signed } from './harness/operator.ts'

const pair = generateKeyPairSync('ed25519')
const PRIVATE = `ops-2:ed25519:${pair.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64')}`
const PUBLIC = `ops-2:ed25519-public:${pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')}`

let gateway: TestGateway
beforeAll(async () => {
  const bindings = {
    CONTROL_KEY,
    CONTROL_KEY_NEXT: PUBLIC,
    API_KEY_CHECKSUM: 'checksum-canary-1f1f-0123456789abcdef',
  }
  gateway = await startGateway({ entry: 'test/wire/workers/control.ts', bindings })
})
afterAll(() => gateway.close())

const hour = 3_600_000
let serial = 0
const revoke = () => ({
  command: 'revoke',
  subject: `sub-${++serial}`,
  issuer: 'https://issuer.test',
  until: Date.now() + hour,
})
const send: ReturnType<typeof operatorOf> = (command, signing) => operatorOf(gateway)(command, signing)
/** Changes a signed command on its way. */
const tampered = async (change: (request: SignedRequest) => SignedRequest, command: unknown = revoke()) =>
  gateway.call(change(await signed(command)))
const withHeader = (name: string, change: (value: string) => string) => (request: SignedRequest) => ({
  ...request,
  headers: request.headers.map(([key, value]): [string, string] => [
    key,
    key === name ? change(value) : value,
  ]),
})
const without = (name: string) => (request: SignedRequest) => ({
  ...request,
  headers: request.headers.filter(([key]) => key !== name),
})

describe('a command', () => {
  it('is carried out and answered as JSON', async () => {
    const command = revoke()
    const answer = await send(command)
    expect(answer.status).toBe(200)
    expect(one(answer, 'content-type')).toBe('application/json')
    expect(one(answer, 'cache-control')).toBe('no-store')
    expect(JSON.parse(answer.text)).toEqual({ done: 'revoke', until: command.until, isKnownIssuer: true })
  })

  it.each([
    ['subject', { subject: 's', issuer: 'https://issuer.test/' }, { isKnownIssuer: false }],
    ['token', { token: 'j', issuer: 'https://ISSUER.test' }, { isKnownIssuer: false }],
    ['session', { session: 's', issuer: 'TOKEN_ISSUER' }, { isKnownIssuer: false }],
    ['issuer', { issuer: 'https://issuer.test.' }, { isKnownIssuer: false }],
    ['key', { apiKey: 'key_1' }, {}],
    ['certificate', { certificate: '0'.repeat(64) }, {}],
  ])(
    'tells of a %s whether a route takes tokens of its issuer, and is carried out',
    async (_, what, told) => {
      const until = Date.now() + hour
      const answer = await send({ command: 'revoke', ...what, until })
      expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { done: 'revoke', until, ...told }])
    },
  )

  it('may come from a clock that is a little ahead, also for as long as there is', async () => {
    const until = Date.now() + 400 * 86_400_000 + 30_000
    expect((await send({ command: 'revoke', apiKey: 'key_1', until }, { key: PRIVATE })).status).toBe(200)
  })

  it('may be signed with Ed25519 and the key of the second slot, which the record tells', async () => {
    const answer = await send(revoke(), { key: PRIVATE })
    expect(answer.status).toBe(200)
    expect(await gateway.recordOf(answer)).toMatchObject({ secretSlot: 'next', deliveryHint: 'ops-2' })
  })

  it('is recorded by its name and the id of the key, without a value of it', async () => {
    const command = { ...revoke(), reason: 'reason-canary-77' }
    const answer = await send(command)
    const event = await gateway.recordOf(answer)
    expect(event).toMatchObject({
      decision: 'command',
      route: 'sallyport-control',
      event: 'revoke',
      credential: 'sallyport-control',
      deliveryHint: 'ops-1',
      secretSlot: 'current',
      status: 200,
      code: null,
    })
    const line = JSON.stringify(event)
    for (const value of [command.subject, 'https://issuer.test', 'reason-canary', String(command.until)]) {
      expect(line).not.toContain(value)
    }
    expect(gateway.workerd.lines.join('\n')).not.toMatch(/reason-canary|control-key-canary/)
  })
})

describe('is refused', () => {
  it.each<[string, (request: SignedRequest) => SignedRequest, number, string]>([
    ['a command without a signature', without('signature'), 401, 'signature_missing'],
    ['a command without Signature-Input', without('signature-input'), 401, 'signature_missing'],
    ['a command without Content-Digest', without('content-digest'), 401, 'signature_refused'],
    [
      'another body of the same length',
      (r) => ({ ...r, body: r.body.replace('sub-', 'bus-') }),
      401,
      'signature_refused',
    ],
    ['a body with a space more', (r) => ({ ...r, body: `${r.body} ` }), 401, 'signature_refused'],
    ['no body', (r) => ({ ...r, body: '' }), 401, 'signature_refused'],
    [
      'another digest',
      withHeader('content-digest', () => `sha-256=:${'A'.repeat(43)}=:`),
      401,
      'signature_refused',
    ],
    [
      'another digest algorithm',
      withHeader('content-digest', (v) => v.replace('sha-256', 'sha-512')),
      401,
      'signature_refused',
    ],
    ['another host of the gateway', (r) => ({ ...r, host: 'passing.test' }), 401, 'signature_refused'],
    ['a query', (r) => ({ ...r, target: `${r.target}?a=1` }), 400, 'query_not_declared'],
    ['another method', (r) => ({ ...r, method: 'PUT' }), 405, 'method_not_allowed'],
    ['GET', (r) => ({ ...r, method: 'GET', body: '' }), 405, 'method_not_allowed'],
    ['HEAD', (r) => ({ ...r, method: 'DELETE' }), 405, 'method_not_allowed'],
    [
      'a signature with another label',
      withHeader('signature', (v) => v.replace('sallyport-control', 'sig1')),
      401,
      'signature_refused',
    ],
    [
      'a signature of another tag',
      withHeader('signature-input', (v) => v.replace('control-v1', 'v1')),
      401,
      'signature_refused',
    ],
    [
      'a later expires',
      withHeader('signature-input', (v) =>
        v.replace(/expires=(\d+)/, (_, at) => `expires=${Number(at) + 1}`),
      ),
      401,
      'signature_refused',
    ],
    [
      'a later created',
      withHeader('signature-input', (v) => v.replace(/=(1\d{9})/g, (_, at) => `=${Number(at) + 1}`)),
      401,
      'signature_refused',
    ],
    [
      'another nonce',
      withHeader('signature-input', (v) =>
        v.replace(/nonce="./, (m) => (m.endsWith('A') ? 'nonce="B' : 'nonce="A')),
      ),
      401,
      'signature_refused',
    ],
    [
      'another key id',
      withHeader('signature-input', (v) => v.replace('ops-1', 'ops-9')),
      401,
      'signature_refused',
    ],
    [
      'the id of the other key',
      withHeader('signature-input', (v) => v.replace('ops-1', 'ops-2')),
      401,
      'signature_refused',
    ],
    [
      'the other algorithm',
      withHeader('signature-input', (v) => v.replace('hmac-sha256', 'ed25519')),
      401,
      'signature_refused',
    ],
    [
      'a component less',
      withHeader('signature-input', (v) => v.replace(' "content-digest"', '')),
      401,
      'signature_refused',
    ],
    [
      'components in another order',
      withHeader('signature-input', (v) => v.replace('"@method" "@authority"', '"@authority" "@method"')),
      401,
      'signature_refused',
    ],
    [
      'a leading zero',
      withHeader('signature-input', (v) => v.replace('created=', 'created=0')),
      401,
      'signature_refused',
    ],
    [
      'a second signature beside it',
      withHeader('signature', (v) => `${v}, sig2=:AAAA:`),
      401,
      'signature_refused',
    ],
    [
      'another signature',
      withHeader('signature', (v) => v.replace(/:./, (m) => (m === ':A' ? ':B' : ':A'))),
      401,
      'signature_refused',
    ],
    [
      'a signature that is cut',
      withHeader('signature', (v) => v.replace(/....:$/, ':')),
      401,
      'signature_refused',
    ],
    ['another media type', withHeader('content-type', () => 'text/plain'), 415, 'media_type_not_supported'],
    [
      'a media type with parameters',
      withHeader('content-type', (v) => `${v}; charset=utf-8`),
      415,
      'media_type_not_supported',
    ],
    [
      'a header that comes twice',
      (r) => ({ ...r, headers: [...r.headers, ...r.headers.filter(([n]) => n === 'signature')] }),
      401,
      'signature_refused',
    ],
  ])('%s', async (_, change, status, code) => {
    const answer = await tampered(change)
    expect([answer.status, problem(answer).code]).toEqual([status, code])
    if (status === 401) expect(one(answer, 'www-authenticate')).toMatch(/^Signature /)
    expect(one(answer, 'content-type')).toBe('application/problem+json')
  })

  it.each([
    ['a key that the gateway does not have', `ops-1:hmac-sha256:${Buffer.alloc(32, 7).toString('base64')}`],
    [
      'the key of the proof for origins',
      `test:hmac-sha256:${Buffer.from('proof-key-canary-0f0f-0123456789abcdef').toString('base64')}`,
    ],
  ])('%s', async (_, key) => {
    expect(problem(await send(revoke(), { key })).code).toBe('signature_refused')
  })

  it.each([
    ['61 s old', -62, 'signature_refused'],
    ['61 s ahead', 62, 'signature_refused'],
  ])('a command that is %s', async (_, seconds, code) => {
    const answer = await send(revoke(), { created: Math.floor(Date.now() / 1000) + seconds })
    expect(problem(answer).code).toBe(code)
    expect(await gateway.recordOf(answer)).toMatchObject({ measure: { limit: 60, unit: 'seconds' } })
  })

  it('a command that is sent again, also when it was sent 20 times at once', async () => {
    const request = await signed(revoke())
    const answers = await Promise.all(Array.from({ length: 20 }, () => gateway.call(request)))
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([200, ...Array.from({ length: 19 }, () => 409)])
    expect(problem(await gateway.call(request)).code).toBe('delivery_repeated')
  })

  it('a command for another path, signed for this one, and one for this path signed for another', async () => {
    const request = await signed(revoke())
    expect((await gateway.call({ ...request, target: `${CONTROL_PATH}/` })).status).toBe(404)
    expect((await gateway.call({ ...request, target: '/open' })).status).toBe(405)
    const other = await signed(revoke(), { path: '/open' })
    expect(problem(await gateway.call({ ...other, target: CONTROL_PATH })).code).toBe('signature_refused')
  })

  it('a body of more than 64 KiB, however it is declared', async () => {
    const answer = await send({ ...revoke(), reason: 'x'.repeat(65_536) })
    expect([answer.status, problem(answer).code]).toEqual([413, 'body_too_large'])
  })

  it('a body of a stranger before a byte of it is read', async () => {
    const request = withHeader('signature', (v) => v.replace(/:./, (m) => (m === ':A' ? ':B' : ':A')))(
      await signed('x'.repeat(1_000_000)),
    )
    const answer = await gateway.call(request)
    expect(problem(answer).code).toBe('signature_refused')
    expect(await gateway.recordOf(answer)).toMatchObject({ bytesIn: null })
  })

  const until = Date.now() + hour
  const named = { subject: 's', issuer: 'https://issuer' }
  it.each<[string, unknown, number]>([
    ['no JSON', '{"command":', 400],
    ['a member that comes twice', '{"command":"key.list","command":"key.list"}', 400],
    ['JSON that is too deep', `${'['.repeat(40)}${']'.repeat(40)}`, 400],
    ['a list', [], 422],
    ['a command that is none', { command: 'drop' }, 422],
    ['a command that ends a revocation', { command: 'restore', ...named }, 422],
    ['a command that ends a block', { command: 'unblock', client: '192.0.2.1' }, 422],
    ['a command that forgets deliveries', { command: 'forget', route: 'open', since: 0 }, 422],
    ['a member more', { command: 'revoke', ...named, until, force: true }, 422],
    ['two kinds of names', { command: 'revoke', ...named, session: 's', until }, 422],
    ['a subject without an issuer', { command: 'revoke', subject: 's', until }, 422],
    ['a revocation without an end', { command: 'revoke', ...named }, 422],
    ['an end that is over', { command: 'revoke', ...named, until: Date.now() - 1000 }, 422],
    ['an end in years', { command: 'revoke', ...named, until: Date.now() + 401 * 86_400_000 }, 422],
    ['an end as a text', { command: 'revoke', ...named, until: '2027-01-01' }, 422],
    ['a moment before the epoch', { command: 'revoke', ...named, until, issuedBefore: -1 }, 422],
    ['a subject with a line break', { command: 'revoke', issuer: 'i', subject: 'a\nb', until }, 422],
    ['a subject that is too long', { command: 'revoke', issuer: 'i', subject: 'a'.repeat(501), until }, 422],
    ['a reason that is too long', { command: 'revoke', ...named, until, reason: 'a'.repeat(201) }, 422],
    ['a certificate that is no fingerprint', { command: 'revoke', certificate: 'AB:CD', until }, 422],
    ['a client that is no address', { command: 'block', client: '0.0.0.0/0', until }, 422],
    [
      'a key without a digest',
      { command: 'key.create', record: { id: 'a', scopes: [], createdAt: '2026-01-01T00:00:00Z' } },
      422,
    ],
    [
      'a key with a member more',
      {
        command: 'key.create',
        record: {
          id: 'a',
          digest: '0'.repeat(64),
          scopes: [],
          createdAt: '2026-01-01T00:00:00Z',
          admin: true,
        },
      },
      422,
    ],
    [
      'a key that no gateway could read, because it is too deep',
      {
        command: 'key.create',
        record: {
          id: 'a',
          digest: '0'.repeat(64),
          scopes: [],
          createdAt: '2026-01-01T00:00:00Z',
          claims: { a: [[[[[[[1]]]]]]] },
        },
      },
      422,
    ],
    [
      'a key that is too large to be kept',
      {
        command: 'key.create',
        record: {
          id: 'a',
          digest: '0'.repeat(64),
          scopes: [],
          createdAt: '2026-01-01T00:00:00Z',
          claims: { a: 'a'.repeat(8192) },
        },
      },
      422,
    ],
    ['a cursor that is none', { command: 'key.list', cursor: '*' }, 422],
  ])('%s', async (_, command, status) => {
    const answer = await send(command, { key: PRIVATE })
    // The endpoint takes 60 a minute, whatever becomes of them; these are refused before they count.
    expect(answer.status).toBe(status)
    expect(['malformed_body', 'input_invalid']).toContain(problem(answer).code)
  })
})

describe('where it is', () => {
  it('404 where it is not configured', async () => {
    expect((await send(revoke(), { host: 'off.test' })).status).toBe(404)
  })

  it('on its own host alone, where it has one: on others the path is a path like any other', async () => {
    expect((await send(revoke(), { host: 'ops.test' })).status).toBe(200)
    expect((await send(revoke(), { host: 'public.test' })).status).toBe(405)
    const wide = await gateway.call({ host: 'public.test', target: CONTROL_PATH })
    expect([wide.status, wide.text.includes('problem')]).toEqual([200, false])
  })

  it('before paths that are passed on, and nothing of a command reaches the origin', async () => {
    gateway.origin.clear()
    expect((await send(revoke(), { host: 'passing.test' })).status).toBe(200)
    expect((await gateway.call({ ...(await signed(revoke())), host: 'passing.test' })).status).toBe(401)
    expect(gateway.origin.requests).toHaveLength(0)
  })
})

describe('blocks', () => {
  it('cut an IPv6 address to the client that it is counted as', async () => {
    const until = Date.now() + hour
    const answer = await send({ command: 'block', client: '2001:DB8:0:1:2:3:4:5', until })
    expect(JSON.parse(answer.text)).toEqual({ done: 'block', client: '2001:db8:0:1::', until })
  })
})
