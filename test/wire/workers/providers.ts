import { createGateway, defineRoute } from 'sallyport'
import { durableObjectState } from 'sallyport/durable-object'
import * as webhooks from 'sallyport/webhooks'
import * as v from 'valibot'

export { SallyportState } from 'sallyport/durable-object'

/** A provider's route: what its options are is said from outside, in the binding ROUTES. */
export interface ProviderRoute {
  name: string
  options: Readonly<Record<string, unknown>>
}

type Gateway = ReturnType<typeof createGateway>
type Env = Record<string, unknown> & { ROUTES: string }

const byName = new Map(
  Object.values(webhooks).flatMap((provider) =>
    'scheme' in provider ? [[provider.scheme.name, provider]] : [],
  ),
)
const query = v.record(v.string(), v.union([v.string(), v.array(v.string())]))
let gateway: Gateway | undefined

function gatewayOf({ ROUTES }: Env): Gateway {
  const routes = (JSON.parse(ROUTES) as ProviderRoute[]).map(({ name, options }) => {
    const provider = byName.get(name) as unknown as (options: unknown) => ReturnType<typeof webhooks.standard>
    const route = defineRoute({
      method: ['GET', 'HEAD', 'POST'],
      path: `/webhooks/${name}`,
      owner: 'tests',
      sensitivity: 'internal',
      authenticate: provider(options),
      body: v.union([v.looseObject({}), v.array(v.unknown())]),
      query,
      forward: { to: 'ORIGIN_URL' },
    })
    return [name, route] as const
  })
  return createGateway(Object.fromEntries(routes), { state: { 'durable-object': durableObjectState() } })
}

export default {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> | Response {
    gateway ??= gatewayOf(env)
    return gateway.fetch(request as never, env, ctx)
  },
}
