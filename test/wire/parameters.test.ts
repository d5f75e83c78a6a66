import { sign } from 'sallyport/testing'
import { github } from 'sallyport/webhooks'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { secrets, startGateway, type TestGateway } from './harness/gateway.ts'
import { expectRefused, expectServing, mounts } from './harness/mounts.ts'

describe.each(mounts)('$name', ({ entry, prefix }) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ entry })
  })
  afterEach(() => expectServing(gateway, prefix))
  afterAll(() => gateway?.close())
  const search = (query: string) => gateway.call({ target: `${prefix}/search?${query}` })

  it.each([
    ['a repeated parameter', 'limit=10&limit=999999'],
    ['a parameter repeated under an escaped name', 'limit=10&%6cimit=20'],
    ['a parameter repeated as an array', 'limit=10&limit[]=20'],
    ['an indexed parameter', 'limit[0]=10'],
    ['a nested parameter', 'limit[gt]=10'],
    ['a prototype', '__proto__[a]=1'],
    ['a bare prototype', '__proto__=1'],
    ['a constructor', 'constructor[prototype][a]=1'],
    ['an undeclared parameter', 'q=a&admin=true'],
    ['another case', 'LIMIT=10'],
    ['a parameter without a name', '=1'],
    ['a value out of its range', 'limit=999999'],
    ['a semicolon as separator', 'limit=10;q=a'],
    ['a second question mark', 'limit=10?limit=20'],
  ])('refuses %s', async (_name, query) => {
    expectRefused(gateway, await search(query), 422, 'input_invalid')
  })

  it.each([
    ['as it was validated', 'limit=010', 'limit=10'],
    ['with escapes in one spelling', '%71=%61%20b', 'q=a+b'],
    ['with a plus for a space', 'q=a+b', 'q=a+b'],
    ['with a CRLF as data', 'q=a%0d%0aX-Injected:%201', 'q=a%0D%0AX-Injected%3A+1'],
    ['with what looks like another parameter as data', 'q=a%26limit%3d9', 'q=a%26limit%3D9'],
    ['with an apostrophe and a raw bracket as data', "q=[']", 'q=%5B%27%5D'],
    ['with an encoded hash as data', 'q=%23', 'q=%23'],
    ['without an empty pair', '&&q=a&', 'q=a'],
  ])('forwards the query %s', async (_name, query, arrives) => {
    expect((await search(query)).status).toBe(200)
    expect(gateway.origin.requests.map(({ target }) => target)).toEqual([`${prefix}/search?${arrives}`])
  })

  it('forwards no query where none came, or an empty one', async () => {
    for (const target of ['/search', '/search?']) {
      gateway.origin.clear()
      expect((await gateway.call({ target: prefix + target })).status).toBe(200)
      expect(gateway.origin.requests.map((seen) => seen.target)).toEqual([`${prefix}/search`])
    }
  })

  it('refuses a query where the route declares none', async () => {
    const answer = await gateway.call({ target: `${prefix}/read/x?admin=true` })
    expectRefused(gateway, answer, 400, 'query_not_declared')
  })

  it('joins two credentials into one that cannot be either', async () => {
    const answer = await gateway.call({
      target: `${prefix}/read/x`,
      headers: [
        ['Authorization', 'Bearer a'],
        ['Authorization', 'Bearer b'],
        ['X-Api-Key', 'a'],
        ['X-Api-Key', 'b'],
      ],
    })
    expect(answer.status).toBe(200)
    const [seen] = gateway.origin.requests
    expect(seen?.values('authorization')).toEqual(['Bearer a, Bearer b'])
    expect(seen?.values('x-api-key')).toEqual(['a, b'])
  })

  it.each(['X-Hub-Signature-256', 'X-GitHub-Event'])(
    'refuses two lines of %s, where the decision rests on one',
    async (name) => {
      const signed = await sign(github, { secret: secrets.GITHUB_WEBHOOK_SECRET, event: 'push', body: '{}' })
      const again = signed.headers[name.toLowerCase()] ?? ''
      const answer = await gateway.deliver(`${prefix}/webhooks/github`, signed, [[name, again]])
      if (name === 'X-GitHub-Event') expectRefused(gateway, answer, 400, 'event_not_declared')
      else expectRefused(gateway, answer, 401, 'signature_refused')
    },
  )
})
