import type { EmbeddedProof } from '../webhooks/embedded.ts'
import type { HashedProof } from '../webhooks/hashed.ts'
import type { JwsProof } from '../webhooks/jws.ts'
import type { Provider } from '../webhooks/provider.ts'
import type { Proof, Scheme } from '../webhooks/scheme.ts'
import type { SignedProof } from '../webhooks/signed.ts'
import type { TokenProof } from '../webhooks/token.ts'
import { checkSignable } from './check-signable.ts'
import type { SignedDelivery, SignOptions } from './delivery.ts'
import { signCanonical } from './sign-canonical.ts'
import { signPayPal, signSns } from './sign-certificate.ts'
import { signEmbedded } from './sign-embedded.ts'
import { signHashed } from './sign-hashed.ts'
import { signHeaders } from './sign-headers.ts'
import { signJws } from './sign-jws.ts'
import { sendToken } from './sign-token.ts'

/** What a signer is given: every option has its default by now. */
export interface Draft extends SignedDelivery {
  /** The provider's. */
  name: string
  now: number
  id: string
  secrets: readonly string[]
  privateKey: string | undefined
}

/** Puts a signature onto a draft: into its headers, its body or its URL. */
export type Signer<P extends Proof = Proof> = (proof: P, draft: Draft) => Promise<SignedDelivery>

const signers: Readonly<Record<string, Signer<never>>> = {
  'aws-sns': signSns,
  jws: signJws satisfies Signer<JwsProof>,
  paypal: signPayPal,
  canonical: signCanonical satisfies Signer<SignedProof>,
  embedded: signEmbedded satisfies Signer<EmbeddedProof>,
  hashed: signHashed satisfies Signer<HashedProof>,
  signed: signHeaders satisfies Signer<SignedProof>,
  token: sendToken satisfies Signer<TokenProof>,
}

/**
 * Signs a delivery as a provider does, from the same entry that the gateway verifies it with, or as `hmacWebhook` describes. The
 * time is now by default, the id fresh. Throws a TypeError for what is missing (a secret, a private key, the event where a header
 * names it), for a secret that is not of the provider's form, and for a body that cannot hold its signature.
 * @example
 * import { sign } from 'sallyport/testing'
 * import { github } from 'sallyport/webhooks'
 *
 * const delivery = await sign(github, { secret: 'a secret', event: 'push', body: '{"ref":"refs/heads/main"}' })
 * const request = new Request(delivery.url, delivery)
 */
export async function sign(
  provider: Pick<Provider<unknown, unknown>, 'scheme'>,
  options: SignOptions,
): Promise<SignedDelivery> {
  const scheme: Scheme | undefined = provider?.scheme
  if (!scheme) throw new TypeError('sign: provider: has no scheme; give a provider, such as stripe')
  const signer = signers[scheme.proof.kind] as Signer | undefined
  if (!signer) throw new TypeError(`sign: nothing signs as ${scheme.name} does`)
  checkSignable(scheme, options)
  const id = options.id ?? `msg_${crypto.randomUUID()}`
  const { secret, alsoSecret } = options
  const draft: Draft = {
    name: scheme.name,
    method: options.method ?? 'POST',
    url: options.url ?? `https://gateway.test/webhooks/${scheme.name}`,
    headers: headersOf(scheme, id, options),
    body: options.body,
    now: options.now ?? Date.now(),
    id,
    secrets: [secret, alsoSecret].filter((text) => text !== undefined),
    privateKey: options.privateKey,
  }
  const { method, url, headers, body } = await signer(scheme.proof, draft).catch(explained)
  return { method, url, headers: { ...headers, ...options.headers }, body }
}

/** What Web Crypto says of bytes that are no key names neither the option nor the fix. */
function explained(error: unknown): never {
  if (!(error instanceof DOMException)) throw error
  throw new TypeError('sign: privateKey: is not of the provider’s kind of key')
}

function headersOf({ content, topicHeader, hintHeader }: Scheme, id: string, options: SignOptions) {
  const contentType = options.contentType ?? content?.[0]?.mediaType ?? 'application/json'
  return {
    'content-type': contentType,
    ...(hintHeader !== undefined && { [hintHeader]: id }),
    ...(topicHeader !== undefined && options.event !== undefined && { [topicHeader]: options.event }),
  }
}
