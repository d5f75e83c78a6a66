import type { jwt } from 'sallyport/credentials'

type Env = Readonly<Record<string, unknown>>
type Token = ReturnType<typeof jwt>
type Facts = Parameters<Token['inspect']>[0]
type Means = Parameters<Extract<ReturnType<Token['inspect']>, { ok: true }>['value']>[1]

/** What is done, how often: the test compares how long each takes. */
export interface Work {
  /** `inspect`: the check of headers alone. `verify`: one ES256 verification. `whole`: both halves. `nothing`: the way here and back. */
  kind: 'nothing' | 'inspect' | 'verify' | 'whole'
  authorization?: string
  search?: string
  times: number
  now: number
  jwk?: JsonWebKey
  /** Whole: a token for each time, or one for all. */
  tokens?: readonly string[]
}

/** Does the work inside workerd, with no request or answer between: the clock that counts stands outside. */
export async function costOf(authenticator: Token, work: Work, env: Env) {
  const { kind, times, now, search = '' } = work
  if (kind === 'nothing') return { accepted: 0 }
  if (kind === 'verify') return { accepted: await verifyTimes(work) }
  let accepted = 0
  const means: Means = {
    env,
    store: {
      recall: () => Promise.reject(new Error('not asked')),
      keep: () => Promise.reject(new Error('not asked')),
      findApiKey: () => Promise.reject(new Error('not asked')),
    },
    background: () => undefined,
    remainingMs: () => 1000,
  }
  // The requests are there before the check is: making them is no part of it.
  const authorizations = work.tokens?.map((token) => `Bearer ${token}`) ?? [work.authorization]
  const requests = authorizations.map((authorization) => {
    const headers = new Map(authorization === undefined ? [] : [['authorization', authorization]])
    return { headers, now, search } as unknown as Facts
  })
  for (let i = 0; i < times; i++) {
    const facts = requests[i % requests.length] as Facts
    const inspected = authenticator.inspect(facts, env)
    if (!inspected.ok) continue
    if (kind === 'inspect' || (await inspected.value(undefined, means)).ok) accepted++
  }
  return { accepted }
}

async function verifyTimes({ times, jwk = { kty: 'EC' }, tokens: [token = ''] = [] }: Work): Promise<number> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify'])
  const at = token.lastIndexOf('.')
  const message = new TextEncoder().encode(token.slice(0, at))
  const binary = atob(
    token
      .slice(at + 1)
      .replaceAll('-', '+')
      .replaceAll('_', '/'),
  )
  const signature = Uint8Array.from(binary, (character) => character.charCodeAt(0))
  let accepted = 0
  for (let i = 0; i < times; i++) {
    if (await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, message)) accepted++
  }
  return accepted
}
