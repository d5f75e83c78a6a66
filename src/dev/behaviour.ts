import { BadInput, wholeNumber } from './http.ts'

/** How the demo origin shapes its next answers. */
export interface Behaviour {
  status: number
  delayMs: number
  /** Ends the connection in place of an answer, after the delay. */
  drop: boolean
  /** Answers that are still to be shaped. */
  times: number
}

/** The members of `PUT /_playground/behaviour`. */
export const BEHAVIOUR_MEMBERS = ['status', 'delayMs', 'drop', 'times']

/**
 * Reads what `PUT /_playground/behaviour` says; undefined clears what was said before (`times: 0`).
 * @throws {BadInput} naming the member that is wrong.
 */
export function readBehaviour(members: Readonly<Record<string, unknown>>): Behaviour | undefined {
  const times = wholeNumber(members, 'times', { min: 0, max: 1_000_000, fallback: 1 })
  const status = wholeNumber(members, 'status', { min: 200, max: 599, fallback: 200 })
  const delayMs = wholeNumber(members, 'delayMs', { min: 0, max: 600_000, fallback: 0 })
  const drop = members.drop ?? false
  if (typeof drop !== 'boolean') throw new BadInput(`'drop' must be true or false`)
  return times === 0 ? undefined : { status, delayMs, drop, times }
}
