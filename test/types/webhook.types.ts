// What routes may know of a webhook's signature, and which media types they may name.
import { type Authenticator, defineRoute, type WebhookPrincipal } from 'sallyport'
import * as v from 'valibot'

declare const provider: () => Authenticator<WebhookPrincipal, 'webhook'>

const common = {
  method: ['GET', 'HEAD', 'POST'],
  path: '/hooks',
  owner: 'platform',
  sensitivity: 'internal',
  authenticate: provider(),
  forward: { to: 'ORIGIN_URL' },
} as const

// A rule may rest on what is signed.
defineRoute({
  ...common,
  authorize: ({ principal }) => principal.covers === 'part' && principal.signed?.AccountSid === 'AC1',
  body: { schema: v.looseObject({}), mediaType: ['application/json', 'application/x-www-form-urlencoded'] },
})

defineRoute({
  ...common,
  // @ts-expect-error a word that no signature has
  authorize: ({ principal }) => principal.covers === 'all',
})

defineRoute({
  ...common,
  // @ts-expect-error signed fields are there only where a part is signed
  authorize: ({ principal }) => principal.signed.AccountSid === 'AC1',
})

// @ts-expect-error a media type that is a number
defineRoute({ ...common, body: { schema: v.looseObject({}), mediaType: 1 } })

// @ts-expect-error a principal that does not say what its signature covers
const _silent: WebhookPrincipal = { kind: 'webhook', id: 'test|A', provider: 'test' }
