export { anonymous } from './anonymous.ts'
export type { Authenticator, Content } from './authenticator.ts'
export type { ControlOptions } from './control/index.ts'
export { defineRoute, routeDefaults } from './define.ts'
export { createGateway, type Routes } from './gateway.ts'
export type { Duration } from './lib/duration.ts'
export type { DestinationName, SecretName } from './names.ts'
export type {
  AnonymousPrincipal,
  ApiKeyPrincipal,
  CertificatePrincipal,
  Claims,
  Principal,
  TokenPrincipal,
  WebhookPrincipal,
} from './principals.ts'
export type { ProtectedResourceOptions } from './resource.ts'
export type {
  AuthorizeFacts,
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
export {
  acr,
  all,
  any,
  authenticatedWithin,
  type ClaimValue,
  claim,
  country,
  type Day,
  type Description,
  describe,
  during,
  hasAnyRole,
  hasAnyScope,
  hasRole,
  hasScope,
  network,
  not,
  ownedBy,
  type Rule,
  type RuleFacts,
  sameTenant,
  type TimeWindow,
  type Verdict,
} from './rules/index.ts'
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
