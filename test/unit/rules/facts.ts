import type { Rule, RuleFacts } from 'sallyport'
import { parseAddress } from '../../../src/lib/ip.ts'

/** A Monday, 12:00:00 UTC. */
export const NOW = Date.UTC(2026, 0, 5, 12)

interface Caller {
  claims?: unknown
  scopes?: unknown
  roles?: unknown
  sub?: unknown
  params?: Record<string, string>
  address?: string
  country?: string
  now?: number
}

/** A caller with a token, and what is said of it. */
export function facts({ params = {}, address, country, now = NOW, ...principal }: Caller = {}): RuleFacts {
  const parsed = address === undefined ? undefined : parseAddress(address)
  return {
    principal: { kind: 'token', id: 'issuer|sub', scopes: [], roles: [], claims: {}, ...principal } as never,
    params,
    method: 'GET',
    client: { address: parsed, key: address, country, asn: undefined },
    now,
  }
}

/** What a rule says: `undecided` refuses as well. */
export function verdictOf(rule: Rule, caller: Caller = {}): 'yes' | 'no' | 'undecided' {
  const verdict = rule.test(facts(caller))
  return verdict.ok ? 'yes' : verdict.undecided ? 'undecided' : 'no'
}

/** The denial of a rule that refuses. */
export function denialOf(rule: Rule, caller: Caller = {}) {
  const verdict = rule.test(facts(caller))
  if (verdict.ok) throw new Error('the rule allowed it')
  return verdict.denial
}
