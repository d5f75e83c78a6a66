import { type Authenticator, anonymous, defineRoute, type WebhookPrincipal } from 'sallyport'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import type { Content } from '../../src/authenticator.ts'
import type { Validated } from '../../src/contract.ts'
import { deny } from '../../src/contract.ts'
import { admitRequest } from '../../src/stages/admit/index.ts'

type Provider = Authenticator<WebhookPrincipal, 'webhook'>

const provider = (more: Partial<Provider>): Provider => ({
  name: 'test',
  kind: 'webhook',
  signsBody: true,
  secrets: [],
  inspect: () => deny('signature_missing', 'no request is made here'),
  ...more,
})

const define = (
  authenticate: Provider,
  { mediaType, timeout }: { mediaType?: unknown; timeout?: string } = {},
) =>
  defineRoute({
    method: 'POST',
    path: '/hooks',
    owner: 'platform',
    sensitivity: 'internal',
    authenticate,
    body: { schema: v.unknown(), mediaType },
    forward: { to: 'ORIGIN_URL', timeout },
  } as never)

const form: Content = { mediaType: 'application/x-www-form-urlencoded', syntax: 'form' }
const json: Content = { mediaType: 'application/json', syntax: 'json' }
const notification: Content = { mediaType: 'text/plain', syntax: 'json' }

describe('the media types of a route', () => {
  it.each<[string, readonly Content[] | undefined, unknown, readonly Content[]]>([
    ['are JSON where nobody says more', undefined, undefined, [json]],
    ['are JSON where the provider lists nothing', [], undefined, [json]],
    ['are all that the provider sends, the first one first', [form, json], undefined, [form, json]],
    ['are the one that the route names', [form, json], json.mediaType, [json]],
    ['are those that the route lists', undefined, [json.mediaType, form.mediaType], [json, form]],
    ['are a form on a route of no provider', undefined, form.mediaType, [form]],
    [
      'are JSON by their suffix',
      undefined,
      'application/cloudevents+json',
      [{ mediaType: 'application/cloudevents+json', syntax: 'json' }],
    ],
    ['have the syntax that the provider states', [notification], undefined, [notification]],
    ['have it also where the route names them', [notification, json], 'text/plain', [notification]],
  ])('%s', (_, content, mediaType, expected) => {
    const authenticate = provider(content === undefined ? {} : { content })
    expect(define(authenticate, { mediaType }).body?.content).toEqual(expected)
  })

  it.each<[string, readonly Content[], unknown, RegExp]>([
    [
      'a type whose syntax nobody states',
      [],
      'text/plain',
      /POST \/hooks: body.mediaType: 'text\/plain': bodies are read as JSON \(application\/json, .* or as a form \(application\/x-www/,
    ],
    ['a type that only another provider sends', [json], ['text/plain'], /body.mediaType: 'text\/plain': /],
    ['a type with a parameter', [], 'application/json; charset=utf-8', /without parameters/],
    ['a type in capitals, which no request would match', [], 'Application/JSON', /in lower case/],
    ['a range', [], '*/*', /body.mediaType: '\*\/\*' is not type\/subtype/],
    ['half a type', [], 'json', /body.mediaType: 'json' is not type\/subtype/],
    ['an empty list', [], [], /body.mediaType: is a list; write a media type or a list/],
    ['a list with a hole', [], [undefined], /body.mediaType: undefined is not type/],
    ['a number', [], 1, /body.mediaType: is 1; write/],
    ['null', [], null, /body.mediaType: is null; write/],
    [
      'a provider that calls a form JSON',
      [{ ...form, syntax: 'json' }],
      undefined,
      /authenticate: test states 'json' for 'application\/x-www-form-urlencoded'; bodies are read/,
    ],
    [
      'a provider that calls JSON a form',
      [{ ...json, syntax: 'form' }],
      undefined,
      /authenticate: test states 'form' for 'application\/json'/,
    ],
    [
      'a provider with a syntax that nobody reads',
      [{ mediaType: 'text/xml', syntax: 'xml' as never }],
      undefined,
      /authenticate: test states 'xml' for 'text\/xml'/,
    ],
    [
      'a provider with a parameter in its type',
      [{ mediaType: 'text/plain; charset=utf-8', syntax: 'json' }],
      undefined,
      /authenticate: test states/,
    ],
  ])('cannot be %s', (_, content, mediaType, message) => {
    expect(() => define(provider({ content }), { mediaType })).toThrow(TypeError)
    expect(() => define(provider({ content }), { mediaType })).toThrow(message)
  })
})

describe('the time that the origin has', () => {
  it.each<[string, number | undefined, string | undefined, number]>([
    ['is 10 s where nobody says more', undefined, undefined, 10_000],
    ['is what the provider waits', 3000, undefined, 3000],
    ["is the route's own word before that", 3000, '7 s', 7000],
    ['may be longer than the provider waits', 3000, '120 s', 120_000],
  ])('%s', async (_, timeoutMs, timeout, expected) => {
    const route = define(
      provider(timeoutMs === undefined ? {} : { timeoutMs }),
      timeout === undefined ? {} : { timeout },
    )
    expect(route.forward.timeoutMs).toBe(expected)
    const facts = {
      id: 'id',
      now: 1000,
      client: {},
      reported: [],
      principal: { kind: 'webhook', id: 'test|SECRET' },
      replay: { kind: 'delivery', id: '1', ttlMs: 1000, floorMs: 0 },
    } as unknown as Validated
    const { claim } = await admitRequest(facts, route, 'hooks', () => {})
    expect(claim?.leaseMs).toBeGreaterThanOrEqual(expected + 30_000)
  })

  it.each([0, -1, 1.5, Number.NaN, 120_001, '3 s'])('cannot be %s by a provider', (timeoutMs) => {
    expect(() => define(provider({ timeoutMs: timeoutMs as number }))).toThrow(
      /POST \/hooks: forward.timeout: is .* ms by test; write at most '120 s' here/,
    )
  })

  it('is mended by the route where a provider says too much', () => {
    expect(define(provider({ timeoutMs: 600_000 }), { timeout: '20 s' }).forward.timeoutMs).toBe(20_000)
  })
})

it.each([
  { 401: 200 },
  { 401: 302 },
  { 200: 401 },
  { 401: 600 },
  { 401: Number.NaN },
  { 400: '422' as never },
])('a provider cannot have a refusal answered as a success: %j', (refusalStatuses) => {
  expect(() => define(provider({ refusalStatuses }))).toThrow(
    /POST \/hooks: authenticate: test answers .* a refusal has a status from 400 to 599/,
  )
})

it('a route of no provider has none of it', () => {
  expect(define(anonymous() as never).forward.timeoutMs).toBe(10_000)
})
