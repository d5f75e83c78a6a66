import { createGateway, defineRoute } from 'sallyport'
import { durableObjectOperations, durableObjectState } from 'sallyport/durable-object'
import { upstashOperations, upstashState } from 'sallyport/upstash'
import type { WebhookAuthenticator } from 'sallyport/webhooks'
import * as v from 'valibot'
import routes from '../../routes/index.ts'
import * as providers from '../webhooks/providers/index.ts'
import type { DemoProvider } from './demo-providers.ts'

export { SallyportState } from 'sallyport/durable-object'

// The playground's Worker: what src/worker.ts deploys, and beside it a route for every other provider, at /webhooks/<name>.

/** Put in place by `npm start` when it bundles: the providers that no route of the project has the place of. */
declare const DEMO_PROVIDERS: readonly DemoProvider[]

const byName = new Map(Object.values(providers).map((provider) => [provider.scheme.name, provider]))
// Objects and lists; a query is part of what is signed, whatever its parameters are.
const json = v.custom<object>((value) => typeof value === 'object' && value !== null)
const query = v.looseObject({})

const demo = DEMO_PROVIDERS.map(({ name, path, methods, options, hasQuery, hasSchema }) => {
  const provider = byName.get(name) as unknown as (options: unknown) => WebhookAuthenticator
  const route = defineRoute({
    method: methods as readonly ['POST'],
    path,
    owner: 'playground',
    sensitivity: 'internal',
    authenticate: provider(options),
    limits: [{ by: 'route', max: 600, window: '1 m' }],
    ...(hasSchema && { body: json }),
    ...(hasQuery && { query }),
    forward: { to: 'ORIGIN_URL' },
  })
  return [name, route] as const
})

export default createGateway(
  { ...Object.fromEntries(demo), ...routes },
  {
    state: { 'durable-object': durableObjectState(), upstash: upstashState() },
    control: {
      path: '/_sallyport/control',
      key: 'CONTROL_KEY',
      operations: { 'durable-object': durableObjectOperations, upstash: upstashOperations },
    },
  },
)
