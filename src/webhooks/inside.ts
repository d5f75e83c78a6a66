import { BODY_JSON_LIMITS } from '../contract.ts'
import { type JsonOutcome, parseJson } from '../lib/json.ts'
import type { Scheme } from './scheme.ts'

/** A JSON object or array, by name. */
export type Members = Readonly<Record<string, unknown>>

/** What the verified body says beside its schema: read once, and only where the scheme has something there. */
export interface Inside {
  json?: JsonOutcome
  /** The body's object, by the strict parser, else by the loose one. */
  members?: Members
  /** The same, by the strict parser alone. */
  strict?: Members
}

/** Reads the verified body, where the scheme has its id, its time or a handshake in it. */
export function lookInside(scheme: Scheme, body: Uint8Array<ArrayBuffer>): Inside {
  if (scheme.bodyId === undefined && !scheme.handshake && !scheme.proof.bodyTime) return {}
  const json = parseJson(body, BODY_JSON_LIMITS, { exactNumbers: false })
  // What the strict parser refuses is one delivery all the same: a retry, signed anew, has to find its id.
  const members = membersOf(json.ok ? json.value : looseJson(body))
  return { json, ...(members && { members, ...(json.ok && { strict: members }) }) }
}

/** The value at a path of names with dots, own members alone. */
export function memberAt(members: Members | undefined, path: string): unknown {
  let value: unknown = members
  for (const name of path.split('.')) {
    const inner = membersOf(value)
    if (!inner || !Object.hasOwn(inner, name)) return undefined
    value = inner[name]
  }
  return value
}

const membersOf = (value: unknown): Members | undefined =>
  typeof value === 'object' && value !== null ? (value as Members) : undefined

function looseJson(body: Uint8Array<ArrayBuffer>): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}
