import { describe, expect, test } from 'vitest'
import { allProviders, authenticate, NOW, type Provider, type Sent, withHeaders } from './deliveries.ts'

const SECRET = 'cAnArYsEcReT'
const BODY = 'cAnArYbOdY'
const HEADER = 'cAnArYhEaDeR'

/** A secret of the provider's form with the canary in it. */
const secretOf = (provider: Provider) =>
  provider.scheme.name === 'standard' ? `whsec_${SECRET.repeat(4)}` : `whsec_${SECRET}`

const body = JSON.stringify({ id: BODY, event_id: BODY, text: BODY })

/** Requests to refuse, each with canaries wherever a sender can put a text. */
async function refused(provider: Provider): Promise<[string, Sent, number][]> {
  const secret = secretOf(provider)
  const signed = await provider.sign({ secret, body })
  const planted = withHeaders(signed, {
    'x-github-delivery': HEADER,
    'x-shopify-webhook-id': HEADER,
    'user-agent': HEADER,
  })
  const foreign = await provider.sign({ secret: provider.secrets[1], body })
  const cases: [string, Sent, number][] = [
    ['a wrong signature', foreign, NOW * 1000],
    ['a changed body', { ...planted, body: `${body} ` }, NOW * 1000],
  ]
  for (const name of provider.signedHeaders) {
    const value = planted.headers[name] ?? ''
    cases.push(['no header', withHeaders(planted, { [name]: undefined }), NOW * 1000])
    for (const text of [
      HEADER,
      `${value}${HEADER}`,
      `${value},${HEADER}`,
      `${HEADER}=${value}`,
      `v1,${HEADER}`,
    ]) {
      cases.push(['a header that is not of its form', withHeaders(planted, { [name]: text }), NOW * 1000])
    }
  }
  if (provider.scheme.proof.tolerance !== undefined) {
    cases.push(['an old time', planted, (NOW + 1e6) * 1000], ['a time ahead', planted, (NOW - 1e6) * 1000])
  }
  const { topicHeader } = provider.scheme
  if (topicHeader !== undefined) {
    cases.push(['an undeclared event', withHeaders(planted, { [topicHeader]: HEADER }), NOW * 1000])
  }
  return cases
}

describe.each(allProviders)('%s', (_, provider) => {
  const secret = secretOf(provider)
  const env = { [provider.secretName]: secret }

  /** What must be nowhere in a denial: every planted text, and the signature that was sent. */
  const canaries = (sent: Sent) => {
    const signatures = provider.signedHeaders.flatMap(
      (name) => sent.headers[name]?.match(/[\w+/]{32,}/g) ?? [],
    )
    return [SECRET, BODY, HEADER, provider.secrets[0], provider.secrets[1], ...signatures]
  }

  test('the canaries are planted where an accepted delivery shows them', async () => {
    const sent = await provider.sign({ secret, body })
    const result = await authenticate(provider.authenticator(), sent, env)
    expect(result.ok).toBe(true)
    expect(canaries(sent).length).toBeGreaterThan(5)
    expect(sent.body).toContain(BODY)
    expect(secret).toContain(SECRET)
  })

  test('no denial tells anything that was sent, nor a secret', async () => {
    const codes = new Set<string>()
    for (const [, sent, now] of await refused(provider)) {
      const result = await authenticate(provider.authenticator(), sent, env, now)
      if (result.ok) throw new Error('was to be refused')
      codes.add(result.denial.code)
      const told = JSON.stringify(result)
      for (const canary of canaries(sent)) expect(told).not.toContain(canary)
    }
    expect(codes).toContain('signature_missing')
    expect(codes).toContain('signature_refused')
    expect(codes.has('event_not_declared')).toBe(provider.scheme.topicHeader !== undefined)
  })

  test('a route that is not configured tells the name of its secret and no text', async () => {
    const sent = await provider.sign({ secret, body })
    for (const text of [undefined, ...(provider.scheme.name === 'standard' ? [`whsec_!${SECRET}`] : [])]) {
      const result = await authenticate(provider.authenticator(), sent, { [provider.secretName]: text })
      const told = JSON.stringify(result)
      expect(told).toContain('not_configured')
      expect(told).toContain(provider.secretName)
      for (const canary of canaries(sent)) expect(told).not.toContain(canary)
    }
  })

  test('an accepted delivery carries neither the secret nor its signature', async () => {
    const sent = await provider.sign({ secret, body })
    const told = JSON.stringify(await authenticate(provider.authenticator(), sent, env))
    for (const canary of canaries(sent)) if (canary !== BODY) expect(told).not.toContain(canary)
  })
})
