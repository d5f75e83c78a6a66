import { anonymous, createGateway, defineRoute, type State } from 'sallyport'

// A hundred thousand records would fill the memory of the test itself.
console.log = () => {}

let asked = 0

/** Every client is over its limit for an hour: what is measured is what the isolate keeps of that. */
const denying: State = {
  async admit({ limits }) {
    asked++
    const readings = limits.map(({ name, max, windowMs }) => ({
      name,
      max,
      windowMs,
      remaining: 0,
      resetSeconds: 3600,
      retryAfterMs: 3_600_000,
    }))
    const violated = limits.map(({ name }) => name)
    return { outcome: 'limited', limits: readings, violated, retryAfterSeconds: 3600 }
  },
  settle: async () => true,
  giveBack: async () => {},
  knowsBlocked: () => false,
  recall: async () => undefined,
  keep: async () => {},
  findApiKey: async () => undefined,
}

const gateway = createGateway(
  {
    sprayed: defineRoute({
      method: 'GET',
      path: '/sprayed',
      owner: 'platform',
      sensitivity: 'public',
      authenticate: anonymous(),
      limits: [{ by: 'client', max: 1, window: '1 h' }],
      forward: { to: 'ORIGIN_URL' },
    }),
  },
  { state: { upstash: () => denying } },
)

/** Sends GET /sprayed through the gateway once for each client, all in this isolate; how many were denied. */
async function spray(from: number, to: number, env: Record<string, unknown>, ctx: ExecutionContext) {
  let denied = 0
  for (let i = from; i < to; i++) {
    const address = `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`
    const headers = { host: 'gw.test', 'cf-connecting-ip': address }
    const response = await gateway.fetch(new Request('http://gw.test/sprayed', { headers }), env, ctx)
    if (response.status === 429) denied++
  }
  return denied
}

export default {
  async fetch(request: Request, env: Record<string, unknown>, ctx: ExecutionContext): Promise<Response> {
    const { searchParams } = new URL(request.url)
    const [from, to] = [Number(searchParams.get('from')), Number(searchParams.get('to'))]
    return Response.json({ denied: await spray(from, to, env, ctx), asked })
  },
}
