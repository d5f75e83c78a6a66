import { styleText } from 'node:util'
import type { DecisionEvent } from '../stages/record/event.ts'
import type { Arrival } from './recorder.ts'

type Style = Parameters<typeof styleText>[0]

/** Colours a text where the output is a terminal that wants colours (NO_COLOR, FORCE_COLOR). */
export const paint = (style: Style, text: string): string =>
  styleText(style, text, { stream: process.stdout })

/** The colour of an answer: let through, stopped, or failed. */
export const styleOf = (status: number): Style => (status < 400 ? 'green' : status < 500 ? 'yellow' : 'red')

/** One decision as one line, in columns. */
export function decisionLine(event: DecisionEvent): string {
  const status = paint(styleOf(event.status), `${event.status} ${(event.code ?? '').padEnd(22)}`)
  const target = `${(event.method ?? '?').padEnd(6)} ${(event.route ?? '-').padEnd(8)}`
  return [
    paint('dim', clock(event.time)),
    event.decision.padEnd(9),
    status,
    target,
    `(${circumstance(event)})`,
    paint('dim', `id ${event.id}`),
  ].join('  ')
}

/** A request that came to the origin around the gateway, or with a proof that does not hold. */
export function unprovenLine({ at, method, path, proof }: Omit<Arrival, 'body'>): string {
  const reason = proof && !proof.ok ? proof.reason : 'not judged'
  const text = `origin     reached without a proof that holds  ${method} ${printable(path)}  (${reason})`
  return `${paint('dim', clock(new Date(at).toISOString()))}  ${paint('red', text)}`
}

function circumstance(event: DecisionEvent): string {
  const reported = event.reported.map(({ code }) => code)
  const notes = reported.length > 0 ? `; reported: ${reported.join(', ')}` : ''
  if (event.stage !== null) return `${event.stage}: ${event.reason ?? ''}${notes}`
  if (event.decision === 'duplicate') return `already delivered as ${event.duplicateOf}${notes}`
  if (event.decision === 'command') return `carried out ${event.event}${notes}`
  if (event.decision === 'handshake') return `answered for the origin${notes}`
  const settled = event.settled === null ? '' : `, delivery ${event.settled}`
  return `origin answered ${event.originStatus}${settled}${notes}`
}

/** Local time, as the clock on the wall shows it. */
const clock = (iso: string): string => new Date(iso).toTimeString().slice(0, 8)

/** A target may hold bytes that would steer a terminal. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100)
