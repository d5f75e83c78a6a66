import { compileAddressList } from '../lib/ip.ts'
import { makeRule, type Rule, refuseOption } from './rule.ts'

/** ISO 3166-1 alpha-2, and what Cloudflare writes beside it: `T1` for Tor. */
const COUNTRY = /^[A-Z][A-Z1]$/
/** Cloudflare's word for a country that it does not know. */
const UNKNOWN = 'XX'

/**
 * Lets callers in from these addresses and CIDR ranges; else 403. Where the deployment believes no word on the address, it
 * refuses, also under `not`.
 * @throws {TypeError} at load: for no range, and for one that is neither an address nor a CIDR range.
 * @example
 * import { any, hasRole, network } from 'sallyport'
 *
 * export const authorize = any(network('203.0.113.0/24', '2001:db8::/32'), hasRole('admin'))
 */
export function network(...ranges: readonly string[]): Rule<never, never, never> {
  if (ranges.length === 0) refuseOption('network', 'is empty; name at least one address or CIDR range')
  const holds = compileAddressList(ranges)
  return makeRule({
    description: { rule: 'network', ranges },
    decide: ({ client: { address } }) => (address === undefined ? undefined : holds(address)),
  })
}

/**
 * Lets callers in from these countries, two letters each (ISO 3166-1; `T1` is Tor), as Cloudflare tells in trust mode
 * `cloudflare`; else 403. An unknown country refuses, also under `not`.
 * @throws {TypeError} at load: for no country, for one that is not of two capital letters, and for `XX`.
 * @example
 * import { country, not } from 'sallyport'
 *
 * export const authorize = not(country('T1'))
 */
export function country(...countries: readonly string[]): Rule<never, never, never> {
  if (countries.length === 0) refuseOption('country', 'is empty; name at least one')
  for (const code of countries) {
    if (typeof code !== 'string' || !COUNTRY.test(code) || code === UNKNOWN)
      refuseOption('country', `'${code}' is not a country; write two capital letters, such as 'CH'`)
  }
  return makeRule({
    description: { rule: 'country', countries },
    decide: ({ client: { country } }) =>
      country === undefined || country === UNKNOWN ? undefined : countries.includes(country),
  })
}
