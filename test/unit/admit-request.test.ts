import { describe, expect, it } from 'vitest'
import { compileRoute } from '../../src/compile.ts'
import type { Validated } from '../../src/contract.ts'
import { anonymous } from '../../src/index.ts'
import { admitRequest } from '../../src/stages/admit/index.ts'

const route = compileRoute({
  method: 'GET',
  path: '/',
  owner: 'platform',
  sensitivity: 'public',
  authenticate: anonymous(),
  forward: { to: 'ORIGIN_URL' },
})
const asked = (parts: Partial<Validated>) =>
  admitRequest(
    {
      id: 'id',
      now: 1000,
      client: { key: undefined },
      reported: [],
      principal: { kind: 'token', id: 'iss|sub' },
      ...parts,
    } as Validated,
    route,
    'orders',
    () => {},
  )

describe('what a credential can be revoked under', () => {
  it("is the principal's id, where the credential says nothing else", async () => {
    const request = await asked({})
    expect(request.revocable).toEqual(['iss|sub'])
    expect(request).not.toHaveProperty('issuedAt')
  })

  it('is what the credential says, with the moment that it was issued', async () => {
    const revocable = Array.from({ length: 8 }, (_, i) => `name ${i}`)
    expect(await asked({ revocable, issuedAtMs: 500 })).toMatchObject({ revocable, issuedAt: 500 })
  })

  it('is never cut: nine names are an error, and not eight', async () => {
    const revocable = Array.from({ length: 9 }, (_, i) => `name ${i}`)
    await expect(asked({ revocable })).rejects.toThrow(/at most 8 names/)
  })
})
