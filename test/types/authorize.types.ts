// What a rule may read: the parameters of the path, and the claims and lists that every caller of the route has.

import type { ApiKeyPrincipal, CertificatePrincipal } from 'sallyport'
import {
  type AuthorizeFacts,
  acr,
  all,
  anonymous,
  any,
  authenticatedWithin,
  type Claims,
  claim,
  createGateway,
  defineRoute,
  during,
  hasAnyScope,
  hasRole,
  hasScope,
  network,
  not,
  ownedBy,
  sameTenant,
  type TokenPrincipal,
} from 'sallyport'
import { github } from 'sallyport/webhooks'
import type { Authenticator } from '../../src/authenticator.ts'
import type { CredentialAuthenticator } from '../../src/credentials/engine.ts'
import { oneOf } from '../../src/credentials/one-of.ts'

type Declared = TokenPrincipal<{ tenant: string; org_id?: string }>
type Loose = TokenPrincipal<{ tenant: string; [name: string]: unknown }>
declare const token: () => CredentialAuthenticator<Declared, 'token'>
declare const loose: () => Authenticator<Loose, 'token'>
declare const undeclared: () => Authenticator<TokenPrincipal, 'token'>
declare const key: () => CredentialAuthenticator<ApiKeyPrincipal<{ tenant: string }>, 'apiKey'>
declare const undeclaredKey: () => CredentialAuthenticator<ApiKeyPrincipal<Claims>, 'apiKey'>
declare const certificate: () => CredentialAuthenticator<CertificatePrincipal, 'certificate'>
const webhook = () => github({ secret: 'GITHUB_WEBHOOK_SECRET', events: ['push'] })

const common = {
  method: 'POST',
  path: '/tenants/:tenant/users/:user',
  owner: 'orders',
  sensitivity: 'pii',
  forward: { to: 'ORIGIN_URL' },
} as const

type IsAny<T> = 0 extends 1 & T ? true : false
const expectFalse = <T extends false>(_: T): void => undefined

// Every rule on a route that has what it reads; the other functions keep their exact types.
defineRoute({
  ...common,
  authenticate: token(),
  authorize: all(
    hasScope('orders:write'),
    sameTenant('tenant'),
    sameTenant('tenant', 'org_id'),
    any(ownedBy('user'), hasRole('admin'), not(claim('org_id', 'blocked'))),
    network('10.0.0.0/8'),
    during({ days: ['mon'] }),
  ),
  limits: [{ by: ({ principal }) => principal.claims.tenant, max: 1, window: '1 m' }],
})

// A plain predicate sees exact facts alone, and inside a composition where it names them.
defineRoute({
  ...common,
  authenticate: token(),
  authorize: ({ principal, params, client, now }) => {
    expectFalse({} as IsAny<typeof principal>)
    return principal.claims.tenant === params.tenant && client.key !== undefined && now > 0
  },
})
defineRoute({
  ...common,
  authenticate: token(),
  authorize: all(
    hasScope('a'),
    ({ principal, params }: AuthorizeFacts<Declared, typeof common.path>) =>
      principal.claims.tenant === params.tenant,
    ({ method }) => method === 'POST',
  ),
})
defineRoute({
  ...common,
  authenticate: anonymous(),
  authorize: all(network('::/0'), not(during({ to: '06:00' }))),
})
defineRoute({
  ...common,
  authenticate: undeclared(),
  authorize: all(acr('phr'), sameTenant('tenant', 'org')),
})
defineRoute({ ...common, authenticate: loose(), authorize: sameTenant('tenant') })
defineRoute({ ...common, authenticate: certificate(), authorize: hasAnyScope('a') })

// Several kinds of callers: what all of them have.
defineRoute({
  ...common,
  authenticate: oneOf(token(), key()),
  authorize: all(hasScope('a'), hasRole('b'), sameTenant('tenant')),
})
defineRoute({ ...common, authenticate: oneOf(token(), undeclaredKey()), authorize: sameTenant('tenant') })

defineRoute({
  ...common,
  authenticate: token(),
  // @ts-expect-error a path parameter that the path does not have
  authorize: sameTenant('tenat'),
})

defineRoute({
  ...common,
  authenticate: token(),
  // @ts-expect-error the same inside a composition
  authorize: all(hasScope('a'), any(hasRole('b'), not(ownedBy('usr')))),
})

defineRoute({
  ...common,
  authenticate: token(),
  // @ts-expect-error a claim that the schema does not declare
  authorize: all(hasScope('a'), claim('plan', 'pro')),
})

defineRoute({
  ...common,
  authenticate: loose(),
  // @ts-expect-error nor where others are allowed: a slip would refuse everybody
  authorize: sameTenant('tenant', 'tennant'),
})

defineRoute({
  ...common,
  authenticate: token(),
  // @ts-expect-error the age of a login that the schema does not declare
  authorize: authenticatedWithin('10 m'),
})

defineRoute({
  ...common,
  authenticate: oneOf(token(), key()),
  // @ts-expect-error a claim that only one of two kinds of callers has
  authorize: sameTenant('tenant', 'org_id'),
})

defineRoute({
  ...common,
  authenticate: oneOf(token(), undeclaredKey()),
  // @ts-expect-error a claim that neither declares, although one may have any
  authorize: sameTenant('tenant', 'plan'),
})

defineRoute({
  ...common,
  authenticate: oneOf(token(), key()),
  // @ts-expect-error a key has no subject
  authorize: ownedBy('user'),
})

defineRoute({
  ...common,
  authenticate: webhook(),
  // @ts-expect-error a webhook has no scopes
  authorize: hasScope('a'),
})

defineRoute({
  ...common,
  authenticate: anonymous(),
  // @ts-expect-error nobody in particular has no roles
  authorize: all(hasRole('admin')),
})

// @ts-expect-error a certificate route without authorize
defineRoute({ ...common, authenticate: certificate() })

// @ts-expect-error a route of several kinds without authorize
defineRoute({ ...common, authenticate: oneOf(token(), key()) })

defineRoute({
  ...common,
  authenticate: token(),
  // @ts-expect-error a predicate that may not answer
  authorize: all(hasScope('a'), async () => true),
})

defineRoute({
  ...common,
  authenticate: token(),
  // @ts-expect-error facts of another principal
  authorize: all(
    ({ principal }: AuthorizeFacts<TokenPrincipal<{ plan: string }>, string>) =>
      principal.claims.plan === 'a',
  ),
})

// @ts-expect-error a duration without its space
authenticatedWithin('10m')

// @ts-expect-error a day that does not exist
during({ days: ['monday'] })

createGateway({}, { state: {}, protectedResource: { resource: 'ORIGIN_URL' } })

// @ts-expect-error a secret in the place of the resource's URL
createGateway({}, { state: {}, protectedResource: { resource: 'RECORD_KEY' } })

// @ts-expect-error a binding in the place of the resource's URL
createGateway({}, { state: {}, protectedResource: { resource: 'SALLYPORT_STATE' } })
