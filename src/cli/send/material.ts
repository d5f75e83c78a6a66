import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { demoSecretName, privateKeyName } from '../../dev/demo-providers.ts'
import type { Routes } from '../../gateway.ts'
import { signingNeeds } from '../../testing/check-signable.ts'
import { freshSecret } from '../../testing/fresh-secret.ts'
import { type SignedDelivery, sign } from '../../testing/index.ts'
import { filled, filledBody } from '../../testing/sample.ts'
import type { Sample } from '../../testing/vector-file.ts'
import type { Provider } from '../../webhooks/provider.ts'
import { UsageError } from '../arguments.ts'
import { type Fault, signedAt, tamper } from './faults.ts'

/** A provider of the package, or what `hmacWebhook` made. */
export type Signed = Pick<Provider<unknown, unknown>, 'scheme'>

/** What a provider's deliveries are signed with. */
export interface Material {
  provider: Signed
  sample: Sample
  secretName: string
  secret: string | undefined
  privateKey: string | undefined
}

/** The secrets that the gateway on this machine has. */
export type Vars = Readonly<Record<string, string | undefined>>

/** Reads `.dev.vars`. */
export async function readVars(root: string): Promise<Vars> {
  try {
    return parseEnv(await readFile(join(root, '.dev.vars'), 'utf8'))
  } catch {
    throw new UsageError(
      '.dev.vars: is not there; npm start writes it, or name a variable with --secret-from-env',
    )
  }
}

/** The name of a provider's secret: what the project's own route of it says, else the playground's. */
export function secretNameOf({ scheme: { name } }: Signed, routes: Routes): string {
  const own = Object.values(routes).find(({ authenticate }) => authenticate.name === name)
  return own?.authenticate.secrets[0] ?? demoSecretName(name)
}

/** The provider's sample, and what signs for it: nothing is asked about here. */
export const materialOf = (provider: Signed, sample: Sample, secretName: string, vars: Vars): Material => ({
  provider,
  sample,
  secretName,
  secret: vars[secretName],
  privateKey: vars[privateKeyName(secretName)],
})

/** Names of the secrets that have to be there for the provider's signer, and are not. */
export function lackingOf({ provider, secretName, secret, privateKey }: Material): string[] {
  const needs = signingNeeds(provider.scheme)
  return [
    ...(needs.secret && !secret ? [secretName] : []),
    ...(needs.privateKey && !privateKey ? [privateKeyName(secretName)] : []),
  ]
}

/** Secrets that a message names. */
const MAX_NAMED = 5

/** Stops where a secret is missing that signs for one of these. */
export function checkSecrets(materials: readonly Material[], place: '.dev.vars' | 'the environment'): void {
  const all = materials.flatMap((material) => lackingOf(material).map((name) => ({ name, material })))
  const [first] = all
  if (!first) return
  const who = materials.length === 1 ? `${first.material.provider.scheme.name}: ` : ''
  const named = all
    .slice(0, MAX_NAMED)
    .map(({ name }) => name)
    .join(', ')
  const more = all.length > MAX_NAMED ? ` and ${all.length - MAX_NAMED} more` : ''
  const isOne = all.length === 1
  const fix = place === '.dev.vars' ? `; npm start adds ${isOne ? 'it' : 'them'}` : ''
  // A private key cannot be made for a public key that is there already.
  const { secretName, secret } = first.material
  const pair =
    isOne && first.name !== secretName && secret ? `; it signs for the public key ${secretName}` : fix
  throw new UsageError(`${who}${named}${more} ${isOne ? 'is' : 'are'} not set in ${place}${pair}`)
}

/** A delivery with a fault for the command: what cannot be signed is told by the words of its options. */
export async function prepare(
  material: Material,
  fault: Fault,
  facts: { url: string; body: string | undefined; now: number },
): Promise<SignedDelivery> {
  try {
    return await makeDelivery(material, fault, facts)
  } catch (error) {
    const [, option, problem] = /^sign: (?:(\w+): )?(.*)$/s.exec(String((error as Error)?.message)) ?? []
    if (!(error instanceof TypeError) || problem === undefined) throw error
    const { provider, secretName } = material
    const { name, secretForm } = provider.scheme
    if (option === 'secret')
      throw new UsageError(`${name}: ${secretName} is not of the form: ${secretForm ?? 'a text'}`)
    if (option === 'privateKey') throw new UsageError(`${name}: ${privateKeyName(secretName)} ${problem}`)
    throw new UsageError(`${option === 'body' ? '--event: ' : ''}${name}: ${problem}`)
  }
}

/** A delivery with a fault, ready to be sent; throws the TypeErrors of `sign`. `body` stands in the place of the sample. */
export async function makeDelivery(
  { provider, sample, secret, privateKey }: Material,
  fault: Fault,
  { url, body, now }: { url: string; body: string | undefined; now: number },
): Promise<SignedDelivery> {
  const { scheme } = provider
  const other = fault === 'wrong-secret' ? await foreign(provider, sample) : undefined
  const used = { secret, privateKey, ...other }
  const at = signedAt(scheme, fault, now)
  const headers = Object.entries(sample.headers ?? {}).map(([name, value]) => [name, filled(value, now)])
  const delivery = await sign(provider, {
    url,
    now: at,
    body: body ?? filledBody(sample, now),
    headers: Object.fromEntries(headers) as Record<string, string>,
    ...(used.secret !== undefined && { secret: used.secret }),
    ...(used.privateKey !== undefined && { privateKey: used.privateKey }),
    ...(sample.event !== undefined && { event: sample.event }),
    ...(sample.contentType !== undefined && { contentType: sample.contentType }),
    ...(sample.method !== undefined && { method: sample.method }),
  })
  return fault === 'tampered' ? tamper(scheme, sample, delivery, secret) : delivery
}

/** A secret of the right form that the gateway does not know. */
async function foreign({ scheme }: Signed, sample: Sample) {
  if (sample.secrets) return { secret: sample.secrets[1] }
  const fresh = await freshSecret(scheme, sample)
  return {
    ...(fresh?.text && { secret: fresh.text }),
    ...(fresh?.privateKey && { privateKey: fresh.privateKey }),
  }
}
