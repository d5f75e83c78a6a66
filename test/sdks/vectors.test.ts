import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { VectorFile } from '../../src/testing/vector-file.ts'
import published from '../unit/webhooks/every/published.json' with { type: 'json' }
import { entries } from './all.ts'
import { differences } from './differences.ts'

/** Unix milliseconds, for vectors whose verdict does not rest on the time. */
const NOW = 1_800_000_000_000

/** The public names of the keys in the vectors. */
const KEY_IDS: Readonly<Record<string, string>> = { braintree: 'integration_public_key', pusher: '123456789' }

const folder = join(import.meta.dirname, '../../src/testing/vectors/')

const cases = readdirSync(folder).flatMap((file) => {
  const { sample, vectors } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as VectorFile
  const provider = file === 'standard.json' ? 'standard-webhooks' : file.slice(0, -'.json'.length)
  const requests = vectors.filter(({ kind }) => kind !== 'challenge')
  const given = {
    provider: file.slice(0, -'.json'.length),
    keyId: KEY_IDS[provider] ?? '',
    certificate: sample.bindings?.SNS_CERTIFICATE ?? '',
  }
  return entries
    .filter((entry) => entry[1] === provider && entry[2].verify !== undefined)
    .flatMap(([name, , { verify }]) =>
      requests.map((vector) => [`${name}, ${vector.name}`, vector, verify, given] as const),
    )
})

test('82 of the 87 published vectors are among them', () => {
  const tried = new Set(cases.map(([, vector, , { provider }]) => `${provider}: ${vector.name}`))
  const untried = published.filter(({ provider, name }) => !tried.has(`${provider}: ${name}`))
  // No SDK verifies for three of them, and the last two are handshakes.
  expect(untried.map(({ provider }) => provider)).toEqual([
    'pagerduty',
    'pagerduty',
    'zendesk',
    'asana',
    'meta',
  ])
  expect(published.length - untried.length).toBe(82)
})

test('each known difference is that of a vector', () => {
  expect(cases.map(([name]) => name)).toEqual(expect.arrayContaining(Object.keys(differences)))
})

test.each(cases)('%s', async (name, vector, verify, { keyId, certificate }) => {
  const { method, url = 'https://gateway.test/', body, now_ms, now } = vector
  const headers = Object.entries(vector.headers).map(([key, value]) => [key.toLowerCase(), value])
  const request = { method, url, headers: Object.fromEntries(headers), body, keyId }
  const [first = '', second] = [vector.secret ?? certificate].flat()
  const slots =
    second === undefined
      ? [{ secret: first }]
      : [
          { secret: first, alsoSecret: second },
          { secret: second, alsoSecret: first },
        ]
  const verdicts: unknown[] = []
  for (const slot of slots)
    verdicts.push(
      await verify?.({ ...request, ...slot, now: now_ms ?? (now === undefined ? NOW : now * 1000) }),
    )
  expect(verdicts.includes(true)).toBe(vector.valid !== Object.hasOwn(differences, name))
})
