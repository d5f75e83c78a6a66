import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { optionsFor } from '../../../../src/dev/catalog.ts'
import type { Vector } from '../../../../src/testing/vector-file.ts'
import { type AnyProvider, authenticate, everyProvider, SECRET_NAME, vectorFileOf } from './providers.ts'
import published from './published.json' with { type: 'json' }

const src = resolve(import.meta.dirname, '../../../../src')

describe.each(everyProvider)('%s', (name, provider) => {
  const { vectors, sample } = vectorFileOf(name)

  test('has an entry of its own name, facts, a sample, and known answers of both kinds', async () => {
    const path = `${src}/webhooks/providers/${name}.ts`
    expect(existsSync(path)).toBe(true)
    const { facts } = (await import(path)) as { facts: Record<string, unknown> }
    expect(facts).toMatchObject({
      title: expect.any(String),
      source: expect.any(String),
      checked: expect.stringMatching(/^20\d\d-\d\d$/),
      rotation: expect.any(String),
    })
    expect(sample.body).toBeDefined()
    expect(new Set(vectors.map(({ valid }) => valid))).toEqual(new Set([true, false]))
    for (const { source, date } of vectors) expect([source, date].every(Boolean)).toBe(true)
  })

  test.each(vectors.map((vector) => [vector.name, vector] as const))('%s', async (_, vector) => {
    const result = await judged(provider, vector)
    expect(result.ok).toBe(vector.valid)
    if (vector.kind !== 'challenge' || !vector.expected_response) return
    const { status, body, headers } = vector.expected_response
    expect(result).toMatchObject({ value: { handshake: { status, ...(body !== undefined && { body }) } } })
    if (headers && result.ok) {
      const sent = Object.entries(result.value.handshake?.headers ?? {}).map(([key, value]) => [
        key.toLowerCase(),
        value,
      ])
      const wanted = Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value])
      expect(sent).toEqual(expect.arrayContaining(wanted))
    }
  })
})

/** The provider's own check on a vector; the sample's options hold, and its event where the vector has none. */
async function judged(provider: AnyProvider, vector: Vector) {
  const { scheme } = provider
  const { sample } = vectorFileOf(scheme.name)
  const secrets = typeof vector.secret === 'string' ? [vector.secret] : (vector.secret ?? [])
  const [current, next] = secrets
  const headers = Object.fromEntries(
    Object.entries(vector.headers).map(([key, value]) => [key.toLowerCase(), value]),
  )
  const topic = scheme.topicHeader
  if (topic !== undefined && headers[topic] === undefined) headers[topic] = sample.event ?? ''
  const event = topic === undefined ? undefined : headers[topic]
  const authenticator = provider({
    ...optionsFor(scheme, { ...sample, ...(event !== undefined && { event }) }, SECRET_NAME),
    // A URL with a user in it is nothing that a request can name: its provider has it so.
    ...(scheme.proof.signsUrl && vector.url !== undefined && { url: vector.url.split('?')[0] }),
  })
  const env = { ...sample.bindings, [SECRET_NAME]: current, [`${SECRET_NAME}_NEXT`]: next }
  const now = vector.now_ms ?? (vector.now ?? 1_800_000_000) * 1000
  const { method, url = 'https://gateway.test/webhooks', body } = vector
  return authenticate(authenticator, { method, url, headers, body }, env, now)
}

test('every vector file belongs to a provider', () => {
  const files = readdirSync(`${src}/testing/vectors`).map((file) => file.replace('.json', ''))
  expect(files.sort()).toEqual(everyProvider.map(([name]) => name).sort())
})

/** What a vector says and what it is judged by, in one spelling; its sources and notes may be written anew. */
function digestOf({ method, url, headers, body, secret, now, now_ms, valid, expected_response }: Vector) {
  const fields = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value])
    .sort(([one = ''], [other = '']) => (one < other ? -1 : 1))
  const whole = [method, url ?? null, fields, body, secret, now ?? null, now_ms ?? null, valid]
  return createHash('sha256')
    .update(JSON.stringify([...whole, expected_response ?? null]))
    .digest('hex')
}

test('there are 87 published vectors, none of them twice', () => {
  expect(new Set(published.map(({ provider, name }) => `${provider}: ${name}`)).size).toBe(87)
  expect(new Set(published.map(({ digest }) => digest)).size).toBe(87)
})

test.each(published)('the published vector stands as it was: $provider, $name', async ({ digest, ...of }) => {
  const vector = vectorFileOf(of.provider).vectors.find(({ name }) => name === of.name)
  const [, provider] = everyProvider.find(([name]) => name === of.provider) ?? []
  if (!vector || !provider) throw new Error(`${of.provider}: there is no vector "${of.name}"`)
  expect(digestOf(vector)).toBe(digest)
  expect((await judged(provider, vector)).ok).toBe(vector.valid)
})
