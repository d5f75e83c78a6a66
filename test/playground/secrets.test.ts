import { generateKeyPairSync } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { defineRoute } from 'sallyport'
import { discord, github, standard } from 'sallyport/webhooks'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Configuration } from '../../src/cli/configuration.ts'
import { demoProviders } from '../../src/dev/demo-providers.ts'
import { provideSecrets } from '../../src/dev/secrets.ts'

const common = {
  method: 'POST',
  owner: 'platform',
  sensitivity: 'internal',
  forward: { to: 'ORIGIN_URL' },
} as const

const configuration: Configuration = {
  files: {
    github: defineRoute({
      ...common,
      path: '/github',
      authenticate: github({ secret: 'GITHUB_WEBHOOK_SECRET', events: ['push'] }),
    }),
    standard: defineRoute({
      ...common,
      path: '/standard',
      authenticate: standard({ secret: 'STANDARD_WEBHOOK_SECRET' }),
    }),
  },
  index: undefined,
  secrets: ['GITHUB_WEBHOOK_SECRET', 'STANDARD_WEBHOOK_SECRET', 'PROOF_KEY', 'RECORD_KEY'],
  environments: [],
}

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sallyport-secrets-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

/** What is said to a file that is sound but for one value. */
async function complaint(name: string, value: string): Promise<string | undefined> {
  const { values } = await provideSecrets(root, configuration)
  const lines = Object.entries({ ...values, [name]: value }).map(([key, text]) => `${key}='${text}'\n`)
  await writeFile(join(root, '.dev.vars'), lines.join(''))
  return provideSecrets(root, configuration).then(
    () => undefined,
    (error: Error) => error.message,
  )
}

test('takes what it wrote itself', async () => {
  const written = await provideSecrets(root, configuration)
  expect(await provideSecrets(root, configuration)).toEqual({ ...written, isFresh: false })
})

test('neither asks for the credentials of a database of its user, nor makes them up', async () => {
  const database = ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN']
  const listed = { ...configuration, secrets: [...configuration.secrets, ...database] }
  const written = await provideSecrets(root, listed)
  expect(written.isFresh).toBe(true)
  expect(Object.keys(written.values)).toEqual(configuration.secrets)
  expect(await readFile(join(root, '.dev.vars'), 'utf8')).not.toContain('UPSTASH')
  expect(await provideSecrets(root, listed)).toEqual({ ...written, isFresh: false })
})

const pkcs8 = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' })

test.each([
  ['PROOF_KEY', `k2:ed25519:${pkcs8.toString('base64')}`],
  ['STANDARD_WEBHOOK_SECRET_NEXT', ''],
  ['STANDARD_WEBHOOK_SECRET', Buffer.alloc(24, 7).toString('base64')],
  ['GITHUB_WEBHOOK_SECRET', 'any text at all'],
  ['RECORD_KEY', ''],
])('accepts a %s that reads %j', async (name, value) => {
  expect(await complaint(name, value)).toBeUndefined()
})

const PROOF = '<key id>:hmac-sha256:<base64 of 32 bytes or more>'
const STANDARD = 'whsec_ and 24 to 64 bytes in base64'

describe('refuses, in one message that does not hold the value,', () => {
  test.each([
    ['PROOF_KEY', 'playground:hmac-sha256:c2hvcnQ=', PROOF],
    ['PROOF_KEY', 'k:ed25519:AAAA', PROOF],
    ['PROOF_KEY', 'changeme', PROOF],
    ['STANDARD_WEBHOOK_SECRET', 'whsec_c2hvcnQ=', STANDARD],
    ['STANDARD_WEBHOOK_SECRET_NEXT', 'changeme', STANDARD],
    ['GITHUB_WEBHOOK_SECRET', ' spaced', 'the text entered as the webhook secret, without spaces'],
    ['GITHUB_WEBHOOK_SECRET_NEXT', 'spaced ', 'the text entered as the webhook secret, without spaces'],
  ])('a %s that reads %j', async (name, value, form) => {
    const message = await complaint(name, value)
    expect(message).toContain(`.dev.vars: ${name} is not of the form: ${form}`)
    expect(message).toMatch(new RegExp(`; write '${name}=\\S+', or delete the file to have fresh ones$`))
    expect(message).not.toContain(value.trim())
    expect(message).not.toContain('\n')
  })

  test('a secret that is missing, with a line that is then accepted, and leaves the file as it is', async () => {
    const message = await complaint('STANDARD_WEBHOOK_SECRET', '')
    const [, name = '', value = ''] = /\n {2}([A-Z_]+)=(\S+)$/.exec(message ?? '') ?? []
    expect(name).toBe('STANDARD_WEBHOOK_SECRET')
    expect(await readFile(join(root, '.dev.vars'), 'utf8')).toContain("STANDARD_WEBHOOK_SECRET=''")
    await rm(join(root, '.dev.vars'))
    expect(await complaint(name, value)).toBeUndefined()
  })
})

describe('the secrets of the other providers of the playground', () => {
  const demo = demoProviders(configuration.files as Parameters<typeof demoProviders>[0])
  const HEADING = '# The other providers of the playground, at /webhooks/<name>.\n'
  const file = () => readFile(join(root, '.dev.vars'), 'utf8')

  test('are added behind what the file has, once, and the file stays its owner’s alone', async () => {
    await provideSecrets(root, configuration)
    const before = await file()
    expect(before).not.toContain('MUX_WEBHOOK_SECRET')
    const first = await provideSecrets(root, configuration, demo)
    expect(first).toMatchObject({ isFresh: false, lacking: 0 })
    expect(first.added).toBeGreaterThan(70)
    const after = await file()
    expect(after.startsWith(`${before}${HEADING}`)).toBe(true)
    expect((await stat(join(root, '.dev.vars'))).mode & 0o777).toBe(0o600)
    expect(parseEnv(after)).toEqual(first.values)
    for (const { secrets } of demo) for (const name of secrets) expect(first.values[name], name).toBeTruthy()
    expect(await provideSecrets(root, configuration, demo)).toEqual({ ...first, added: 0 })
    expect(await file()).toBe(after)
  })

  test('are added to a file whose last line is open, and under the heading that is there', async () => {
    await provideSecrets(root, configuration, demo)
    const whole = await file()
    await writeFile(join(root, '.dev.vars'), whole.replace(/^MUX_WEBHOOK_SECRET=.*\n/m, '').trimEnd())
    await chmod(join(root, '.dev.vars'), 0o640)
    expect((await provideSecrets(root, configuration, demo)).added).toBe(1)
    const after = await file()
    expect(after).toMatch(/\nMUX_WEBHOOK_SECRET=\S+\n$/)
    expect(after.split(HEADING)).toHaveLength(2)
    expect(Object.keys(parseEnv(after)).sort()).toEqual(Object.keys(parseEnv(whole)).sort())
    expect((await stat(join(root, '.dev.vars'))).mode & 0o777).toBe(0o640)
  })

  test('never take the place of what stands there: an empty value, or half of a key pair', async () => {
    await provideSecrets(root, configuration)
    const mine = `${await file()}MUX_WEBHOOK_SECRET=\nDISCORD_WEBHOOK_SECRET=${'ab'.repeat(32)}\n`
    await writeFile(join(root, '.dev.vars'), mine)
    const { values, lacking } = await provideSecrets(root, configuration, demo)
    expect(values).toMatchObject({ MUX_WEBHOOK_SECRET: '', DISCORD_WEBHOOK_SECRET: 'ab'.repeat(32) })
    expect(values).not.toHaveProperty('DISCORD_WEBHOOK_SECRET_PRIVATE_KEY')
    expect(lacking).toBe(1)
    expect((await file()).startsWith(mine)).toBe(true)
  })

  test('are not added to a file that is refused', async () => {
    await writeFile(join(root, '.dev.vars'), '# mine\n')
    await expect(provideSecrets(root, configuration, demo)).rejects.toThrow('are missing; add what follows')
    expect(await file()).toBe('# mine\n')
  })
})

test('writes the private key of a route’s provider beside the public one', async () => {
  const own = defineRoute({
    ...common,
    path: '/discord',
    authenticate: discord({ secret: 'STANDARD_WEBHOOK_SECRET' }),
  })
  const { values } = await provideSecrets(root, { ...configuration, files: { own } })
  const key = (text = '', form: 'pkcs8' | 'raw') =>
    crypto.subtle.importKey(form, Buffer.from(text, form === 'raw' ? 'hex' : 'base64'), 'Ed25519', false, [
      form === 'raw' ? 'verify' : 'sign',
    ])
  const message = Buffer.from('a message')
  const signature = await crypto.subtle.sign(
    'Ed25519',
    await key(values.STANDARD_WEBHOOK_SECRET_PRIVATE_KEY, 'pkcs8'),
    message,
  )
  const publicKey = await key(values.STANDARD_WEBHOOK_SECRET, 'raw')
  expect(await crypto.subtle.verify('Ed25519', publicKey, signature, message)).toBe(true)
})
