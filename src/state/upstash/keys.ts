import { sha256, utf8 } from '../../lib/digest.ts'
import { encodeHex } from '../../lib/hex.ts'
import type { AdmitRequest, DeliveryClaim, LimitClaim } from '../state.ts'

/** Grows when the form of a key or value changes, so that two versions of this code never read each other's. */
const VERSION = 'sp1'
const PRINCIPAL = 'principal:'

/** Names of everything that is stored, under the deployment's own namespace. */
export class Keys {
  readonly #prefix: string

  constructor(namespace: string) {
    this.#prefix = `${VERSION}:${namespace}:`
  }

  claim({ route, key }: Pick<DeliveryClaim, 'route' | 'key'>): string {
    return `${this.#prefix}c:${route}:${key}`
  }

  token(token: string): string {
    return `${this.#prefix}t:${token}`
  }

  block(client: string): string {
    return `${this.#prefix}b:${client}`
  }

  /** The name may hold somebody's e-mail address: only its digest is stored. */
  async revocation(name: string): Promise<string> {
    return `${this.#prefix}r:${await digestOf(name)}`
  }

  async text(name: string): Promise<string> {
    return `${this.#prefix}s:${await digestOf(name)}`
  }

  /** Hashes: API keys by their digest, and the digests by the keys' ids. */
  get apiKeys(): [string, string] {
    return [`${this.#prefix}k`, `${this.#prefix}i`]
  }

  async limit({ owner, name }: LimitClaim): Promise<string> {
    const counted = owner.startsWith(PRINCIPAL)
      ? PRINCIPAL + (await digestOf(owner.slice(PRINCIPAL.length)))
      : owner
    return `${this.#prefix}l:${counted}:${name}`
  }

  /** A SCAN pattern for the claims of a route; route ids hold no character that a pattern gives a meaning to. */
  claimsOf(route: string): string {
    return `${this.#prefix}c:${route}:*`
  }

  /**
   * The keys of one admission, with a letter for each of those that are not limits. The token has a record of its own: it
   * says what was counted where no lease does, and whether the admission was given back or released.
   */
  async of({
    token,
    client,
    revocable = [],
    limits,
    claim,
  }: AdmitRequest): Promise<{ layout: string; keys: string[] }> {
    const named: [string, string | Promise<string>][] = []
    if (claim) named.push(['c', this.claim(claim)])
    if (claim || limits.length > 0) named.push(['t', this.token(token)])
    if (client !== undefined) named.push(['b', this.block(client)])
    for (const name of revocable) named.push(['r', this.revocation(name)])
    const keys = await Promise.all([
      ...named.map(([, key]) => key),
      ...limits.map((limit) => this.limit(limit)),
    ])
    return { layout: named.map(([letter]) => letter).join(''), keys }
  }
}

const digestOf = async (text: string): Promise<string> => encodeHex(await sha256(utf8(text)))
