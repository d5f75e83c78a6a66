import {
  type Authenticator,
  anonymous,
  createGateway,
  defineRoute,
  routeDefaults,
  type WebhookPrincipal,
} from 'sallyport'
import { durableObjectState } from 'sallyport/durable-object'
import * as v from 'valibot'
import { type Acknowledgement, allow, deny, type Identified, secretOf } from '../../../src/contract.ts'
import { concatBytes, sha256, utf8 } from '../../../src/lib/digest.ts'
import { decodeHex, encodeHex } from '../../../src/lib/hex.ts'

export { SallyportState } from 'sallyport/durable-object'

type Sender = Authenticator<WebhookPrincipal, 'webhook'>

/** A scheme that signs method, query and body, and that shakes hands by GET, by HEAD and by a header. */
function sender(more: Partial<Sender> = {}, status?: number): Sender {
  const refused = (reason: string) =>
    deny('signature_refused', `test: ${reason}`, status === undefined ? {} : { status })
  return {
    name: 'test',
    kind: 'webhook',
    signsBody: true,
    secrets: ['STANDARD_WEBHOOK_SECRET'],
    ...more,
    inspect(facts) {
      const { headers } = facts.request
      const text = headers.get('x-test-signature')
      if (text === null) return deny('signature_missing', 'test: no signature')
      if (headers.has('x-test-throw')) throw new Error('inspect itself is broken')
      const signature = decodeHex(text)
      if (!signature) return refused('the signature is not hex')
      return allow(async (body = new Uint8Array(), { env }) => {
        const secret = utf8(secretOf(env, 'STANDARD_WEBHOOK_SECRET') ?? '')
        const hmac = { name: 'HMAC', hash: 'SHA-256' }
        const key = await crypto.subtle.importKey('raw', secret, hmac, false, ['verify'])
        const message = concatBytes(utf8(`${facts.method}\n${facts.search}\n`), body)
        if (!(await crypto.subtle.verify('HMAC', key, signature, message)))
          return refused('no signature matches')
        const handshake = handshakeOf(facts)
        return allow({
          principal: { kind: 'webhook', id: 'test|A', provider: 'test', covers: 'body' },
          acknowledgement: { status: 200, contentType: 'text/plain', body: 'had it' },
          notes: { provider: 'test', secretSlot: 'current' },
          replay: {
            kind: 'delivery',
            id: encodeHex(await sha256(message)),
            ttlMs: 600_000,
            floorMs: 0,
          },
          ...(handshake && { handshake }),
        })
      })
    },
  }
}

function handshakeOf({ method, search, request }: Identified): Acknowledgement | undefined {
  const challenge = /^\?challenge=([a-z0-9]{1,64})$/.exec(search)?.[1]
  if (method === 'HEAD') return { status: 200, contentType: 'text/plain', body: 'a HEAD has no body' }
  if (method === 'GET' && challenge !== undefined)
    return { status: 200, contentType: 'text/plain', body: challenge }
  const secret = request.headers.get('x-hook-secret')
  if (secret === null) return undefined
  return {
    status: 204,
    headers: {
      'X-Hook-Secret': secret,
      'Sallyport-Id': 'forged',
      'Content-Length': '99',
      'Content-Type': 'text/forged',
      'Cache-Control': 'forged',
    },
  }
}

const common = routeDefaults({ owner: 'platform', sensitivity: 'internal', body: v.looseObject({}) })
const to = { to: 'ORIGIN_URL' } as const
const form = { mediaType: 'application/x-www-form-urlencoded', syntax: 'form' } as const
const json = { mediaType: 'application/json', syntax: 'json' } as const
const notification = { mediaType: 'text/plain', syntax: 'json' } as const
const Fields = v.strictObject({
  name: v.string(),
  tag: v.optional(v.union([v.string(), v.array(v.string())])),
  amount: v.optional(v.pipe(v.string(), v.transform(Number))),
})

const routes = {
  hooks: defineRoute({
    ...common,
    method: ['GET', 'HEAD', 'POST'],
    path: '/hooks',
    authenticate: sender(),
    authorize: ({ principal }) => principal.covers === 'body',
    forward: to,
  }),
  bare: defineRoute({
    ...common,
    method: ['GET', 'POST'],
    path: '/bare',
    authenticate: sender({ bareAnswers: true }),
    authorize: ({ params }) => Object.keys(params).length === 0,
    forward: to,
  }),
  'bare-watched': defineRoute({
    ...common,
    method: 'POST',
    path: '/bare-watched',
    mode: 'report',
    authenticate: sender({ bareAnswers: true }),
    forward: to,
  }),
  statuses: defineRoute({
    ...common,
    method: 'POST',
    path: '/statuses',
    authenticate: sender({ refusalStatuses: { 400: 422 }, challenges: [{ scheme: 'Signature' }] }, 498),
    forward: to,
  }),
  brief: defineRoute({
    ...common,
    method: 'POST',
    path: '/brief',
    authenticate: sender({ timeoutMs: 400 }),
    forward: to,
  }),
  patient: defineRoute({
    ...common,
    method: 'POST',
    path: '/patient',
    authenticate: sender({ timeoutMs: 400 }),
    forward: { ...to, timeout: '20 s' },
  }),
  both: defineRoute({
    ...common,
    method: 'POST',
    path: '/both',
    authenticate: sender({ content: [form, json] }),
    forward: { ...to, headers: ({ input }) => ({ 'x-names': JSON.stringify(Object.keys(input)) }) },
  }),
  notification: defineRoute({
    ...common,
    method: 'POST',
    path: '/notification',
    authenticate: sender({ content: [notification] }),
    body: v.object({ Type: v.string() }),
    forward: to,
  }),
  form: defineRoute({
    ...common,
    method: 'POST',
    path: '/form',
    authenticate: anonymous(),
    body: { schema: Fields, mediaType: form.mediaType },
    forward: to,
  }),
  'form-or-json': defineRoute({
    ...common,
    method: 'POST',
    path: '/form-or-json',
    authenticate: anonymous(),
    body: { schema: Fields, mediaType: [form.mediaType, json.mediaType] },
    forward: to,
  }),
  'form-verbatim': defineRoute({
    ...common,
    method: 'POST',
    path: '/form-verbatim',
    authenticate: anonymous(),
    body: { schema: v.looseObject({}), mediaType: form.mediaType },
    forward: { ...to, body: 'verbatim' },
  }),
  'form-of-objects': defineRoute({
    ...common,
    method: 'POST',
    path: '/form-of-objects',
    authenticate: anonymous(),
    body: {
      schema: v.pipe(
        v.looseObject({}),
        v.transform((value) => ({ nested: value })),
      ),
      mediaType: form.mediaType,
    },
    forward: to,
  }),
}

export default createGateway(routes, {
  state: { 'durable-object': durableObjectState() },
  serverTiming: true,
})
