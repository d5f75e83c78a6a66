import { describe, expect, test } from 'vitest'
import { github, standard } from '../../../src/webhooks/index.ts'
import { allProviders, authenticate, providers } from './deliveries.ts'

const body = '{"id":"evt_1"}'

describe.each(allProviders)('%s', (_, provider) => {
  const [first, second] = provider.secrets
  const name = provider.secretName
  const slotOf = async (secret: string, env: Record<string, unknown>, check = provider.authenticator()) => {
    const result = await authenticate(check, await provider.sign({ secret, body }), env)
    return result.ok ? result.value.notes?.secretSlot : result.denial.code
  }

  test('accepts the old secret and the new one, and names the slot that matched', async () => {
    const both = { [name]: first, [`${name}_NEXT`]: second }
    expect(await slotOf(first, both)).toBe('current')
    expect(await slotOf(second, both)).toBe('next')
  })

  test('needs no second secret, and takes a second one alone', async () => {
    expect(await slotOf(first, { [name]: first })).toBe('current')
    expect(await slotOf(second, { [name]: first })).toBe('signature_refused')
    expect(await slotOf(second, { [`${name}_NEXT`]: second })).toBe('next')
  })

  test('names the current slot while both hold the same secret', async () => {
    expect(await slotOf(first, { [name]: first, [`${name}_NEXT`]: first })).toBe('current')
  })

  test('follows a rotation from its start to its end without a restart', async () => {
    const check = provider.authenticator()
    const steps = [
      [{ [name]: first }, 'current', 'signature_refused'],
      [{ [name]: first, [`${name}_NEXT`]: second }, 'current', 'next'],
      [{ [name]: second, [`${name}_NEXT`]: first }, 'next', 'current'],
      [{ [name]: second }, 'signature_refused', 'current'],
      [{}, 'not_configured', 'not_configured'],
      [{ [name]: first }, 'current', 'signature_refused'],
    ] as const
    for (const [env, ofFirst, ofSecond] of steps) {
      expect(await slotOf(first, env, check)).toBe(ofFirst)
      expect(await slotOf(second, env, check)).toBe(ofSecond)
    }
  })

  test('serves two environments from one isolate, each with its own secret', async () => {
    const check = provider.authenticator()
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        slotOf(at % 3 === 0 ? second : first, { [name]: at % 2 === 0 ? first : second }, check),
      ),
    )
    const expected = answers.map((_, at) =>
      (at % 3 === 0) === (at % 2 === 1) ? 'current' : 'signature_refused',
    )
    expect(answers).toEqual(expected)
  })

  test.each([
    ['not set', {}],
    ['empty', { [name]: '', [`${name}_NEXT`]: '' }],
    ['not a text', { [name]: 7, [`${name}_NEXT`]: null }],
  ])('answers not_configured when no secret is there: %s', async (_, env) => {
    const result = await authenticate(
      provider.authenticator(),
      await provider.sign({ secret: first, body }),
      env,
    )
    expect(result).toMatchObject({ ok: false, denial: { code: 'not_configured' } })
    expect(result).toMatchObject({ denial: { reason: expect.stringContaining(name) } })
  })

  test('looks for a secret under its own name only', async () => {
    const sent = await provider.sign({ secret: first, body })
    const env = { SECRET: first, SECRET_NEXT: first, [name.toLowerCase()]: first }
    expect(await authenticate(provider.authenticator(), sent, env)).toMatchObject({
      denial: { code: 'not_configured' },
    })
  })

  test('says which secret it needs', () => {
    expect(provider.authenticator().secrets).toEqual([name])
  })
})

describe('a Standard Webhooks secret of the wrong form', () => {
  test.each([
    ['no base64', 'whsec_not base64, but CANARY'],
    ['the url-safe alphabet', `whsec_${'-_'.repeat(16)}`],
    ['missing padding', `whsec_${Buffer.alloc(25, 1).toString('base64').replace(/=+$/, '')}`],
    ['23 bytes', `whsec_${Buffer.alloc(23, 1).toString('base64')}`],
    ['65 bytes', `whsec_${Buffer.alloc(65, 1).toString('base64')}`],
    ['nothing after the prefix', 'whsec_'],
    ['a public key of 31 bytes', `whpk_${Buffer.alloc(31, 1).toString('base64')}`],
    ['an upper-case prefix', `WHSEC_${Buffer.alloc(24, 1).toString('base64')}`],
    ['a newline at its end', `${providers.standard.secrets[0]}\n`],
  ])('is named, and not told: %s', async (_, text) => {
    const sent = await providers.standard.sign({ secret: providers.standard.secrets[0], body })
    for (const slot of ['STANDARD_WEBHOOK_SECRET', 'STANDARD_WEBHOOK_SECRET_NEXT']) {
      const result = await authenticate(standard({ secret: 'STANDARD_WEBHOOK_SECRET' }), sent, {
        [slot]: text,
      })
      expect(result).toEqual({
        ok: false,
        denial: {
          code: 'not_configured',
          reason: `secret ${slot} is not of the form: whsec_ and 24 to 64 bytes in base64, or whpk_ and an Ed25519 public key in base64`,
        },
      })
    }
  })

  test('in one slot does not stop the other, and is told in the record', async () => {
    const good = providers.standard.secrets[0]
    const sent = await providers.standard.sign({ secret: good, body })
    const env = { STANDARD_WEBHOOK_SECRET: good, STANDARD_WEBHOOK_SECRET_NEXT: `${good}\n` }
    const result = await authenticate(standard({ secret: 'STANDARD_WEBHOOK_SECRET' }), sent, env)
    const reason =
      'secret STANDARD_WEBHOOK_SECRET_NEXT is not of the form: whsec_ and 24 to 64 bytes in base64, or whpk_ and an Ed25519 public key in base64'
    expect(result).toMatchObject({ ok: true, value: { warnings: [{ code: 'not_configured', reason }] } })
  })

  test.each([' ', '\n', '\t'])(
    'of plain text with a slip of the shell at its end (%j) is not used',
    async (slip) => {
      const sent = await providers.github.sign({ secret: `plain${slip}`, body })
      const result = await authenticate(github({ secret: 'GITHUB_WEBHOOK_SECRET', events: ['push'] }), sent, {
        GITHUB_WEBHOOK_SECRET: `plain${slip}`,
      })
      expect(result).toMatchObject({ ok: false, denial: { code: 'not_configured' } })
    },
  )

  test.each([24, 64])('is not one of %i bytes, with the prefix or without it', async (length) => {
    const key = Buffer.alloc(length, 7).toString('base64')
    const sent = await providers.standard.sign({ secret: `whsec_${key}`, body })
    for (const text of [key, `whsec_${key}`]) {
      const result = await authenticate(standard({ secret: 'STANDARD_WEBHOOK_SECRET' }), sent, {
        STANDARD_WEBHOOK_SECRET: text,
      })
      expect(result).toMatchObject({ ok: true })
    }
  })
})

describe('options that stop the start', () => {
  test('no secret named', () => {
    // @ts-expect-error a secret has to be named
    expect(() => github({ events: ['push'] })).toThrow(/^github: secret: is missing/)
  })

  test('no events for a provider that does not sign them', () => {
    // @ts-expect-error events have to be listed
    expect(() => github({ secret: 'GITHUB_WEBHOOK_SECRET', events: [] })).toThrow(
      /^github: events: is missing/,
    )
  })
})
