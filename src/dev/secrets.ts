import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Configuration } from '../cli/configuration.ts'
import type { Routes } from '../gateway.ts'
import { PROOF_KEY } from '../stages/forward/proof.ts'
import { StartError } from './options.ts'
import { CONTROL_KEY, type SecretForm, secretForm } from './secret-form.ts'

type Values = Readonly<Record<string, string | undefined>>

/** The secrets of the playground, and whether they were made just now. */
export interface Secrets {
  values: Values
  isFresh: boolean
}

const FILE = '.dev.vars'
/** Credentials of a database of the user's own: the playground takes a local one, and neither wants nor invents them. */
const OWN_DATABASE = /^UPSTASH_REDIS_REST_/

/**
 * Reads `.dev.vars`, or writes it with random values and mode 0600 where there is none; an existing file is never changed.
 * @throws {StartError} naming a secret that an existing file lacks, or whose value its reader would not take.
 */
export async function provideSecrets(root: string, configuration: Configuration): Promise<Secrets> {
  const path = join(root, FILE)
  const forms = formsOf(configuration)
  const needed = configuration.secrets.filter((name) => !OWN_DATABASE.test(name))
  const fresh = (name: string) => (forms.get(name) ?? secretForm(undefined)).fresh()
  const existing = await readExisting(path)
  if (existing === undefined) {
    const values = Object.fromEntries(needed.map((name) => [name, fresh(name)]))
    const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`)
    await writeFile(path, lines.join(''), { mode: 0o600, flag: 'wx' })
    return { values, isFresh: true }
  }
  const values: Values = parseEnv(existing)
  const missing = needed.filter((name) => (forms.has(name) ? !values[name] : !(name in values)))
  if (missing.length > 0) {
    const lines = missing.map((name) => `\n  ${name}=${fresh(name)}`).join('')
    throw new StartError(
      `${FILE}: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing; add what follows, or delete the file to have a new one written:${lines}`,
    )
  }
  const fault = await findMalformed(values, forms)
  if (fault !== undefined) throw new StartError(fault)
  return { values, isFresh: false }
}

/** A value that the Worker would only refuse later, request by request; the message holds no part of it. */
async function findMalformed(
  values: Values,
  forms: ReadonlyMap<string, SecretForm>,
): Promise<string | undefined> {
  for (const [base, { words, fresh, holds }] of forms) {
    for (const name of base === PROOF_KEY ? [base] : [base, `${base}_NEXT`]) {
      const value = values[name]
      if (!value || (await holds(value))) continue
      return `${FILE}: ${name} is not of the form: ${words}; write '${name}=${fresh()}', or delete the file to have fresh ones`
    }
  }
  return undefined
}

/** The form of each secret that must have a value, by its name. */
function formsOf({ files, secrets }: Configuration): Map<string, SecretForm> {
  const forms = new Map([[PROOF_KEY, secretForm(PROOF_KEY)]])
  if (secrets.includes(CONTROL_KEY)) forms.set(CONTROL_KEY, secretForm(CONTROL_KEY))
  for (const { authenticate } of Object.values(files as Routes)) {
    for (const name of authenticate.secrets) forms.set(name, secretForm(authenticate.name))
  }
  return forms
}

async function readExisting(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
