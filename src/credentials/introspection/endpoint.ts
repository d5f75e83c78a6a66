import { allow, deny, type Env, type Result, secretOf } from '../../contract.ts'
import { type Lookups, lookups } from '../lookups.ts'
import type { OpaqueTokenOptions } from './options.ts'

/** What an introspection endpoint says of an active token. */
export type Members = Readonly<Record<string, unknown>>

/** Who is asked, as the deployment's vars name it. */
export interface Endpoint {
  url: string
  clientId: string
  /** The secrets of the client, the one of now first. */
  secrets: readonly string[]
  issuer: string
  memory: Lookups<Members>
}

type Names = Pick<OpaqueTokenOptions, 'introspection' | 'clientId' | 'clientSecret' | 'issuer'>

const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/
const MAX_ISSUER_CHARS = 255
const MAX_ENDPOINTS = 64

/** One memory, one outage and one count of calls for all routes that ask one endpoint as one client. */
const memories = new Map<string, Lookups<Members>>()

function memoryOf(url: string, clientId: string): Lookups<Members> {
  const name = JSON.stringify([url, clientId])
  const held = memories.get(name)
  if (held) return held
  const memory = lookups<Members>({ maxInFlight: 50, missesPerSecond: 50, backsOff: true })
  memories.set(name, memory)
  if (memories.size > MAX_ENDPOINTS) memories.delete(memories.keys().next().value ?? '')
  return memory
}

/** The endpoint as the bindings have it: read for each request, since reading it costs nothing. */
export function endpointOf(names: Names, env: Env): Result<Endpoint> {
  const texts = [names.introspection, names.clientId, names.issuer].map((name) => secretOf(env, name))
  const [url, clientId, issuer] = texts
  if (url === undefined) return unset('var', names.introspection)
  if (clientId === undefined) return unset('var', names.clientId)
  if (issuer === undefined) return unset('var', names.issuer)
  const secrets = [names.clientSecret, `${names.clientSecret}_NEXT`]
    .map((name) => secretOf(env, name))
    .filter((text) => text !== undefined)
  if (secrets.length === 0) return unset('secret', names.clientSecret)
  if (!isEndpoint(url))
    return deny('not_configured', `var ${names.introspection} is not an https URL without credentials`)
  // A bar stands between issuer and subject in a principal's id.
  if (URL.parse(issuer) === null || issuer.length > MAX_ISSUER_CHARS || /[|\s]/.test(issuer))
    return deny('not_configured', `var ${names.issuer} is not the URL of an issuer`)
  return allow({ url, clientId, secrets, issuer, memory: memoryOf(url, clientId) })
}

function isEndpoint(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))
}

const unset = (kind: 'var' | 'secret', name: string) => deny('not_configured', `${kind} ${name} is not set`)
