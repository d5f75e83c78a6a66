import { describe, expect, test } from 'vitest'
import { authenticate, bytesOf, NOW, timedProviders, verdict } from './deliveries.ts'

const body = '{"id":"evt_1"}'

test('three of the five providers of these tests sign a time', () => {
  expect(timedProviders.map(([name]) => name).sort()).toEqual(['slack', 'standard', 'stripe'])
})

describe.each(timedProviders)('%s', (name, provider) => {
  const secret = provider.secrets[0]
  const forged = (time: string) => ({ headers: provider.forge({ secret, time, body: bytesOf(body) }), body })

  test.each([
    ['300 s after the signed time', 300_000, 'accepted'],
    ['1 ms past 300 s', 300_001, `signature_refused: ${name}: the signed time is too old`],
    ['301 s after it', 301_000, `signature_refused: ${name}: the signed time is too old`],
    ['300 s before it', -300_000, 'accepted'],
    [
      '1 ms more than 300 s before it',
      -300_001,
      `signature_refused: ${name}: the signed time is too far ahead`,
    ],
    ['301 s before it', -301_000, `signature_refused: ${name}: the signed time is too far ahead`],
  ])('%s', async (_, skewMs, expected) => {
    const signed = await provider.sign({ secret, body })
    expect(await verdict(provider, signed, { now: NOW * 1000 + skewMs })).toBe(expected)
  })

  test.each([
    [301_000, 301],
    [-301_000, 301],
    [300_001, 301],
    [86_400_000, 86_400],
  ])('measures a skew of %i ms for the record', async (skewMs, actual) => {
    const sent = await provider.sign({ secret, body })
    const env = { [provider.secretName]: secret }
    expect(await authenticate(provider.authenticator(), sent, env, NOW * 1000 + skewMs)).toMatchObject({
      ok: false,
      denial: { measure: { limit: 300, actual, unit: 'seconds' } },
    })
  })

  // The clock stands where a lax parser would read the text, so that only the form can refuse it.
  test.each([
    ['letters after the digits', '123abc', 123],
    ['an exponent', '1e9', 1e9],
    ['a fraction', `${NOW}.0`, NOW],
    ['a plus sign', `+${NOW}`, NOW],
    ['a minus sign', '-1', -1],
    ['a leading space', ' 1', 1],
    ['a space at the end', `${NOW} `, NOW],
    ['a no-break space at the end', `${NOW}\xa0`, NOW],
    ['a leading zero', `0${NOW}`, NOW],
    ['zero', '0', 0],
    ['hex', '0x6b49d200', NOW],
    ['a digit group', '1_800_000_000', NOW],
    ['a list', `${NOW},${NOW}`, NOW],
    ['a superscript digit', `${NOW}\xb9`, NOW],
    ['milliseconds for seconds', `${NOW * 1000}`, NOW * 1000],
    ['milliseconds for seconds, and a clock in seconds', `${NOW * 1000}`, NOW],
    ['two to the 53rd', String(2 ** 53), 2 ** 53],
    ['twenty digits', '1'.repeat(20), NOW],
    ['a name of infinity', 'Infinity', NOW],
    ['nothing', '', NOW],
  ])('refuses a signed time with %s', async (_, time, clock) => {
    expect(await verdict(provider, forged(time), { now: clock * 1000 })).toMatch('signature_refused')
    expect(await verdict(provider, forged(String(NOW)))).toBe('accepted')
  })

  test.each([1, 9_999_999_999])('accepts the time %i when it is the clock’s', async (seconds) => {
    expect(await verdict(provider, forged(String(seconds)), { now: seconds * 1000 })).toBe('accepted')
  })
})
