import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { RecordedRequest } from '../../src/dev/recorder.ts'
import { at, end, isFree, isServing, type Playground, READY, start } from './playground.ts'
import { copyProject, type Project } from './project.ts'

const projects: Project[] = []
afterAll(() => Promise.all(projects.map((project) => project.remove())))

async function ownProject(): Promise<Project> {
  const project = await copyProject()
  projects.push(project)
  return project
}

let turn: Promise<unknown> = Promise.resolve()

/**
 * One comes up after the other: two wranglers that look for free ports at once may find the same ones. From then on
 * they work at the same time.
 */
async function startInTurn(project: Project, flags: string[]): Promise<Playground> {
  const isUp = Promise.withResolvers<void>()
  const before = turn
  turn = isUp.promise
  await before
  const playground = await start(project, flags)
  playground.running
    .line((line) => READY.test(line))
    .catch(() => undefined)
    .then(() => isUp.resolve())
  return playground
}

/** Each runs in a copy of its own, so that one may wait for workerd while the other works. */
describe.concurrent('npm start', () => {
  test('--no-tour --json serves raw records at once, and SIGTERM ends it', async ({ onTestFinished }) => {
    const { running, ports } = await startInTurn(await ownProject(), ['--no-tour', '--json'])
    onTestFinished(() => end(running))
    await running.line(isServing)
    const response = await fetch(at(ports.gateway, '/nowhere'))
    const id = response.headers.get('sallyport-id') ?? ''
    const record = await running.line((line) => line.includes(id))
    expect(JSON.parse(record)).toMatchObject({
      schema: 'sallyport.decision/1',
      id,
      code: 'route_not_found',
    })
    expect(running.lines.some((line) => line.includes('stopped at the gateway'))).toBe(false)

    // Addresses that a client makes up by the header that miniflare takes `request.cf` from.
    const statuses: number[] = []
    for (let i = 1; i <= 6; i++) {
      const headers = {
        'content-type': 'application/json',
        'mf-cf-blob': JSON.stringify({ clientIp: `203.0.113.${i}:1` }),
        'cf-connecting-ip': `203.0.113.${i}`,
      }
      const { status } = await fetch(at(ports.gateway, '/demo/limited'), {
        method: 'POST',
        headers,
        body: '{}',
      })
      statuses.push(status)
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429])
    const arrivals = (await (
      await fetch(at(ports.origin, '/_playground/requests'))
    ).json()) as RecordedRequest[]
    expect(arrivals).toHaveLength(5)
    for (const { headers } of arrivals) expect(headers).not.toHaveProperty('sallyport-client')

    const begin = Date.now()
    running.signal('SIGTERM')
    await running.ended
    expect(Date.now() - begin).toBeLessThan(5000)
    for (const port of Object.values(ports)) expect(await isFree(port)).toBe(true)
  })

  test.each([
    ['--redis', '--redis', 'STATE = "durable-object"'],
    [
      'a wrangler.toml that says upstash',
      undefined,
      'STATE = "upstash"\nUPSTASH_REDIS_REST_URL = "https://db.upstash.io"',
    ],
  ])('with %s takes the same tour on a local Redis, which ends with it', async (_, flag, state) => {
    const project = await ownProject()
    await project.edit('wrangler.toml', 'STATE = "durable-object"', state)
    const { running, ports } = await startInTurn(project, flag === undefined ? [] : [flag])
    try {
      await running.line(isServing)
      const said = running.lines.join('\n')
      const [, url = ''] =
        /^shared state in redis-server [\d.]+, as Upstash serves it, at (\S+)$/m.exec(said) ?? []
      expect(said).not.toMatch(/not as expected|skipped/)
      // The window of the burst slides: a slow machine lets one or two more through.
      expect(said).toMatch(/^52 requests, (30|31|32) reached the origin, (22|21|20) stopped at the gateway$/m)
      // One call before the origin, one after it where a claim is held, and one more for a script's first time.
      const calls = Number(/^shared state answered (\d+) HTTP calls$/m.exec(said)?.[1])
      expect(calls).toBeGreaterThan(30)
      expect(calls).toBeLessThanOrEqual(2 * 52 + 12)
      expect((await fetch(url, { method: 'POST', body: '["PING"]' })).status).toBe(401)
      running.signal('SIGTERM')
      await running.ended
      await expect(fetch(url)).rejects.toThrow()
      for (const port of Object.values(ports)) expect(await isFree(port)).toBe(true)
    } finally {
      await end(running)
    }
  })

  test('killed outright it takes along all that it had started', async ({ onTestFinished }) => {
    const { running, ports } = await startInTurn(await ownProject(), ['--no-tour', '--redis'])
    onTestFinished(() => end(running))
    await running.line(isServing)
    running.signal('SIGKILL')
    await running.ended
    const deadline = Date.now() + 10_000
    while (!(await isFree(ports.gateway)) && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    for (const port of Object.values(ports)) expect(await isFree(port)).toBe(true)
  })

  test('a tour that goes wrong ends the playground with exit code 1 and says where', async ({
    onTestFinished,
  }) => {
    const project = await ownProject()
    await project.edit('routes/orders.ts', 'max: 20', 'max: 299')
    const { running, ports } = await startInTurn(project, [])
    onTestFinished(() => end(running))
    expect(await running.ended).toBe(1)
    expect(running.complaints.join('\n')).toMatch(/sallyport: the tour was not as expected:\n {2}step 26: /)
    for (const port of Object.values(ports)) expect(await isFree(port)).toBe(true)
  })

  test("takes a user's own routes as they are, and sends nothing to a user's own origin", async ({
    onTestFinished,
  }) => {
    let met = 0
    const theirs = createServer((_, response) => {
      met++
      response.end()
    }).listen(0, '127.0.0.1')
    await once(theirs, 'listening')
    onTestFinished(() => void theirs.close())
    const project = await ownProject()
    const url = `http://127.0.0.1:${(theirs.address() as AddressInfo).port}/hooks`
    await project.edit('wrangler.toml', '[vars]', `[vars]\nBILLING_URL = "${url}"`)
    for (const file of ['routes/github.ts', 'routes/limited.ts']) {
      await project.edit(file, `to: 'ORIGIN_URL'`, `to: 'BILLING_URL'`)
    }
    await rm(join(project.root, 'routes/slack.ts'))
    await project.edit('routes/index.ts', `import slack from './slack.ts'\n`, '')
    await project.edit('routes/index.ts', ' slack,', '')
    const stricter = 'body: v.looseObject({ customer: v.string() })'
    for (const file of ['routes/stripe.ts', 'routes/shopify.ts'])
      await project.edit(file, 'body: v.looseObject({})', stricter)

    const { running, ports } = await startInTurn(project, [])
    onTestFinished(() => end(running))
    await running.line(isServing)
    const screen = running.lines
    expect(screen).toContain('    skipped: no route takes POST /webhooks/slack')
    const owed = "    your route's schema refused the tour's example body"
    // A schema with a member of its own refuses a delivery and the two of the failing origin.
    expect(screen.filter((line) => line === owed)).toHaveLength(3)
    expect(screen.filter((line) => line.includes('not as expected'))).toEqual([])
    const { status } = await fetch(at(ports.gateway, '/webhooks/github'), { method: 'POST', body: '{}' })
    expect(status).toBe(401)
    expect(met).toBe(0)
  })
})
