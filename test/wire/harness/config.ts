import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

export interface ConfigOptions {
  /** Text bindings: vars and secrets alike. */
  bindings?: Record<string, string>
  durableObjects?: { binding: string; className: string; uniqueKey: string }[]
  /** Durable Objects are lost with the process, or live on in this existing directory. @default 'memory' */
  storage?: 'memory' | (string & {})
}

/** Beside the configuration, and removed with it. */
export const EPHEMERAL_DIRECTORY = 'state'

const COMPATIBILITY_DATE = compatibilityDate()

/** The date that a deployment has: the runtime's facts hold for that one. */
function compatibilityDate(): string {
  const toml = readFileSync(resolve(import.meta.dirname, '../../../wrangler.toml'), 'utf8')
  const date = /^compatibility_date = "([0-9-]+)"$/m.exec(toml)?.[1]
  if (date === undefined) throw new Error('wrangler.toml has no compatibility_date')
  return date
}

/** The workerd configuration, in Cap'n Proto text, of the Worker `worker.js` beside it. */
export function configOf({ bindings = {}, durableObjects = [], storage = 'memory' }: ConfigOptions): string {
  const directory = storage === 'memory' ? EPHEMERAL_DIRECTORY : resolve(storage)
  const bound = [
    ...Object.entries(bindings).map(([name, text]) => `(name = ${quote(name)}, text = ${quote(text)})`),
    ...durableObjects.map(
      ({ binding, className }) =>
        `(name = ${quote(binding)}, durableObjectNamespace = (className = ${quote(className)}))`,
    ),
  ]
  const namespaces = durableObjects.map(
    ({ className, uniqueKey }) =>
      `(className = ${quote(className)}, uniqueKey = ${quote(uniqueKey)}, enableSql = true)`,
  )
  const worker = [
    'modules = [(name = "worker", esModule = embed "worker.js")]',
    `compatibilityDate = ${quote(COMPATIBILITY_DATE)}`,
    `bindings = [${bound.join(', ')}]`,
    'globalOutbound = "internet"',
  ]
  if (namespaces.length > 0) {
    worker.push(
      `durableObjectNamespaces = [${namespaces.join(', ')}]`,
      // `inMemory` has no SQL, so that storage without a future is a directory too.
      'durableObjectStorage = (localDisk = "disk")',
    )
  }
  const services = [
    `(name = "disk", disk = (path = ${quote(directory)}, writable = true))`,
    `(name = "main", worker = (${worker.join(', ')}))`,
    // Loopback is refused unless the network says "local".
    '(name = "internet", network = (allow = ["public", "private", "local"]))',
  ]
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  logging = (structuredLogging = true),
  services = [${services.join(', ')}],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`
}

/** A Cap'n Proto text literal: it has C escapes, and no \u as JSON would write. */
function quote(text: string): string {
  const escaped = text.replaceAll(/["\\\p{Cc}]/gu, (character) =>
    character < ' ' || character === '\x7f'
      ? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
      : character > '\x7f'
        ? character
        : `\\${character}`,
  )
  return `"${escaped}"`
}
