import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Configuration } from '../cli/configuration.ts'
import type { Routes } from '../gateway.ts'
import { PROOF_KEY } from '../stages/forward/proof.ts'
import { signingNeeds } from '../testing/check-signable.ts'
import { freshSecret } from '../testing/fresh-secret.ts'
import { providers } from './catalog.ts'
import { demoLines, linesOf, missingDemoSecrets } from './demo-lines.ts'
import { type DemoProvider, demoSecrets, privateKeyName } from './demo-providers.ts'
import { StartError } from './options.ts'
import { CONTROL_KEY, type SecretForm, secretForm } from './secret-form.ts'

type Values = Readonly<Record<string, string | undefined>>

/** The secrets of the playground, and whether they were made just now. */
export interface Secrets {
  values: Values
  isFresh: boolean
  /** How many of the playground's own providers have had secrets added to the file. */
  added: number
  /** How many of the playground's own providers have no secret there: their routes answer 503. */
  lacking: number
}

const FILE = '.dev.vars'
/** Credentials of a database of the user's own: the playground takes a local one, and neither wants nor invents them. */
const OWN_DATABASE = /^UPSTASH_REDIS_REST_/

/**
 * Reads `.dev.vars`, or writes it with random values and mode 0600 where there is none. What an existing file says is never
 * changed: it only gets the secrets of the playground's own providers that it has not, at its end.
 * @throws {StartError} naming a secret that an existing file lacks, or whose value its reader would not take.
 */
export async function provideSecrets(
  root: string,
  configuration: Configuration,
  demo: readonly DemoProvider[] = [],
): Promise<Secrets> {
  const path = join(root, FILE)
  const forms = formsOf(configuration)
  const needed = configuration.secrets.filter((name) => !OWN_DATABASE.test(name))
  const fresh = (name: string) => (forms.get(name) ?? secretForm(undefined)).fresh()
  const existing = await readExisting(path)
  if (existing === undefined) {
    const own = Object.fromEntries(
      await Promise.all(needed.map(async (name) => [name, await fresh(name)] as const)),
    )
    Object.assign(own, await keyPairs(configuration))
    const others = await demoSecrets(demo)
    const values = { ...others, ...own }
    const lines =
      linesOf(own) +
      demoLines('', Object.fromEntries(Object.keys(others).map((name) => [name, values[name]])))
    await writeFile(path, lines, { mode: 0o600, flag: 'wx' })
    return { values, isFresh: true, added: 0, lacking: 0 }
  }
  const found: Values = parseEnv(existing)
  const missing = needed.filter((name) => (forms.has(name) ? !found[name] : !(name in found)))
  if (missing.length > 0) {
    const lines = (await Promise.all(missing.map(async (name) => `\n  ${name}=${await fresh(name)}`))).join(
      '',
    )
    throw new StartError(
      `${FILE}: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing; add what follows, or delete the file to have a new one written:${lines}`,
    )
  }
  const fault = await findMalformed(found, forms)
  if (fault !== undefined) throw new StartError(fault)
  const { values: more, providers: added } = await missingDemoSecrets(demo, found)
  if (added > 0) await appendFile(path, demoLines(existing, more))
  const values = { ...found, ...more }
  const lacking = demo.filter(({ secrets }) => secrets.some((name) => !values[name])).length
  return { values, isFresh: false, added, lacking }
}

/** Where the gateway has but the public half of a key, what signs for it, so that deliveries can be sent. */
async function keyPairs({ files }: Configuration): Promise<Record<string, string>> {
  const values: Record<string, string> = {}
  for (const { authenticate } of Object.values(files as Routes)) {
    const scheme = providers.find((provider) => provider.scheme.name === authenticate.name)?.scheme
    const [name] = authenticate.secrets
    if (scheme?.secretForm === undefined || name === undefined || !signingNeeds(scheme).privateKey) continue
    const pair = await freshSecret(scheme)
    if (pair?.privateKey)
      Object.assign(values, { [name]: pair.text, [privateKeyName(name)]: pair.privateKey })
  }
  return values
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
      return `${FILE}: ${name} is not of the form: ${words}; write '${name}=${await fresh()}', or delete the file to have fresh ones`
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
