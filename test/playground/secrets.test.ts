import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineRoute } from 'sallyport'
import { github, standard } from 'sallyport/webhooks'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Configuration } from '../../src/cli/configuration.ts'
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
