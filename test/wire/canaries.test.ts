import { sign } from 'sallyport/testing'
import { github as githubProvider, standard as standardProvider } from 'sallyport/webhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canaries, leaked } from './harness/canary.ts'
import { problem, secrets, startGateway, type TestGateway } from './harness/gateway.ts'
import type { Behaviour } from './harness/origin.ts'
import type { RawAnswer } from './harness/raw.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ entry: 'test/wire/workers/unmatched.ts' })
})
afterAll(() => gateway?.close())

const { planted, plant } = canaries()
const JSON_TYPE: [string, string] = ['Content-Type', 'application/json']

/** Canaries in every kind of header that a client may send. */
const headers = (): [string, string][] => [
  ['Authorization', `Bearer ${plant('authorization')}`],
  ['Cookie', `session=${plant('cookie')}`],
  ['X-Api-Key', plant('apikey')],
  ['User-Agent', plant('agent')],
  ['Referer', `http://x.test/${plant('referer')}`],
  ['X-Forwarded-For', plant('forwarded')],
  ['CF-Connecting-IP', plant('connecting')],
  ['CF-Ray', plant('ray')],
  ['Traceparent', `00-${plant('trace')}-01`],
  ['Sallyport-Id', plant('id')],
  ['Signature', `own=:${plant('signature')}:`],
  ['Signature-Input', `own=("@method");keyid="${plant('keyid')}"`],
  [`X-${plant('name')}`, plant('value')],
]
const post = (target: string, body: string, more: [string, string][] = [JSON_TYPE]) =>
  gateway.call({ method: 'POST', target, headers: [...headers(), ...more], body })
const github = async (event: string, body: string, more: { id?: string; secret?: string } = {}) => {
  const signed = await sign(githubProvider, { secret: secrets.GITHUB_WEBHOOK_SECRET, event, body, ...more })
  return gateway.deliver('/webhooks/github', signed, headers())
}
const standard = async (body: string, more: { now?: number; id?: string } = {}) => {
  const signed = await sign(standardProvider, { secret: secrets.STANDARD_WEBHOOK_SECRET, body, ...more })
  return gateway.deliver('/webhooks/standard', signed, headers())
}
const behaving = (behaviour: Behaviour, ask: () => Promise<RawAnswer>) => {
  gateway.origin.behave(behaviour)
  return ask()
}
const document = () =>
  JSON.stringify({ [plant('key')]: plant('text'), deep: [{ [plant('key')]: [plant('text')] }] })
const get = (target: string, more: [string, string][] = []) =>
  gateway.call({ target, headers: [...headers(), ...more] })

const kinds: [name: string, status: number, ask: () => Promise<RawAnswer>][] = [
  ['an open request', 200, () => get(`/read/${plant('path')}`)],
  ['a query', 200, () => get(`/search?q=${plant('query')}`)],
  ['a document', 200, () => post('/documents', document())],
  ['a signed delivery', 200, () => github('push', document())],
  [
    'a delivery id with forbidden characters',
    200,
    () => github('push', document(), { id: `<${plant('delivery')}>` }),
  ],
  [
    'a delivery id of 200 characters',
    200,
    () => github('push', document(), { id: plant('delivery').repeat(6) }),
  ],
  ['a route in report mode', 200, () => post('/watched', document())],
  [
    'a route in report mode with a signature that fails',
    200,
    () =>
      post('/watched', document(), [
        JSON_TYPE,
        ['webhook-id', plant('id')],
        ['webhook-timestamp', plant('time')],
        ['webhook-signature', `v1,${plant('sig')}`],
      ]),
  ],
  [
    'a path that no route declares',
    200,
    () => post(`/${plant('path')}?${plant('name')}=${plant('query')}`, document()),
  ],
  ['a malformed target', 400, () => get(`/read/../${plant('path')}`)],
  ['a malformed query', 400, () => get(`/search?q=%zz${plant('query')}`)],
  ['a malformed host', 400, () => gateway.call({ host: `a@${plant('host')}.test`, headers: headers() })],
  [
    'a host that is not served',
    400,
    () => gateway.call({ host: `${plant('host')}.test`, headers: headers() }),
  ],
  ['a header with a control character', 400, () => get('/read/x', [['X-A', `\x01${plant('control')}`]])],
  ['an undeclared query', 400, () => get(`/read/x?${plant('name')}=${plant('query')}`)],
  ['an undeclared event', 400, () => github(plant('event'), document())],
  ['malformed JSON', 400, () => post('/documents', `{"${plant('key')}":${plant('text')}`)],
  [
    'a duplicate key',
    400,
    () => {
      const key = plant('key')
      return post('/documents', `{"${key}":1,"${key}":"${plant('text')}"}`)
    },
  ],
  [
    'a value that no header may hold',
    400,
    () => post('/reflect', JSON.stringify({ note: `${plant('note')}\r\n` })),
  ],
  ['no signature', 401, () => post('/webhooks/github', document())],
  [
    'a signature that is not of its form',
    401,
    () =>
      post('/webhooks/github', document(), [JSON_TYPE, ['X-Hub-Signature-256', `sha256=${plant('sig')}`]]),
  ],
  ['a signature by another secret', 401, () => github('push', document(), { secret: plant('secret') })],
  ['a stale signature', 401, () => standard(document(), { now: 1_700_000_000_000 })],
  ['a client that may not call', 403, () => get(`/admin/${plant('path')}`)],
  ['a principal that may not call', 403, () => get(`/members/${plant('path')}`)],
  ['a wrong method', 405, () => post(`/read/${plant('path')}`, document())],
  ['a large body', 413, () => post('/small', JSON.stringify({ [plant('key')]: plant('text').repeat(9) }))],
  ['a long target', 414, () => get(`/read/${plant('path').repeat(400)}`)],
  [
    'a wrong media type',
    415,
    () => post('/documents', document(), [['Content-Type', `text/${plant('type')}`]]),
  ],
  [
    'an encoding',
    415,
    () => post('/documents', document(), [JSON_TYPE, ['Content-Encoding', plant('encoding')]]),
  ],
  [
    'a value that the schema refuses',
    422,
    () => post('/orders/a-1', JSON.stringify({ sku: [plant('text')], quantity: plant('text') })),
  ],
  [
    'a path parameter that the schema refuses',
    422,
    () => post(`/orders/${plant('path').repeat(2)}`, '{"sku":"a","quantity":1}'),
  ],
  ['a query that the schema refuses', 422, () => get(`/search?limit=${plant('query')}`)],
  ['large headers', 431, () => get('/read/x', [['X-A', plant('large').repeat(2000)]])],
  [
    'a route that throws with what it was given',
    500,
    () => post('/reflect', JSON.stringify({ note: `throw ${plant('note')}` })),
  ],
  [
    'an origin that breaks',
    502,
    () => behaving({ fault: 'drop-after-read' }, () => get(`/read/${plant('path')}`)),
  ],
  ['an origin that is late', 504, () => behaving({ fault: 'hang' }, () => get(`/read/${plant('path')}`))],
]

/** Secrets as text, and as the bytes that their base64 stands for. */
const secretTexts = [
  ...new Set(
    Object.values(secrets).flatMap((text) => {
      const encoded = text.split(/[:_]/).at(-1) ?? ''
      return [text, encoded, Buffer.from(encoded, 'base64').toString('latin1')].filter(
        (form) => form.length >= 12,
      )
    }),
  ),
]

describe('what a client sent and what the gateway keeps secret stays out of answers and log:', () => {
  it.each(kinds)('%s', async (_name, status, ask) => {
    const answer = await ask()
    expect(answer.status).toBe(status)
    const record = await gateway.recordOf(answer)
    expect(record.status).toBe(status)
    expect(leaked(answer.head + answer.text, [...planted, ...secretTexts])).toEqual([])
    expect(leaked(JSON.stringify(record), [...planted, ...secretTexts])).toEqual([])
  })

  it('a key that the schema does not know is named to the client that sent it, and nobody else', async () => {
    const key = plant('key')
    const answer = await post('/orders/a-1', JSON.stringify({ sku: 'a', quantity: 1, [key]: plant('text') }))
    expect(answer.status).toBe(422)
    expect(problem(answer).errors?.map(({ pointer }) => pointer)).toEqual([`#/${key}`])
    expect(leaked(answer.head + answer.text, [...planted, ...secretTexts])).toEqual([key])
    await gateway.recordOf(answer)
  })

  it('a delivery id of harmless characters is in the record as deliveryHint, and nowhere else', async () => {
    const deliveryId = `hint-${crypto.randomUUID()}`
    const answer = await github('push', document(), { id: deliveryId })
    const record = await gateway.recordOf(answer)
    expect(record.deliveryHint).toBe(deliveryId)
    expect(
      leaked(JSON.stringify({ ...record, deliveryHint: null }) + answer.head + answer.text, [deliveryId]),
    ).toEqual([])
  })

  it('over every line that the runtime logged', async () => {
    expect(planted.length).toBeGreaterThan(500)
    expect(gateway.workerd.lines.length).toBeGreaterThanOrEqual(kinds.length + 2)
    expect(leaked(gateway.workerd.lines.join('\n'), [...planted, ...secretTexts])).toEqual([])
  })

  it('and the search would find them', () => {
    const [canary = ''] = planted
    const line = (text: string) => `{"a":"${text}"}`
    expect(leaked(line(`x${canary}`), planted)).toEqual([canary])
    expect(leaked(line(canary.toUpperCase()), planted)).toEqual([canary])
    expect(leaked(line(Buffer.from(canary).toString('hex')), planted)).toEqual([canary])
    for (const before of ['', 'a', 'ab', 'abc']) {
      expect(leaked(line(Buffer.from(`${before}${canary}after`).toString('base64')), planted)).toEqual([
        canary,
      ])
    }
    expect(leaked(`Bearer ${secrets.GITHUB_WEBHOOK_SECRET}`, secretTexts)).toEqual([
      secrets.GITHUB_WEBHOOK_SECRET,
    ])
  })
})
