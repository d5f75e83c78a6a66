import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { certificateOf } from './certificate.ts'

interface Pair {
  /** What the receiver is given. */
  verify: string
  /** What the sender signs with: PKCS #8 in base64. */
  sign: string
}

const digest = (name: string) => createHash('sha256').update(`a test secret of ${name}`)
const hexOf = (name: string) => digest(name).digest('hex')
const pkcs8 = (key: KeyObject) => key.export({ format: 'der', type: 'pkcs8' }).toString('base64')
const spki = (key: KeyObject) => key.export({ format: 'der', type: 'spki' })

function discord(): Pair {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  // The last 32 bytes of SPKI are the key itself (RFC 8410, section 4).
  return { verify: spki(publicKey).subarray(-32).toString('hex'), sign: pkcs8(privateKey) }
}

function sendgrid(): Pair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { verify: spki(publicKey).toString('base64'), sign: pkcs8(privateKey) }
}

function sns(): Pair {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { verify: certificateOf(pair, 'sns.amazonaws.com'), sign: pkcs8(pair.privateKey) }
}

const pairs: Readonly<Record<string, Pair>> = { discord: discord(), sendgrid: sendgrid(), 'aws-sns': sns() }

/** Providers whose secret is `whsec_` and the key in base64. */
const STANDARD = new Set([
  'standard-webhooks',
  'gitlab-signing',
  'svix',
  'clerk',
  'resend',
  'openai',
  'anthropic',
  'replicate',
  'liveblocks',
])
/** Others whose secret is known by how it begins; the whole text is the key. */
const PREFIXES: Readonly<Record<string, string>> = {
  stripe: 'whsec_',
  shopify: 'shpss_',
  paddle: 'pdl_ntfset_',
  polar: 'polar_whs_',
  elevenlabs: 'wsec_',
  qstash: 'sig_',
}

/**
 * What a receiver of the provider is configured with: 64 hex digits where nothing else is known, which is also
 * Adyen's form (a key in hex) and Contentful's (64 characters); `whsec_` and base64 of the Standard Webhooks;
 * the public key of Discord (hex) and SendGrid (SPKI in base64); the certificate of Amazon SNS (PEM).
 */
export function secretFor(provider: string): string {
  const pair = pairs[provider]
  if (pair) return pair.verify
  if (STANDARD.has(provider)) return `whsec_${digest(provider).digest('base64')}`
  return (PREFIXES[provider] ?? '') + hexOf(provider)
}

/** What the provider signs with: the secret itself, or the private key of Discord, SendGrid and Amazon SNS. */
export const signingKeyFor = (provider: string): string => pairs[provider]?.sign ?? secretFor(provider)

/** The public name of the key, of providers that send one (Pusher, Braintree), else the empty text. */
export function keyIdFor(provider: string): string {
  return ['braintree', 'pusher'].includes(provider)
    ? hexOf(`the public part of ${provider}`).slice(0, 20)
    : ''
}
