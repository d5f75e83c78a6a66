import { anonymous, createGateway, defineRoute, routeDefaults } from 'sallyport'
import { upstashState } from 'sallyport/upstash'
import { standard } from 'sallyport/webhooks'
import * as v from 'valibot'

const common = routeDefaults({
  method: 'POST',
  owner: 'platform',
  sensitivity: 'internal',
  body: v.looseObject({ cell: v.string() }),
  deadline: '800 ms',
})
const forward = { to: 'ORIGIN_URL', timeout: '2 s' } as const

type Policy = 'closed' | 'unsafeAllowWhenStateIsDown' | { degraded: { max: number; window: '1 h' } }

/** An unsigned route under one failure policy; each cell of the matrix has a count of its own. */
const under = (path: string, state: Policy) =>
  defineRoute({
    ...common,
    path,
    authenticate: anonymous(),
    limits: [{ name: 'cell', by: ({ input }) => input.cell, max: 100, window: '1 h' }],
    failure: { state },
    forward,
  })

const delivery = (path: string) =>
  defineRoute({
    ...common,
    path,
    authenticate: standard({ secret: 'STANDARD_WEBHOOK_SECRET' }),
    limits: [{ name: 'cell', by: ({ input }) => input.cell, max: 100, window: '1 h' }],
    forward,
  })

// Claims are stored under the route's id: a fault can be aimed at the settlements of one route.
const settling = Object.fromEntries(
  Array.from({ length: 30 }, (_, i) => [`settling-${i}`, delivery(`/settling/${i}`)]),
)

addEventListener('unhandledrejection', ({ reason }) => {
  console.error(`unhandled rejection: ${String(reason)}`)
})

const gateway = createGateway(
  {
    webhook: delivery('/webhook'),
    closed: under('/closed', 'closed'),
    allowed: under('/allowed', 'unsafeAllowWhenStateIsDown'),
    degraded: under('/degraded', { degraded: { max: 50, window: '1 h' } }),
    ...settling,
  },
  { state: { upstash: upstashState() } },
)

export default {
  async fetch(request: Request, env: object, ctx: ExecutionContext): Promise<Response> {
    // Shows that the test would see what nobody handles.
    if (request.headers.get('host') === 'door.test') void Promise.reject(new Error('planted'))
    return gateway.fetch(request, env, ctx)
  },
}
