import { secretOf } from '../contract.ts'
import type { Routes } from '../gateway.ts'
import { issuerFault } from '../keys/index.ts'
import type { Environment } from './configuration.ts'

/** A route whose issuer an environment does not name, or names in a way that no token can match. */
export function findInIssuers(routes: Routes, { vars }: Environment): string | undefined {
  for (const [id, { authenticate }] of Object.entries(routes)) {
    for (const name of authenticate.issuers ?? []) {
      const where = `routes/${id}.ts: authenticate: issuer:`
      const url = secretOf(vars, name)
      if (url === undefined)
        return `${where} var ${name} is missing; write the issuer's URL as its tokens name it in iss`
      const fault = issuerFault(url)
      if (fault !== undefined) return `${where} var ${name} ${fault}`
    }
  }
  return undefined
}
