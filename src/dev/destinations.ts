import type { Configuration } from '../cli/configuration.ts'
import { secretOf } from '../contract.ts'
import type { Routes } from '../gateway.ts'
import { StartError } from './options.ts'

/** Where this project's own routes go, and `unmatched` most likely. */
const USUAL = 'ORIGIN_URL'

/**
 * Names of the URL vars that routes forward to; the playground points every one of them at the demo origin, so that its
 * made-up deliveries, which are signed and hence believed, meet nobody's real origin.
 * @throws {StartError} for a route that goes to a binding, which no var can point elsewhere.
 */
export function diverted({ files, environments }: Configuration): ReadonlySet<string> {
  const { fetchers = [] } = environments.find(({ name }) => name === undefined) ?? {}
  const names = new Set([USUAL])
  for (const [id, { forward }] of Object.entries(files as Routes)) {
    if (fetchers.includes(forward.to)) {
      throw new StartError(
        `routes/${id}.ts: forward.to: ${forward.to} is a binding, and what is behind it would get the playground's made-up deliveries; name a URL var such as ${USUAL} to play, or run npx wrangler dev`,
      )
    }
    names.add(forward.to)
  }
  return names
}

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$)/

/**
 * Names of the issuer vars that the playground points at the demo issuer: those that name an issuer on this machine. Tokens
 * of any other issuer are verified as they are in a deployment.
 */
export function demoIssuers({ files, environments }: Configuration): ReadonlySet<string> {
  const { vars = {} } = environments.find(({ name }) => name === undefined) ?? {}
  const names = Object.values(files as Routes).flatMap(({ authenticate }) => authenticate.issuers ?? [])
  return new Set(names.filter((name) => LOOPBACK.test(secretOf(vars, name) ?? '')))
}
