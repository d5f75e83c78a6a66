/** Scalars that a claim can be compared with. */
export type ClaimValue = string | number | boolean

/** A rule as data: what listings and tools read. */
export type Description =
  | { rule: 'scope' | 'role'; of: 'all' | 'any'; names: readonly string[] }
  | { rule: 'same'; param: string; claim: string }
  | { rule: 'owner'; param: string }
  | { rule: 'claim'; claim: string; values: readonly ClaimValue[] | 'predicate' }
  | { rule: 'network'; ranges: readonly string[] }
  | { rule: 'country'; countries: readonly string[] }
  | { rule: 'during'; days: readonly string[]; from: string; to: string; zone: string }
  | { rule: 'authenticatedWithin'; seconds: number }
  | { rule: 'acr'; values: readonly string[] }
  | { rule: 'predicate'; name: string }
  | { rule: 'all' | 'any'; parts: readonly Description[] }
  | { rule: 'not'; part: Description }

/**
 * Says in one line what a rule asks for, such as `scope orders:write and :tenant = claim tenant`.
 *
 * @example
 * import { all, describe, hasScope, sameTenant } from 'sallyport'
 *
 * console.log(describe(all(hasScope('orders:write'), sameTenant('tenant'))))
 */
export const describe = ({ description }: { readonly description: Description }): string =>
  textOf(description)

export function textOf(description: Description): string {
  switch (description.rule) {
    case 'scope':
    case 'role': {
      const { rule, of, names } = description
      if (names.length === 1) return `${rule} ${names[0]}`
      return `${of === 'all' ? 'all' : 'any'} of the ${rule}s ${names.join(', ')}`
    }
    case 'same':
      return `:${description.param} = claim ${description.claim}`
    case 'owner':
      return `:${description.param} = subject`
    case 'claim': {
      const { claim, values } = description
      if (values === 'predicate') return `claim ${claim} that passes a predicate`
      return `claim ${claim} ${values.length === 1 ? '=' : 'in'} ${values.join(', ')}`
    }
    case 'network':
      return `address in ${description.ranges.join(', ')}`
    case 'country':
      return `country in ${description.countries.join(', ')}`
    case 'during': {
      const { days, from, to, zone } = description
      return `time in ${days.join(', ')} ${from} to ${to} ${zone}`
    }
    case 'authenticatedWithin':
      return `authentication within ${description.seconds} s`
    case 'acr':
      return `acr in ${description.values.join(', ')}`
    case 'predicate':
      return description.name === '' ? 'a predicate' : `predicate ${description.name}`
    case 'all':
    case 'any':
      return description.parts.map(nested).join(description.rule === 'all' ? ' and ' : ' or ')
    case 'not':
      return `not (${textOf(description.part)})`
  }
}

const nested = (part: Description): string =>
  (part.rule === 'all' || part.rule === 'any') && part.parts.length > 1 ? `(${textOf(part)})` : textOf(part)

/** Every scope that a rule can ask for, in the order of writing; what stands under `not` is not asked for. */
export function scopesOf(description: Description): readonly string[] {
  switch (description.rule) {
    case 'scope':
      return description.names
    case 'all':
    case 'any':
      return [...new Set(description.parts.flatMap(scopesOf))]
    default:
      return []
  }
}
