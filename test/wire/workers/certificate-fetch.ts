import { env as bound } from 'cloudflare:workers'
import { createGateway, defineRoute } from 'sallyport'
import { durableObjectState } from 'sallyport/durable-object'
import { awsSns, plaid } from 'sallyport/webhooks'

export { SallyportState } from 'sallyport/durable-object'

// What lies outside of the test is played by its own server, which is told the address; all else of `fetch` is the runtime's.
const realFetch = globalThis.fetch
globalThis.fetch = (input, init) => {
  const url = typeof input === 'string' ? input : undefined
  const outside = (bound as unknown as Record<string, string>).OUTSIDE_URL
  return realFetch(url?.startsWith('https://') ? `${outside}/${url.slice('https://'.length)}` : input, init)
}

// The test moves the clock through a door; timers and the runtime's own clock stay as they are.
const realNow = Date.now
let offsetMs = 0
Date.now = () => realNow() + offsetMs

const base = {
  method: 'POST',
  owner: 'platform',
  sensitivity: 'internal',
  // Longer than any stall of a test machine.
  deadline: '15 s',
  budget: '15 s',
  forward: { to: 'ORIGIN_URL', timeout: '10 s' },
} as const
const topics = ['arn:aws:sns:us-east-1:123456789012:orders'] as const

const gateway = createGateway(
  {
    sns: defineRoute({
      ...base,
      path: '/webhooks/aws-sns',
      authenticate: awsSns({ topics, unsafeBodyIsNotSigned: true }),
    }),
    impatient: defineRoute({
      ...base,
      path: '/webhooks/impatient',
      deadline: '400 ms',
      budget: '100 ms',
      authenticate: awsSns({ topics, unsafeBodyIsNotSigned: true }),
    }),
    plaid: defineRoute({
      ...base,
      path: '/webhooks/plaid',
      // The names are the test's own.
      authenticate: plaid({ clientId: 'PLAID_CLIENT_ID' as never, secret: 'PLAID_SECRET' as never }),
    }),
  },
  { state: { 'durable-object': durableObjectState() } },
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
