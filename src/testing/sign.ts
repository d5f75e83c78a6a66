import type { EmbeddedProof } from '../webhooks/embedded.ts'
import type { HashedProof } from '../webhooks/hashed.ts'
import type { JwsProof } from '../webhooks/jws.ts'
import type { Provider } from '../webhooks/provider.ts'
import type { Proof, Scheme } from '../webhooks/scheme.ts'
import type { SignedProof } from '../webhooks/signed.ts'
import type { TokenProof } from '../webhooks/token.ts'
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
 * Signs a delivery as a provider does, from the same entry that the gateway verifies it with. The time is now by default,
 * the id fresh. Throws a TypeError for a secret that is not of the provider's form.
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
  const { scheme } = provider
  const signer = signers[scheme.proof.kind] as Signer | undefined
  if (!signer) throw new TypeError(`sign: nothing signs as ${scheme.name} does`)
  const id = options.id ?? `msg_${crypto.randomUUID()}`
  const { secret, alsoSecret } = options
  const delivery = await signer(scheme.proof, {
    name: scheme.name,
    method: options.method ?? 'POST',
    url: options.url ?? `https://gateway.test/webhooks/${scheme.name}`,
    headers: headersOf(scheme, id, options),
    body: options.body,
    now: options.now ?? Date.now(),
    id,
    secrets: [secret, alsoSecret].filter((text) => text !== undefined),
    privateKey: options.privateKey,
  })
  const { method, url, headers, body } = delivery
  return { method, url, headers: { ...headers, ...options.headers }, body }
}

function headersOf({ content, topicHeader, hintHeader }: Scheme, id: string, options: SignOptions) {
  const contentType = options.contentType ?? content?.[0]?.mediaType ?? 'application/json'
  return {
    'content-type': contentType,
    ...(hintHeader !== undefined && { [hintHeader]: id }),
    ...(topicHeader !== undefined && options.event !== undefined && { [topicHeader]: options.event }),
  }
}
