import { expect, test } from 'vitest'
import { signGithub, signSlack, signStandard } from '../../../src/testing/index.ts'
import vectors from '../../vectors/webhooks.json' with { type: 'json' }
import { NOW, providers, verdict } from './deliveries.ts'

const ours = { github: providers.github, slack: providers.slack, 'standard-webhooks': providers.standard }

const named = vectors.map((vector) => [`${vector.provider}: ${vector.name}`, vector] as const)

test('holds vectors of all three providers, with both verdicts', () => {
  for (const provider of ['github', 'slack', 'standard-webhooks']) {
    const verdicts = vectors.filter((vector) => vector.provider === provider).map(({ valid }) => valid)
    expect(new Set(verdicts)).toEqual(new Set([true, false]))
  }
})

test.each(named)('gives the published verdict on %s', async (_, vector) => {
  const provider = ours[vector.provider as keyof typeof ours]
  const sent = { headers: vector.headers as unknown as Record<string, string>, body: vector.body }
  const options = { now: (vector.now ?? NOW) * 1000, secrets: [vector.secret] }
  expect((await verdict(provider, sent, options)) === 'accepted').toBe(vector.valid)
})

test('signs as published', async () => {
  const github = { secret: "It's a Secret to Everybody", body: 'Hello, World!', event: 'push' }
  expect((await signGithub(github)).headers['x-hub-signature-256']).toBe(
    'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
  )
  const standard = {
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestamp: 1614265330,
    body: '{"test": 2432232314}',
  }
  expect((await signStandard(standard)).headers['webhook-signature']).toBe(
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  )
  const slack = vectors.find(({ provider, valid }) => provider === 'slack' && valid)
  const { secret = '', body = '', now: timestamp = 0 } = slack ?? {}
  expect((await signSlack({ secret, body, timestamp })).headers['x-slack-signature']).toBe(
    'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  )
})
