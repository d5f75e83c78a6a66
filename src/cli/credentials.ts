import { secretOf } from '../contract.ts'
import type { Routes } from '../gateway.ts'
import { issuerFault } from '../keys/index.ts'
import type { Environment } from './configuration.ts'

/** A route whose issuer, or what else its credentials read, an environment does not name, or names in a way that cannot serve. */
export function findInCredentials(
  routes: Routes,
  { vars }: Environment,
  secrets: readonly string[],
): string | undefined {
  for (const [id, { authenticate }] of Object.entries(routes)) {
    for (const name of authenticate.issuers ?? []) {
      const where = `routes/${id}.ts: authenticate: issuer:`
      const url = secretOf(vars, name)
      if (url === undefined)
        return `${where} var ${name} is missing; write the issuer's URL as its tokens name it in iss`
      const fault = issuerFault(url)
      if (fault !== undefined) return `${where} var ${name} ${fault}; write the issuer's https URL`
    }
    for (const { name, isUrl = false } of authenticate.vars ?? []) {
      const where = `routes/${id}.ts: authenticate: var ${name}`
      const text = secretOf(vars, name)
      if (text === undefined && (isUrl || !secrets.includes(name)))
        return `${where} is missing; declare it${isUrl ? ' with an https URL' : ''}`
      const fault = isUrl ? issuerFault(text ?? '') : undefined
      if (fault !== undefined) return `${where} ${fault}; write an https URL`
    }
  }
  return undefined
}
