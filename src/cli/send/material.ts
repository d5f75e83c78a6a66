import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { type AnyProvider, vectorFileOf } from '../../dev/catalog.ts'
import { demoSecretName, privateKeyName } from '../../dev/demo-providers.ts'
import type { Routes } from '../../gateway.ts'
import { freshSecret } from '../../testing/fresh-secret.ts'
import { type SignedDelivery, sign } from '../../testing/index.ts'
import { filled, filledBody } from '../../testing/sample.ts'
import type { Sample } from '../../testing/vector-file.ts'
import { UsageError } from '../arguments.ts'
import { type Fault, signedAt, tamper } from './faults.ts'

/** What a provider's deliveries are signed with. */
export interface Material {
  provider: AnyProvider
  sample: Sample
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
export function secretNameOf({ scheme: { name } }: AnyProvider, routes: Routes): string {
  const own = Object.values(routes).find(({ authenticate }) => authenticate.name === name)
  return own?.authenticate.secrets[0] ?? demoSecretName(name)
}

/** The provider's secret and sample. */
export function materialOf(provider: AnyProvider, secretName: string, vars: Vars): Material {
  const { name, secretForm, proof } = provider.scheme
  const secret = vars[secretName]
  if (secretForm !== undefined && !secret) {
    throw new UsageError(
      `${name}: ${secretName} is not set; write it into .dev.vars, or delete that file and let npm start write a new one`,
    )
  }
  const privateKey = vars[privateKeyName(secretName)]
  if (proof.keys[0]?.algorithm.name === 'Ed25519' && !privateKey) {
    throw new UsageError(
      `${name}: ${privateKeyName(secretName)} is not set; it signs for the public key ${secretName}`,
    )
  }
  return { provider, sample: vectorFileOf(name).sample, secret, privateKey }
}

/** A delivery with a fault, ready to be sent. `body` stands in the place of the sample. */
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
async function foreign({ scheme }: AnyProvider, sample: Sample) {
  if (sample.secrets) return { secret: sample.secrets[1] }
  const fresh = await freshSecret(scheme, sample)
  return {
    ...(fresh?.text && { secret: fresh.text }),
    ...(fresh?.privateKey && { privateKey: fresh.privateKey }),
  }
}
