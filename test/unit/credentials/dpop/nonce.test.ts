import { expect, test } from 'vitest'
import { checkNonce, makeNonce, nonceKey } from '../../../../src/credentials/dpop/nonce.ts'

const EVERY = 300_000
const START = 1_899_999_900_000
const keyOf = async (secret: string) => (await nonceKey({ SEAL_KEY: secret })) as CryptoKey
const key = await keyOf('a-secret-of-thirty-two-characters')
const nonce = await makeNonce(key, EVERY, START + 1234)

const check = (text: string, now: number, everyMs = EVERY, by = key) => checkNonce(text, by, everyMs, now)

test('is of characters that a header and a JSON text may hold', () => {
  expect(START % EVERY).toBe(0)
  expect(nonce).toMatch(/^[0-9]+\.[A-Za-z0-9_-]{43}$/)
})

test.each([
  [-5001, 'refused'],
  [-5000, 'current'],
  [0, 'current'],
  [EVERY - 1, 'current'],
  [EVERY, 'old'],
  [2 * EVERY - 1, 'old'],
  [2 * EVERY, 'refused'],
])('%i ms after it began it is %s', async (afterMs, expected) => {
  expect(await check(nonce, START + afterMs)).toBe(expected)
})

test('is the same for everybody in its time, and another after it', async () => {
  expect(await makeNonce(key, EVERY, START + EVERY - 1)).toBe(nonce)
  expect(await makeNonce(key, EVERY, START + EVERY)).not.toBe(nonce)
})

const [made = '', mac = ''] = nonce.split('.')
test.each([
  ['an empty text', ''],
  ['a MAC of zeros', `${made}.${'A'.repeat(43)}`],
  ['another time under its MAC', `${Number(made) + EVERY}.${mac}`],
  ['another spelling of its time', `0${made}.${mac}`],
  ['a MAC that is one character short', `${made}.${mac.slice(1)}`],
  ['text behind it', `${nonce}A`],
  ['a space before it', ` ${nonce}`],
  ['a time without end', `${'9'.repeat(400)}.${mac}`],
  ['no time', `.${mac}`],
])('refuses %s', async (_, text) => {
  expect(await check(text, START)).toBe('refused')
})

test('refuses the nonce of another secret, and of a route with other nonces', async () => {
  const other = await keyOf('another-secret-of-32-characters!!')
  expect(await check(await makeNonce(other, EVERY, START), START)).toBe('refused')
  expect(await check(await makeNonce(key, 60_000, START), START)).toBe('refused')
})

test('has no key without a secret of 32 characters', async () => {
  expect(await nonceKey({})).toBeUndefined()
  expect(await nonceKey({ SEAL_KEY: 'short' })).toBeUndefined()
  expect(await nonceKey({ SEAL_KEY: 7 })).toBeUndefined()
})
