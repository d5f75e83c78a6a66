import type { Env } from './contract.ts'

/**
 * Bindings are the same for the life of an isolate: what they settle is computed once, and with it lives what the isolate
 * remembers. A copy of the bindings counts as the bindings.
 */
export function memoized<T>(compute: (env: Env) => T): (env: Env) => T {
  let last: { env: Env; value: T } | undefined
  return (env) => {
    if (last === undefined || !sameBindings(last.env, env)) last = { env, value: compute(env) }
    return last.value
  }
}

function sameBindings(a: Env, b: Env): boolean {
  if (a === b) return true
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}
