import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from './harness/gateway.ts'
import { CONTROL_KEY } from './harness/operator.ts'

const CHECKSUM = 'checksum-canary-1f1f-0123456789abcdef'
let gateway: TestGateway
let directory: string
let url: string
beforeAll(async () => {
  const bindings = { CONTROL_KEY, API_KEY_CHECKSUM: CHECKSUM }
  gateway = await startGateway({ entry: 'test/wire/workers/control.ts', state: 'upstash', bindings })
  url = `http://127.0.0.1:${gateway.workerd.port}`
  directory = await mkdtemp(join(tmpdir(), 'sallyport-operator-'))
  await writeFile(join(directory, '.dev.vars'), `CONTROL_KEY=${CONTROL_KEY}\nAPI_KEY_CHECKSUM=${CHECKSUM}\n`)
})
afterAll(async () => {
  await gateway.close()
  await rm(directory, { recursive: true, force: true })
})

interface Ran {
  code: number
  stdout: string
  stderr: string
}

/** Runs a command line in a project that has nothing but `.dev.vars`. */
const run = (command: 'key' | 'revoke', args: string[], env: Record<string, string> = {}): Promise<Ran> =>
  new Promise((done) => {
    const script = resolve(`src/cli/${command}.ts`)
    const { PATH = '' } = process.env
    const told = { PATH, SALLYPORT_URL: url, ...env } as unknown as NodeJS.ProcessEnv
    const options = { cwd: directory, env: told, timeout: 20_000 }
    const child = execFile(process.execPath, [script, ...args], options, (_, stdout, stderr) =>
      done({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })

const use = async (key: string) =>
  (await gateway.call({ target: '/keys', headers: [['Authorization', `Bearer ${key}`]] })).status
const subject = (sub: string) => {
  const token = Buffer.from(JSON.stringify({ iss: 'https://issuer.test', sub, jti: 'j', sid: 's', iat: 1 }))
  const headers: [string, string][] = [['Authorization', `Bearer ${token.toString('base64url')}`]]
  return gateway.call({ target: '/tokens', headers })
}

describe('npm run key', () => {
  it('creates a key that stands alone on stdout, lists it, and revokes it', async () => {
    const args = [
      'create',
      '--prefix',
      'acme_live',
      '--scopes',
      'reports:read,reports:write',
      '--claim',
      'tenant=acme',
    ]
    const made = await run('key', [...args, '--expires', '90d', '--name', 'reports of acme'])
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^acme_live_[A-Za-z0-9_-]{54}\n$/)])
    const key = made.stdout.trim()
    expect(made.stderr).toMatch(/^created: key_\S+, until 20/)
    expect(made.stderr).not.toContain(key)
    expect(await use(key)).toBe(200)
    const listed = await run('key', ['list'])
    const [id = '', name, scopes, end] = listed.stdout.trim().split('\t')
    expect([name, scopes]).toEqual(['reports of acme', 'reports:read reports:write'])
    expect(Date.parse(end ?? '')).toBeGreaterThan(Date.now() + 89 * 86_400_000)
    expect(listed.stderr).toBe('1 key\n')
    const revoked = await run('key', ['revoke', id])
    expect([revoked.code, revoked.stderr]).toEqual([0, expect.stringContaining(`revoked and removed: ${id}`)])
    expect(await use(key)).toBe(401)
    // Nor does it live again by a file that still has it.
    const file = join(directory, 'revoked.jsonl')
    const digest = createHash('sha256').update(key).digest('hex')
    await writeFile(file, JSON.stringify({ digest, scopes: ['reports:read'] }))
    expect((await run('key', ['import', file])).code).toBe(0)
    expect(await use(key)).toBe(401)
    expect((await run('key', ['revoke', `key_${digest.slice(0, 20)}`])).stderr).toMatch(
      /^revoked and removed/,
    )
    const again = await run('key', ['revoke', id])
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('no key')])
    expect((await run('key', ['list'])).stdout).toBe('')
    // Nothing of the key is in shared state.
    const stored = JSON.stringify(await gateway.front.raw(['HGETALL', 'sp1:wire:k']))
    expect(stored).not.toContain(key.slice(-40))
  })

  it('imports the records of a file, one a line, and again without a copy', async () => {
    const file = join(directory, 'keys.jsonl')
    // The last one has no id of its own, and gets the same one each time.
    const records = ['a', 'b', 'c'].map((id) => ({
      ...(id !== 'c' && { id: `old-${id}` }),
      digest: createHash('sha256').update(`old key ${id}`).digest('hex').toUpperCase(),
      scopes: ['reports:read'],
    }))
    await writeFile(file, `${records.map((record) => JSON.stringify(record)).join('\n')}\n\n`)
    for (let i = 0; i < 2; i++) {
      expect(await run('key', ['import', file])).toEqual({
        code: 0,
        stdout: '',
        stderr: 'imported: 3 keys\n',
      })
    }
    expect((await run('key', ['list'])).stderr).toBe('3 keys\n')
    await writeFile(file, `${JSON.stringify(records[0])}\n{"id":"x"}\n`)
    const broken = await run('key', ['import', file])
    expect([broken.code, broken.stderr]).toEqual([2, expect.stringMatching(/line 2: digest is missing/)])
  })
})

describe('npm run revoke', () => {
  it('revokes a subject', async () => {
    expect((await subject('auth0|7')).status).toBe(200)
    const ran = await run('revoke', ['subject', 'auth0|7', '--issuer', 'https://issuer.test', '--for', '2h'])
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringMatching(/^revoked: subject auth0\|7 until 20/)])
    expect((await subject('auth0|7')).status).toBe(401)
    expect((await subject('auth0|8')).status).toBe(200)
  })

  it('warns where no route takes tokens of the issuer, and revokes all the same', async () => {
    const ran = await run('revoke', ['subject', 'auth0|8', '--issuer', 'https://issuer.test/'])
    expect([ran.code, ran.stdout]).toEqual([
      1,
      expect.stringMatching(/^revoked: subject auth0\|8 until \S+\n$/),
    ])
    expect(ran.stderr).toMatch(/no route takes tokens of that issuer/)
    expect(ran.stderr).not.toContain('issuer.test')
    expect((await subject('auth0|8')).status).toBe(200)
  })

  it('does not know whether a key is stored that it revokes', async () => {
    const ran = await run('revoke', ['key', 'foo'])
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(ran.stdout).toMatch(/^revoked: key foo until [\s\S]*\nIf the key is stored, it passes again/)
  })

  it('blocks a client, as its /64', async () => {
    const ran = await run('revoke', [
      'client',
      '2001:db8::1',
      '--for',
      '10m',
      '--reason',
      'credential stuffing',
    ])
    expect([ran.code, ran.stdout]).toEqual([
      0,
      expect.stringMatching(/^blocked: client 2001:db8::\/64 until/),
    ])
  })
})

describe('a command line that is refused', () => {
  it.each<[string, string[], Record<string, string>, number, RegExp]>([
    [
      'with the key of somebody else',
      ['issuer', 'https://a.test'],
      { CONTROL_KEY: `ops-1:hmac-sha256:${'A'.repeat(44)}` },
      1,
      /401 signature_refused.*is CONTROL_KEY the one.*sallyport-id/,
    ],
    [
      'at a path without an endpoint',
      ['issuer', 'https://a.test', '--url', 'URL/other'],
      {},
      1,
      /404 route_not_found.*is the option control set/,
    ],
    [
      'where nobody listens',
      ['issuer', 'https://a.test', '--url', 'http://127.0.0.1:1'],
      {},
      1,
      /127.0.0.1:1 cannot be reached/,
    ],
    ['with a client that is no address', ['client', 'everybody'], {}, 2, /'everybody' is none; write one IP/],
    [
      'with a key that is none',
      ['issuer', 'https://a.test'],
      { CONTROL_KEY: 'secret-canary' },
      2,
      /CONTROL_KEY: expected <key id>/,
    ],
    [
      'with a public key',
      ['issuer', 'https://a.test'],
      { CONTROL_KEY: `k:ed25519-public:${'A'.repeat(43)}=` },
      2,
      /CONTROL_KEY: a public key cannot sign/,
    ],
    ['in the clear', ['issuer', 'https://a.test', '--url', 'http://api.example.com'], {}, 2, /must be https/],
    ['without a gateway', ['issuer', 'https://a.test'], { SALLYPORT_URL: '' }, 2, /give --url/],
  ])('%s', async (_, args, env, code, message) => {
    const ran = await run(
      'revoke',
      args.map((arg) => arg.replace(/^URL/, url)),
      env,
    )
    expect([ran.code, ran.stdout]).toEqual([code, ''])
    expect(ran.stderr).toMatch(message)
    expect(ran.stderr).not.toMatch(/canary|AAAA/)
  })

  it('tells an id that is none before it is sent', async () => {
    const ran = await run('key', ['revoke', 'a b'])
    expect([ran.code, ran.stderr]).toEqual([
      2,
      expect.stringMatching(/^sallyport key: key: 'a b' is none; write the id/),
    ])
  })

  it.each<['key' | 'revoke', string[]]>([
    ['key', ['--help']],
    ['key', ['create', '-h']],
    ['revoke', ['-h']],
    ['revoke', ['subject', '--help']],
  ])('%s %j prints the usage', async (command, args) => {
    const usage = expect.stringMatching(new RegExp(`^npm run ${command} -- `))
    expect(await run(command, args)).toEqual({ code: 0, stdout: usage, stderr: '' })
  })

  it('takes no word that is meant as a value for a question', async () => {
    const ran = await run('revoke', ['subject', '-h', '--issuer', 'https://issuer.test'])
    expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining('-h is not an option')])
  })

  it('prints no key when the key was not stored', async () => {
    await gateway.front.refuseConnections()
    const ran = await run('key', ['create', '--prefix', 'acme_live', '--scopes', 'a'])
    await gateway.front.acceptAgain()
    expect([ran.code, ran.stdout]).toEqual([1, ''])
    expect(ran.stderr).toMatch(/503 state_unavailable/)
  })
})
