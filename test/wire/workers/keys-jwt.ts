import { createGateway, defineRoute } from 'sallyport'
import { jwt } from 'sallyport/credentials'
import { upstashState } from 'sallyport/upstash'

export { SallyportState } from 'sallyport/durable-object'

// The test moves the clock through a door; timers and the runtime's own clock stay as they are.
const realNow = Date.now
let offsetMs = 0
Date.now = () => realNow() + offsetMs

const gateway = createGateway(
  {
    one: defineRoute({
      method: 'GET',
      path: '/one',
      owner: 'platform',
      sensitivity: 'internal',
      authenticate: jwt({
        // The var is one of the test's own.
        issuer: 'ISSUER' as never,
        audience: 'orders-api',
        algorithms: ['ES256'],
      }),
      authorize: ({ principal }) => principal.scopes.includes('orders:read'),
      // Longer than any stall of a test machine: what has to be quick is measured by the test.
      deadline: '15 s',
      budget: '15 s',
      forward: { to: 'ORIGIN_URL', timeout: '10 s' },
    }),
  },
  { state: { upstash: upstashState() } },
)

export default {
  async fetch(request: Request, env: Cloudflare.Env, ctx: ExecutionContext): Promise<Response> {
    if (request.headers.get('host') === 'door.test') {
      offsetMs += await request.json<number>()
      return Response.json(offsetMs)
    }
    return gateway.fetch(request, env as never, ctx)
  },
}
