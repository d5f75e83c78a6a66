// Facts grow stage by stage: a stage that needs what a later one learns does not compile.
import type {
  Authenticated,
  Consulted,
  Identified,
  Matched,
  Received,
  Validated,
} from '../../src/contract.ts'
import type { Route } from '../../src/route.ts'
import { admitRequest } from '../../src/stages/admit/index.ts'
import { authorize } from '../../src/stages/authorize.ts'
import { identify } from '../../src/stages/identify.ts'
import type { DecisionEvent } from '../../src/stages/record/event.ts'
import { validate } from '../../src/stages/validate/index.ts'

declare const received: Received
declare const matched: Matched
declare const identified: Identified
declare const authenticated: Authenticated
declare const validated: Validated
declare const route: Route

identify(matched, 'direct')
authorize(authenticated, route)
validate(authenticated, route)
admitRequest(validated, route, 'route', () => {})

// @ts-expect-error identify before match
identify(received, 'direct')

// @ts-expect-error authorize before authenticate
authorize(identified, route)

// @ts-expect-error validate before authenticate
validate(identified, route)

// @ts-expect-error admit before validate
admitRequest(authenticated, route, 'route', () => {})

const expectNote = (_: DecisionEvent['state']): void => undefined
const expectConsulted = (_: Consulted): void => undefined
// The record tells exactly what admit says of shared state.
expectNote({} as Consulted)
expectConsulted({} as NonNullable<DecisionEvent['state']>)
