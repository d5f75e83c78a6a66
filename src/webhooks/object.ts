import { BODY_JSON_LIMITS } from '../contract.ts'
import { parseJson } from '../lib/json.ts'

/** A JSON object, by name. */
export type JsonObject = Readonly<Record<string, unknown>>

/** The object in strict JSON: what a check reads in it no other parser reads differently. */
export function readObject(bytes: Uint8Array): JsonObject | undefined {
  const json = parseJson(bytes, BODY_JSON_LIMITS, { exactNumbers: false })
  return json.ok ? asObject(json.value) : undefined
}

export const asObject = (value: unknown): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined

/** An own member: a name such as `constructor` is one only where the text has it. */
export const ownMember = (object: JsonObject | undefined, name: string): unknown =>
  object && Object.hasOwn(object, name) ? object[name] : undefined
