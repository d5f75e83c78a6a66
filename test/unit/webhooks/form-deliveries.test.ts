import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { sign } from '../../../src/testing/index.ts'
import { datadog, github } from '../../../src/webhooks/index.ts'
import { authenticate, verdict } from './every/providers.ts'

const JSON_AND_FORM = [
  { mediaType: 'application/json', syntax: 'json' },
  { mediaType: 'application/x-www-form-urlencoded', syntax: 'form' },
]
const secret = 'a secret of sixteen or more'
const env = { GITHUB_WEBHOOK_SECRET: secret }
const contentType = 'application/x-www-form-urlencoded'

describe('github, as a form', () => {
  const authenticator = github({ secret: 'GITHUB_WEBHOOK_SECRET', events: ['push'] })
  const event = { ref: 'refs/heads/main', note: 'a & b = ü' }
  const body = new URLSearchParams({ payload: JSON.stringify(event) }).toString()

  test('is taken beside JSON', () => expect(authenticator.content).toEqual(JSON_AND_FORM))

  test('is signed in the spelling that it is sent in', async () => {
    const sent = await sign(github, { secret, body, event: 'push', contentType })
    expect(sent.headers['content-type']).toBe(contentType)
    const mac = createHmac('sha256', secret).update(body).digest('hex')
    expect(sent.headers['x-hub-signature-256']).toBe(`sha256=${mac}`)
    expect(await verdict(authenticator, sent, env)).toBe('accepted')
    const respelled = { ...sent, body: body.replaceAll('+', '%20') }
    expect(await verdict(authenticator, respelled, env)).toBe(
      'signature_refused: github: no signature matches',
    )
    const decoded = { ...sent, body: JSON.stringify(event) }
    expect(await verdict(authenticator, decoded, env)).toBe('signature_refused: github: no signature matches')
  })
})

test('datadog, “Encode as form”: is taken beside JSON', async () => {
  const authenticator = datadog({ secret: 'GITHUB_WEBHOOK_SECRET', deduplicate: 'body' })
  expect(authenticator.content).toEqual(JSON_AND_FORM)
  const sent = await sign(datadog, { secret, body: 'id=1&title=Slow+checkout', contentType })
  expect(await authenticate(authenticator, sent, env)).toMatchObject({ ok: true })
})
