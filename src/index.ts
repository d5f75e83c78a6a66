export { anonymous } from './anonymous.ts'
export type {
  AnonymousPrincipal,
  ApiKeyPrincipal,
  Authenticator,
  Principal,
  WebhookPrincipal,
} from './contract.ts'
export { defineRoute, routeDefaults } from './define.ts'
export { createGateway, type Routes } from './gateway.ts'
export type { Duration } from './lib/duration.ts'
export type { DestinationName, SecretName } from './names.ts'
export type {
  FailureOptions,
  FailurePolicy,
  FirstTier,
  LimitBy,
  LimitOptions,
  LimitTier,
  Method,
  Mode,
  Route,
  RouteFacts,
  Sensitivity,
} from './route.ts'
export type { GatewayOptions } from './settings.ts'
export type { DecisionEvent } from './stages/record/event.ts'
export {
  type Admission,
  type AdmitRequest,
  type Settlement,
  type State,
  StateError,
  type StateFactory,
  type StateFault,
} from './state/state.ts'
