import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { sendAll } from '../../src/cli/send/all.ts'
import { materialOf } from '../../src/cli/send/material.ts'
import { providers, vectorFileOf } from '../../src/dev/catalog.ts'
import { demoProviders, demoSecretName, demoSecrets } from '../../src/dev/demo-providers.ts'

const NAMES = ['figma', 'gocardless', 'stripe', 'telegram', 'xero']

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

/** Serves each request, with its count for its path, by the function; returns the address. */
async function serve(
  answer: (response: ServerResponse, count: number, path: string) => void,
): Promise<string> {
  const counts = new Map<string, number>()
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    const count = (counts.get(path) ?? 0) + 1
    counts.set(path, count)
    request.resume().on('end', () => answer(response, count, path))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  stops.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

/** Surprises and lines of a run against a server. */
async function runOf(gateway: string, origin = 'http://127.0.0.1:9') {
  const demo = demoProviders({}).filter(({ name }) => NAMES.includes(name))
  const vars = await demoSecrets(demo)
  const materials = providers
    .filter(({ scheme }) => NAMES.includes(scheme.name))
    .map((one) =>
      materialOf(one, vectorFileOf(one.scheme.name).sample, demoSecretName(one.scheme.name), vars),
    )
  const lines: string[] = []
  const print = (line: string) => lines.push(line)
  const surprises = await sendAll(materials, (name) => `${gateway}/${name}`, origin, print)
  return { surprises, text: lines.join('\n') }
}

const asGateway = { 'sallyport-id': 'one' }
const problem = { ...asGateway, 'content-type': 'application/problem+json' }
/** How many of NAMES' deliveries have to be refused: two of each, and two more of stripe's for its time. */
const REFUSED = NAMES.length * 2 + 2

test('a Worker that crashes refuses nothing', async () => {
  const gateway = await serve((response, count) => {
    response.writeHead(count === 1 ? 200 : 500, count === 1 ? asGateway : {})
    response.end(count === 1 ? 'ok' : 'worker threw')
  })
  const { surprises } = await runOf(gateway)
  const refusals = surprises.filter((line) =>
    line.includes('expected refused, met no answer of a gateway, 500'),
  )
  expect(refusals).toHaveLength(REFUSED)
})

test('a server that is no gateway lets nothing through', async () => {
  const { surprises } = await runOf(await serve((response) => response.writeHead(200).end('ok')))
  expect(surprises).toContainEqual(
    'stripe valid: expected let through, met no answer of a gateway, 200 (id none)',
  )
})

test.each([
  ['another status', 500, 'signature_refused', 'expected a refusal with 401, met 500'],
  ['another reason', 401, 'principal_revoked', 'expected a refusal of the signature, met principal_revoked'],
  ['no code', 401, undefined, 'expected a refusal of the signature, met one without a code'],
])('a refusal with %s is a surprise', async (_, status, code, difference) => {
  const gateway = await serve((response, count) => {
    if (count === 1) response.writeHead(200, asGateway).end()
    else
      response
        .writeHead(status, code === undefined ? asGateway : problem)
        .end(code && JSON.stringify({ code }))
  })
  const { surprises } = await runOf(gateway)
  expect(surprises.find((line) => line.startsWith('stripe tampered'))).toContain(difference)
})

test('knows the statuses and the bare answers that providers want', async () => {
  const gateway = await serve((response, count, path) => {
    const status = path === '/gocardless' ? 498 : 401
    const isRefused =
      path === '/stripe' ? count > 1 && count !== 5 && count !== 6 : count === 2 || count === 5
    if (!isRefused) {
      const isCopy = count === (path === '/stripe' ? 6 : 4) && path !== '/telegram' && path !== '/figma'
      response.writeHead(200, isCopy ? { ...asGateway, 'sallyport-duplicate-of': 'one' } : asGateway).end()
    } else if (path === '/xero') response.writeHead(status, asGateway).end()
    else response.writeHead(status, problem).end('{"code":"signature_refused"}')
  })
  const { surprises, text } = await runOf(gateway)
  expect(surprises).toEqual([])
  expect(text).toContain(
    "arrivals were not looked at: the playground's origin does not answer at http://127.0.0.1:9",
  )
  expect(text).toContain('200 let through')
  expect(text).not.toContain('forwarded')
})

test('an error of the origin is neither a success nor a refusal', async () => {
  const gateway = await serve((response) => response.writeHead(500, asGateway).end('the origin threw'))
  const { surprises } = await runOf(gateway)
  expect(surprises).toContainEqual('stripe valid: expected a success, met 500 of the origin, 500 (id one)')
  expect(surprises).toContainEqual('stripe tampered: expected refused, met let through, 500 (id one)')
})

test('believes the origin on what arrived', async () => {
  const gateway = await serve((response, count) => {
    if (count === 1) response.writeHead(200, { 'sallyport-id': 'lost' }).end()
    else response.writeHead(401, { ...problem, 'sallyport-id': 'came' }).end('{"code":"signature_refused"}')
  })
  const origin = await serve((response) => response.end('[{"headers":{"sallyport-id":"came"}}]'))
  const { surprises } = await runOf(gateway, origin)
  expect(surprises).toContainEqual(
    'stripe valid: expected forwarded, met let through, but it never arrived, 200 (id lost)',
  )
  expect(surprises).toContainEqual(
    'stripe tampered: expected refused, met refused, yet it arrived, 401 signature_refused (id came)',
  )
})

test.each([
  ['answers 404', (response: ServerResponse) => response.writeHead(404).end('[]')],
  ['is another server', (response: ServerResponse) => response.end('x')],
  ['answers with another JSON', (response: ServerResponse) => response.end('[{}]')],
])('says so where the origin %s', async (_, answer) => {
  const gateway = await serve((response) => response.writeHead(200, asGateway).end())
  const { text } = await runOf(gateway, await serve(answer))
  expect(text).toContain('arrivals were not looked at')
})
