import { type Duration, parseDuration } from '../lib/duration.ts'
import { claimOf } from './claims.ts'
import { makeRule, type Rule, refuseOption } from './rule.ts'

/** The issuer's clock may go before ours by so much. */
const TOLERANCE_SECONDS = 60
/** The values of a challenge are separated by spaces. */
const ACR = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Asks for a recent login: the claim `auth_time` (seconds since the epoch) is at most so old; else 401 with the challenge
 * `insufficient_user_authentication` and `max_age` in seconds (RFC 9470). A missing or odd claim, and one over 60 s in the
 * future, refuses in the same way.
 * @throws {TypeError} at load: for what is no duration of whole seconds.
 * @example
 * import { authenticatedWithin } from 'sallyport'
 *
 * export const authorize = authenticatedWithin('10 m')
 */
export function authenticatedWithin(within: Duration): Rule<never, 'auth_time', 'claims'> {
  const ms = typeof within === 'string' ? parseDuration(within) : undefined
  if (ms === undefined || ms % 1000 !== 0)
    refuseOption(
      'authenticatedWithin',
      `'${within}' is not a duration in whole seconds; write one like '10 m'`,
    )
  const seconds = ms / 1000
  return makeRule({
    description: { rule: 'authenticatedWithin', seconds },
    needs: { claims: ['auth_time'], members: ['claims'] },
    code: 'authentication_insufficient',
    asks: { maxAgeSeconds: seconds },
    decide({ principal, now }) {
      const time = claimOf(principal, 'auth_time')
      if (typeof time !== 'number' || !Number.isSafeInteger(time)) return undefined
      const actual = Math.floor(now / 1000) - time
      if (actual < -TOLERANCE_SECONDS) return undefined
      return actual <= seconds || { limit: seconds, actual, unit: 'seconds' }
    },
  })
}

/**
 * Asks for one of these ways to log in: the claim `acr` is one of the values, compared exactly; else 401 with the challenge
 * `insufficient_user_authentication` and `acr_values` in the order given (RFC 9470). A missing or odd claim refuses.
 * @throws {TypeError} at load: for no value, and for one with spaces, quotes or characters outside ASCII.
 * @example
 * import { acr } from 'sallyport'
 *
 * export const authorize = acr('phrh', 'phr')
 */
export function acr(...values: readonly string[]): Rule<never, 'acr', 'claims'> {
  if (values.length === 0) refuseOption('acr', 'is empty; name at least one value')
  for (const value of values) {
    if (typeof value !== 'string' || !ACR.test(value))
      refuseOption('acr', `'${value}' is not a value; give each as a text of its own, without spaces`)
  }
  return makeRule({
    description: { rule: 'acr', values },
    needs: { claims: ['acr'], members: ['claims'] },
    code: 'authentication_insufficient',
    asks: { acrValues: values.join(' ') },
    decide({ principal }) {
      const value = claimOf(principal, 'acr')
      return typeof value === 'string' ? values.includes(value) : undefined
    },
  })
}
