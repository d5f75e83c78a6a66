import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { type Configuration, PROOF_KEY } from '../cli/configuration.ts'
import type { Route } from '../route.ts'
import { StartError } from './options.ts'

/** The secrets of the playground, and whether they were made just now. */
export interface Secrets {
  values: Readonly<Record<string, string | undefined>>
  isFresh: boolean
}

const FILE = '.dev.vars'
const SECRET_BYTES = 32

/**
 * Reads `.dev.vars`, or writes it with random values and mode 0600 where there is none; an existing file is never changed.
 * @throws {StartError} naming a secret that an existing file lacks.
 */
export async function provideSecrets(root: string, configuration: Configuration): Promise<Secrets> {
  const path = join(root, FILE)
  const forms = formsOf(configuration)
  const existing = await readExisting(path)
  if (existing === undefined) {
    const values = Object.fromEntries(configuration.secrets.map((name) => [name, fresh(forms.get(name))]))
    const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`)
    await writeFile(path, lines.join(''), { mode: 0o600, flag: 'wx' })
    return { values, isFresh: true }
  }
  const values = parseEnv(existing)
  const missing = configuration.secrets.find((name) => (forms.has(name) ? !values[name] : !(name in values)))
  if (missing !== undefined) {
    const line = `${missing}=${fresh(forms.get(missing))}`
    throw new StartError(
      `${FILE}: ${missing} is missing; add the line '${line}', or delete the file to have a new one written`,
    )
  }
  return { values, isFresh: false }
}

/** The form of each secret that must have a value: the scheme that reads it, or PROOF_KEY's own. */
function formsOf({ files }: Configuration): Map<string, string> {
  const forms = new Map<string, string>([[PROOF_KEY, PROOF_KEY]])
  for (const { authenticate } of Object.values(files) as Route[]) {
    for (const name of authenticate.secrets) forms.set(name, authenticate.name)
  }
  return forms
}

function fresh(form: string | undefined): string {
  const bytes = randomBytes(SECRET_BYTES)
  if (form === PROOF_KEY) return `playground:hmac-sha256:${bytes.toString('base64')}`
  return form === 'standard' ? `whsec_${bytes.toString('base64')}` : bytes.toString('base64url')
}

async function readExisting(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
