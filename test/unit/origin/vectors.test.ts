import { createHmac, createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sha256 } from './proofs.ts'
import { buildVectors } from './vectors.ts'

type Vectors = Awaited<ReturnType<typeof buildVectors>>
const file = join(import.meta.dirname, '../../../src/origin/vectors.json')
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors

const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** Node's own crypto over the base as it stands in the file: nothing of the code under test takes part. */
function holds({ signatureBase, request }: Vectors['accepted'][number]): boolean {
  const fields = new Map(request.headers.map(([name, value]) => [name, value]))
  const signature = Buffer.from(/sallyport=:(.*?):/.exec(fields.get('signature') ?? '')?.[1] ?? '', 'base64')
  const id = /keyid="(test-[a-z0-9]+)"/.exec(signatureBase)?.[1]
  const [, algorithm, text = ''] = vectors.keys.find((key) => key.id === id)?.verification.split(':') ?? []
  const key = Buffer.from(text, 'base64')
  if (algorithm === 'hmac-sha256')
    return createHmac('sha256', key).update(signatureBase).digest().equals(signature)
  const spki = Buffer.concat([ED25519_SPKI_PREFIX, key])
  return verify(
    null,
    Buffer.from(signatureBase),
    createPublicKey({ key: spki, format: 'der', type: 'spki' }),
    signature,
  )
}

it('vectors.json is what signer and verifier say today', async () => {
  expect(vectors).toEqual(JSON.parse(JSON.stringify(await buildVectors())))
})

describe('an independent implementation agrees', () => {
  it.each(vectors.accepted)('$name', (vector) => {
    const body = Buffer.from(vector.request.bodyBase64, 'base64')
    const digest = vector.request.headers.find(([name]) => name === 'content-digest')?.[1]
    expect(vector.verdict.ok).toBe(true)
    expect(digest).toBe(`sha-256=:${Buffer.from(sha256(body)).toString('base64')}:`)
    expect(holds(vector)).toBe(true)
    expect(
      holds({
        ...vector,
        signatureBase: vector.signatureBase.replace('POST', 'PUT').replace('DELETE', 'GET'),
      }),
    ).toBe(false)
  })
})

it('holds no vector of refusal that is accepted', () => {
  expect(vectors.refused.filter(({ reason }) => reason === 'accepted')).toEqual([])
  expect(new Set(vectors.refused.map(({ reason }) => reason)).size).toBeGreaterThan(12)
})
