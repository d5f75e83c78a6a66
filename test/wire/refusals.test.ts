import { type SignedDelivery, sign } from 'sallyport/testing'
import { bitbucket, datadog, github, pagerduty, sanity } from 'sallyport/webhooks'
import { describe, expect, it, vi } from 'vitest'
import { secrets } from './harness/gateway.ts'
import { useGateway } from './harness/use.ts'

const gateway = useGateway({ entry: 'test/wire/workers/refusals.ts' })
const secret = secrets.GITHUB_WEBHOOK_SECRET

/** What the provider reads: the status, and when it may come again. */
async function answerTo(path: string, delivery: SignedDelivery) {
  const answer = await gateway.deliver(path, delivery)
  const { code } = JSON.parse(answer.text || '{}') as { code?: string }
  return { status: answer.status, code, retryAfter: answer.headers.get('retry-after')?.[0] }
}

describe('where a 4xx ends a delivery', () => {
  it.each([
    ['bitbucket', () => sign(bitbucket, { secret, body: '{"push":1}', event: 'repo:push' })],
    ['sanity', () => sign(sanity, { secret, body: '{"_id":"a"}' })],
  ])('%s: a copy that comes while the first is under way is a 503', async (name, signed) => {
    const delivery = await signed()
    gateway.origin.behave({ fault: 'hang' })
    // Never answered: it ends with the gateway.
    gateway.deliver(`/${name}`, delivery).catch(() => undefined)
    await vi.waitFor(() => expect(gateway.origin.requests).toHaveLength(1), { timeout: 20_000 })
    expect(await answerTo(`/${name}`, delivery)).toEqual({
      status: 503,
      code: 'delivery_in_progress',
      retryAfter: expect.stringMatching(/^[1-9][0-9]*$/),
    })
  })

  it('datadog: what is over the limit is a 503, a wrong token a 401', async () => {
    const send = async (body: string, text = secret) =>
      answerTo('/datadog', await sign(datadog, { secret: text, body }))
    expect((await send('{"id":"1"}')).status).toBe(200)
    expect(await send('{"id":"2"}')).toMatchObject({ status: 503, code: 'rate_limited' })
    expect((await send('{"id":"3"}', 'a token that nobody has set')).status).toBe(401)
  })

  it('pagerduty: what the deny list refuses is a 503', async () => {
    const delivery = await sign(pagerduty, { secret, body: '{"event":{"id":"1"}}' })
    expect(await answerTo('/pagerduty', delivery)).toMatchObject({ status: 503, code: 'client_denied' })
  })
})

it('github: a form goes to the origin as it was signed, and its schema sees the payload', async () => {
  const body = new URLSearchParams({ payload: '{"ref":"refs/heads/main"}' }).toString()
  const contentType = 'application/x-www-form-urlencoded'
  const form = await sign(github, { secret, body, event: 'push', contentType })
  expect((await answerTo('/github', form)).status).toBe(200)
  expect(gateway.origin.requests.map((request) => request.body.toString())).toEqual([body])
  const json = await sign(github, { secret, body: '{"ref":"refs/heads/main"}', event: 'push' })
  expect(await answerTo('/github', json)).toMatchObject({ status: 422, code: 'input_invalid' })
})
