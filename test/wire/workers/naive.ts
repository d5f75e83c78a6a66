import { Hono } from 'hono'

interface Bindings {
  ORIGIN_URL: string
  ADMIN_KEY: string
}

/**
 * A gateway as it is often pasted together, and wrong on purpose: it decides on Hono's view of the path and forwards
 * the one that `new URL` resolves, with every header that the client sent.
 */
const app = new Hono<{ Bindings: Bindings }>()

const forward = (request: Request, originUrl: string): Promise<Response> => {
  const { pathname, search } = new URL(request.url)
  return fetch(new Request(originUrl + pathname + search, request))
}

app.use('/admin/*', async (c, next) => {
  if (c.req.header('x-admin-key') !== c.env.ADMIN_KEY) return c.json({ error: 'unauthorized' }, 401)
  return next()
})
app.all('/admin/*', (c) => forward(c.req.raw, c.env.ORIGIN_URL))
app.all('/public/*', (c) => forward(c.req.raw, c.env.ORIGIN_URL))
app.get('/users/:id', (c) => forward(c.req.raw, c.env.ORIGIN_URL))

// The other common form: an init object, whose `redirect` is "follow" unless somebody says otherwise.
app.get('/follow/*', (c) =>
  fetch(c.env.ORIGIN_URL + c.req.path, { method: c.req.method, headers: c.req.raw.headers }),
)

export default app
