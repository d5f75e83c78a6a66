import { anonymous, defineRoute, routeDefaults } from 'sallyport'
import { github, standard } from 'sallyport/webhooks'
import * as v from 'valibot'

const open = routeDefaults({ owner: 'platform', sensitivity: 'public' })
const forward = { to: 'ORIGIN_URL', timeout: '2 s' } as const
const authenticate = anonymous()

/** Routes that the attacks are aimed at, under a prefix: the same ones for a gateway alone and for a mounted one. */
export const rowRoutes = (prefix: string) => ({
  read: defineRoute({ ...open, method: 'GET', path: `${prefix}/read/*`, authenticate, forward }),
  either: defineRoute({ ...open, method: ['GET', 'HEAD'], path: `${prefix}/either`, authenticate, forward }),
  admin: defineRoute({
    ...open,
    method: 'GET',
    path: `${prefix}/admin/*`,
    authenticate,
    clients: { allow: ['203.0.113.0/24'] },
    forward,
  }),
  search: defineRoute({
    ...open,
    method: 'GET',
    path: `${prefix}/search`,
    authenticate,
    query: v.strictObject({
      q: v.optional(v.string()),
      limit: v.optional(v.pipe(v.string(), v.regex(/^[0-9]{1,3}$/u), v.transform(Number))),
    }),
    forward,
  }),
  members: defineRoute({
    ...open,
    method: 'GET',
    path: `${prefix}/members/:id`,
    authenticate,
    authorize: ({ params }) => params.id === 'me',
    forward,
  }),
  orders: defineRoute({
    ...open,
    method: 'POST',
    path: `${prefix}/orders/:id`,
    authenticate,
    params: v.object({ id: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,32}$/u)) }),
    body: v.strictObject({ sku: v.string(), quantity: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
    forward: { ...forward, headers: ({ params }) => ({ 'X-Order': params.id, 'x-rank': 'gateway' }) },
  }),
  small: defineRoute({
    ...open,
    method: 'POST',
    path: `${prefix}/small`,
    authenticate,
    body: { schema: v.looseObject({}), maxBytes: 100 },
    forward,
  }),
  reflect: defineRoute({
    ...open,
    method: 'POST',
    path: `${prefix}/reflect`,
    authenticate,
    body: v.object({ note: v.string() }),
    forward: { ...forward, headers: ({ input }) => ({ 'x-note': noteOf(input.note) }) },
  }),
  documents: defineRoute({
    ...open,
    method: 'POST',
    path: `${prefix}/documents`,
    authenticate,
    body: v.looseObject({}),
    forward,
  }),
  verbatim: defineRoute({
    ...open,
    method: ['PUT', 'DELETE'],
    path: `${prefix}/verbatim`,
    authenticate,
    forward: { ...forward, body: 'verbatim' },
  }),
  github: defineRoute({
    ...open,
    method: 'POST',
    path: `${prefix}/webhooks/github`,
    authenticate: github({ secret: 'GITHUB_WEBHOOK_SECRET', events: ['push', 'ping'] }),
    body: v.looseObject({}),
    forward,
  }),
  standard: defineRoute({
    ...open,
    method: 'POST',
    path: `${prefix}/webhooks/standard`,
    authenticate: standard({ secret: 'STANDARD_WEBHOOK_SECRET' }),
    body: { schema: v.looseObject({}), maxBytes: 1000 },
    forward,
  }),
  watched: defineRoute({
    ...open,
    method: ['GET', 'POST'],
    path: `${prefix}/watched`,
    mode: 'report',
    authenticate: standard({ secret: 'STANDARD_WEBHOOK_SECRET' }),
    body: { schema: v.looseObject({}), maxBytes: 1000 },
    forward,
  }),
  client: defineRoute({
    ...open,
    method: 'GET',
    path: `${prefix}/per-client`,
    authenticate,
    limits: [{ by: 'client', max: 2, window: '1 h', algorithm: 'fixedWindow' }],
    forward,
  }),
  sliding: defineRoute({
    ...open,
    method: 'GET',
    path: `${prefix}/sliding`,
    authenticate,
    limits: [{ by: 'route', max: 4, window: '4 s' }],
    forward,
  }),
  fixed: defineRoute({
    ...open,
    method: 'GET',
    path: `${prefix}/fixed`,
    authenticate,
    limits: [{ by: 'route', max: 4, window: '4 s', algorithm: 'fixedWindow' }],
    forward,
  }),
  bucket: defineRoute({
    ...open,
    method: 'GET',
    path: `${prefix}/bucket`,
    authenticate,
    limits: [{ by: 'route', max: 2, window: '2 s', algorithm: 'tokenBucket', refill: 1 }],
    forward,
  }),
})

/** A route's own function may fail, with a message that quotes what the client sent. */
function noteOf(note: string): string {
  if (note.startsWith('throw ')) throw new Error(`cannot note ${note}`)
  return note
}
