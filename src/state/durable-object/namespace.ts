import type { SallyportState } from './object.ts'

/** Finds the namespace among the Worker's bindings; throws a `TypeError` that names the fix. */
export function namespaceOf(
  env: Readonly<Record<string, unknown>>,
  binding: string,
): DurableObjectNamespace<SallyportState> {
  const found = env[binding]
  if (isNamespace(found)) return found
  throw new TypeError(
    `binding ${binding} is ${found === undefined ? 'missing' : 'no Durable Object namespace'}: in wrangler.toml, ` +
      `[[durable_objects.bindings]] needs name = "${binding}", class_name = "SallyportState", [[migrations]] ` +
      'needs new_sqlite_classes = ["SallyportState"], and the Worker must export that class',
  )
}

function isNamespace(found: unknown): found is DurableObjectNamespace<SallyportState> {
  return typeof found === 'object' && found !== null && 'getByName' in found
}
