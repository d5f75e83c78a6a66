const NAMESPACE = /^[a-z0-9][a-z0-9-]{0,31}$/

/** Staging and production may share a database, and must never share a count or a claim. */
export function namespaceOf(env: Readonly<Record<string, unknown>>): string {
  const namespace = env.STATE_NAMESPACE
  if (typeof namespace === 'string' && NAMESPACE.test(namespace)) return namespace
  throw new TypeError(
    "var STATE_NAMESPACE is missing or malformed; name this deployment, 'production': up to 32 lower-case letters, digits and '-'",
  )
}
