import { randomUUID } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { sign } from 'sallyport/testing'
import { github } from 'sallyport/webhooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RecordedRequest } from '../../src/dev/recorder.ts'
import { at, isFree, isServing, type Playground, type Ports, READY, start as startIn } from './playground.ts'
import { copyProject, freePorts, type Project, type Run } from './project.ts'

let project: Project
beforeAll(async () => {
  project = await copyProject()
})
afterAll(() => project.remove())

const started: Run[] = []
/** Ends what a failed test has left behind. */
async function endAll(): Promise<void> {
  for (const running of started.splice(0)) {
    running.signal('SIGTERM')
    await running.ended
  }
}
afterAll(endAll)

/** The same, ended in any case. */
async function start(flags: string[], given?: Ports): Promise<Playground> {
  const playground = await startIn(project, flags, given)
  started.push(playground.running)
  return playground
}

const secrets = async () => parseEnv(await readFile(join(project.root, '.dev.vars'), 'utf8'))

describe('npm start', () => {
  let running: Run
  let ports: Ports
  const delivery = async (body = JSON.stringify({ id: randomUUID() })) =>
    sign(github, {
      secret: (await secrets()).GITHUB_WEBHOOK_SECRET ?? '',
      event: 'push',
      body,
    })
  const arrivals = async () =>
    (await (await fetch(at(ports.origin, '/_playground/requests'))).json()) as RecordedRequest[]
  const shape = (behaviour: object) =>
    fetch(at(ports.origin, '/_playground/behaviour'), { method: 'PUT', body: JSON.stringify(behaviour) })
  const send = (init: RequestInit) => fetch(at(ports.gateway, '/webhooks/github'), init)

  beforeAll(async () => {
    ;({ running, ports } = await start([]))
    await running.line(isServing)
  })

  test('says that it is ready in exactly one line, and takes the tour to its end', () => {
    expect(running.lines.filter((line) => READY.test(line))).toEqual([
      `sallyport ready http://127.0.0.1:${ports.gateway}`,
    ])
    expect(running.lines.join('\n')).not.toContain('not as expected')
    expect(running.lines).toContain(
      `any provider: PORT=${ports.gateway} ORIGIN_PORT=${ports.origin} npm run send -- mux, or -- --all for every one with every fault`,
    )
    expect(running.lines.filter((line) => /^( \d|\d\d) {2}\S/.test(line))).toHaveLength(26)
    expect(running.lines).toContainEqual(
      expect.stringMatching(/^\d+ requests, \d+ reached the origin, \d+ stopped at the gateway$/),
    )
  })

  test('shows in the tour why each token is refused, and what the caller is told', () => {
    const lines = running.lines.map((line) => line.trim())
    const invalid = expect.stringMatching(/^www-authenticate: Bearer .*error="invalid_token"/)
    const told = (title: string) => {
      const first = lines.findIndex((line) => line.includes(title))
      return lines.slice(first + 1).slice(
        0,
        lines.slice(first + 1).findIndex((line) => /^\d+ {2}/.test(line)),
      )
    }
    for (const [title, why] of [
      ['"alg":"none"', "why: the token's algorithm is not one of the route's;"],
      ['ended five minutes ago', 'why: the token has expired;'],
      ['signed by a stranger', "why: the token's signature does not match;"],
      ['The issuer goes down', 'why: no key of the issuer has this id;'],
      ['An operator revokes', 'why: the token is genuine and in force, and its subject was revoked'],
    ] as const) {
      expect(told(title), title).toContainEqual(expect.stringContaining(why))
      expect(told(title), title).toContainEqual(invalid)
    }
    expect(told('The issuer goes down')).toEqual([
      expect.stringMatching(/^2 × 401 credential_refused /),
      invalid,
      expect.any(String),
      expect.stringMatching(/^200 forwarded /),
      expect.stringMatching(/^why: the caller is known/),
    ])
  })

  test("keeps wrangler's own output from the screen", () => {
    const screen = running.lines.join('\n')
    for (const noise of ['wrangler:', '⛅', 'Request.cf', 'Ready on', '{"schema"']) {
      expect(screen).not.toContain(noise)
    }
  })

  test('wrote fresh secrets that only their owner reads', async () => {
    expect((await stat(join(project.root, '.dev.vars'))).mode & 0o777).toBe(0o600)
    const values = await secrets()
    const own = Object.keys(parseEnv(await readFile(join(project.root, '.dev.vars.example'), 'utf8')))
    expect(Object.keys(values)).toEqual(expect.arrayContaining(own))
    expect(values.MUX_WEBHOOK_SECRET).toMatch(/^test_[0-9a-f]{48}$/)
    expect(values.ADYEN_PLATFORM_WEBHOOK_SECRET).toMatch(/^[0-9a-f]{64}$/)
    expect(values.STANDARD_WEBHOOK_SECRET).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(values.PROOF_KEY).toMatch(/^playground:hmac-sha256:[A-Za-z0-9+/]{43}=$/)
    const random = own.map((name) => values[name])
    expect(new Set(random).size).toBe(random.length)
  })

  test('passes a signed delivery with a proof that holds, and tells it in one line', async () => {
    const signed = await delivery()
    const response = await send(signed)
    expect(response.status).toBe(200)
    const id = response.headers.get('sallyport-id') ?? ''
    const arrival = (await arrivals()).find((one) => one.headers['sallyport-id'] === id)
    expect(arrival?.proof).toEqual({ ok: true })
    expect(Buffer.from(arrival?.bodyBase64 ?? '', 'base64').toString()).toBe(signed.body)
    expect(await running.line((line) => line.includes(id))).toMatch(
      /^\d\d:\d\d:\d\d {2}forwarded {2}200 +POST +github/,
    )
  })

  test('tells a refusal in one line with its code and reason', async () => {
    const signed = await delivery()
    const response = await send({ ...signed, body: `${signed.body} ` })
    expect(response.status).toBe(401)
    const id = response.headers.get('sallyport-id') ?? ''
    expect(await running.line((line) => line.includes(id))).toMatch(
      /refused +401 signature_refused +POST +github +\(authenticate: github: no signature matches\) +id /,
    )
  })

  test('refuses a copy with 409 while the first is at the origin', async () => {
    const signed = await delivery()
    await shape({ delayMs: 1500 })
    const first = send(signed)
    const body = Buffer.from(signed.body).toString('base64')
    await expect.poll(async () => (await arrivals()).some((one) => one.bodyBase64 === body)).toBe(true)
    const copy = await send(signed)
    expect(copy.status).toBe(409)
    expect(Number(copy.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await first).status).toBe(200)
    expect((await arrivals()).filter((one) => one.bodyBase64 === body)).toHaveLength(1)
  })

  test('shapes the origin behind the gateway', async () => {
    await shape({ status: 503, times: 2 })
    const seen = []
    for (let i = 0; i < 3; i++) seen.push((await send(await delivery())).status)
    expect(seen).toEqual([503, 503, 200])
  })

  test('reports a request that goes around the gateway', async () => {
    await fetch(at(ports.origin, '/webhooks/github'), { method: 'POST', body: '{}' })
    expect(await running.line((line) => line.includes('without a proof that holds'))).toContain(
      'proof-missing',
    )
  })

  describe('the order route', () => {
    const ask = async (path: string, init: RequestInit) =>
      (await fetch(at(ports.issuer, path), init)).json() as Promise<Record<string, unknown>>
    const token = async (claims = {}) =>
      String((await ask('/token', { method: 'POST', body: JSON.stringify({ claims }) })).access_token)
    const order = async (text: string, tenant = 'acme') =>
      fetch(at(ports.gateway, `/tenants/${tenant}/orders`), {
        method: 'POST',
        headers: { authorization: `Bearer ${text}`, 'content-type': 'application/json' },
        body: JSON.stringify({ sku: randomUUID(), quantity: 2 }),
      })
    const mode = (name: string) =>
      ask('/_playground/behaviour', { method: 'PUT', body: JSON.stringify({ mode: name }) })

    test('takes a token of the demo issuer, and tells the origin whose it is', async () => {
      const response = await order(await token({ sub: 'ann' }))
      expect(response.status).toBe(200)
      const id = response.headers.get('sallyport-id')
      const arrival = (await arrivals()).find((one) => one.headers['sallyport-id'] === id)
      expect(arrival?.headers['x-subject']).toBe('ann')
      expect(arrival?.proof).toEqual({ ok: true })
      expect((await order(await token({ tenant: 'globex' }))).status).toBe(403)
      expect((await order(await token({ tenant: 'globex' }), 'globex')).status).toBe(200)
    })

    test('does not notice an issuer that is down, slow or empty', async () => {
      for (const name of ['down', 'slow', 'empty']) {
        await mode(name)
        expect((await order(await token())).status).toBe(200)
      }
      await mode('ok')
    })
  })

  test('serves the issuer', async () => {
    const response = await fetch(at(ports.issuer, '/.well-known/openid-configuration'))
    expect(await response.json()).toMatchObject({ issuer: at(ports.issuer, '') })
  })

  test('says which port is taken and how to move it', async () => {
    const [free = 0, issuer = 0] = await freePorts(2)
    const other = await start([], { ...ports })
    const third = await start([], { gateway: ports.gateway, origin: free, issuer })
    expect(await other.running.ended).toBe(1)
    expect(other.running.lines).toContain(`sallyport: port ${ports.origin} is taken; set ORIGIN_PORT=…`)
    expect(await third.running.ended).toBe(1)
    expect(third.running.lines).toContain(`sallyport: port ${ports.gateway} is taken; set PORT=…`)
  })

  test('ends within 5 s of a Ctrl-C, with exit code 0 and every port free', async () => {
    const begin = Date.now()
    running.signal('SIGINT')
    expect(await running.ended).toBe(0)
    expect(Date.now() - begin).toBeLessThan(5000)
    for (const port of Object.values(ports)) expect(await isFree(port)).toBe(true)
  })
})
