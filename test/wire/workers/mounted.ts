import { Hono } from 'hono'
import { createGateway } from 'sallyport'
import { durableObjectState } from 'sallyport/durable-object'
import { rowRoutes } from './rows.ts'

export { SallyportState } from 'sallyport/durable-object'

const gateway = createGateway(rowRoutes('/api'), { state: { 'durable-object': durableObjectState() } })

/** Somebody's app: its own router sees the raw target first. */
const app = new Hono<{ Bindings: Cloudflare.Env }>()
app.get('/health', (c) => c.text('up'))
app.all('/api/*', (c) => gateway.fetch(c.req.raw, c.env, c.executionCtx))

export default app
