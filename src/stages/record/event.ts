import type { Consulted } from '../../contract.ts'
import type { DenialCode } from '../../denials.ts'
import type { Mode, Sensitivity } from '../../route.ts'

/** Where in the request's way a decision was taken. */
export type Stage =
  | 'receive'
  | 'match'
  | 'block'
  | 'first-tier'
  | 'read'
  | 'authenticate'
  | 'authorize'
  | 'validate'
  | 'admit'
  | 'forward'
  | 'gateway'

/** A denial as the record tells it. */
export interface Finding {
  stage: Stage
  code: DenialCode
  reason: string
  measure: { limit: number; actual: number; unit: string } | null
}

/** One decision, schema `sallyport.decision/1`; the README beside this file explains each member. */
export interface DecisionEvent {
  schema: 'sallyport.decision/1'
  id: string
  time: string
  decision: 'forwarded' | 'refused' | 'duplicate' | 'handshake' | 'command'
  route: string | null
  method: string | null
  owner: string | null
  sensitivity: Sensitivity | null
  mode: Mode | null
  stage: Stage | null
  code: DenialCode | null
  reason: string | null
  measure: Finding['measure']
  reported: Finding[]
  status: number
  originStatus: number | null
  bytesIn: number | null
  bytesOut: number | null
  client: string | null
  country: string | null
  asn: number | null
  principal: string | null
  credential: string | null
  provider: string | null
  event: string | null
  secretSlot: 'current' | 'next' | null
  deliveryHint: string | null
  duplicateOf: string | null
  settled: 'committed' | 'released' | 'overtaken' | 'left' | 'failed' | null
  limits: { name: string; max: number; remaining: number }[]
  state: Consulted | null
  cfRay: string | null
  traceId: string | null
  workerVersion: string | null
  waits: Waits
  overBudget: boolean
}

/** Milliseconds awaited; deployed Workers measure only awaits, since clocks stand still during CPU work. */
export interface Waits {
  firstTier: number | null
  read: number | null
  authenticate: number | null
  admit: number | null
  origin: number | null
  settle: number | null
}
