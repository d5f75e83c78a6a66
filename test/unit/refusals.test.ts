import { describe, expect, it } from 'vitest'
import { challengesOf } from '../../src/challenge.ts'
import type { Denial } from '../../src/contract.ts'
import { type DenialCode, type DenialEntry, denials, refuse, statusOf } from '../../src/denials.ts'

const denial = (code: DenialCode, status?: number): Denial => ({
  code,
  reason: 'a reason for the record',
  ...(status !== undefined && { status }),
})
const OF_WEBHOOKS: readonly DenialCode[] = [
  'signature_missing',
  'signature_refused',
  'event_not_declared',
  'delivery_in_progress',
  'delivery_repeated',
]

describe("a provider's own status", () => {
  it.each(OF_WEBHOOKS)('stands on the answer and in the problem of %s', async (code) => {
    const response = refuse(denial(code, 498), 'id')
    expect(response.status).toBe(498)
    expect(await response.json()).toMatchObject({ status: 498, code })
    expect(response.headers.get('www-authenticate')).toBeNull()
  })

  it('is not read for any other code', () => {
    for (const [code, entry] of Object.entries(denials)) {
      const isOfWebhooks = (entry as DenialEntry).isOfWebhooks === true
      expect(isOfWebhooks, code).toBe(OF_WEBHOOKS.includes(code as DenialCode))
      if (!isOfWebhooks) expect(statusOf(denial(code as DenialCode, 498))).toBe(entry.status)
    }
  })

  it.each([200, 204, 302, 101, 0, 600, 498.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'is never %s, which would be no refusal',
    (status) => {
      expect(statusOf(denial('signature_refused', status))).toBe(401)
      expect(refuse(denial('signature_refused', status), 'id').status).toBe(401)
    },
  )

  it('comes with a challenge where it is a 401, and only there', () => {
    const webhook = { kind: 'webhook', challenges: [{ scheme: 'Signature' }] } as const
    const request = { headers: new Map<string, string>(), host: 'api.test' }
    const challenges = (denial: Denial) => challengesOf(denial, webhook, request)
    expect(challenges(denial('event_not_declared', 401))).toEqual(['Signature realm="api.test"'])
    expect(challenges(denial('signature_refused', 498))).toEqual([])
    expect(refuse(denial('event_not_declared', 401), 'id').headers.get('www-authenticate')).toBe(
      'Webhook-Signature',
    )
  })
})

describe('what a provider gets in place of a status', () => {
  it.each<[DenialCode, number | undefined, number]>([
    ['malformed_body', undefined, 422],
    ['event_not_declared', undefined, 422],
    ['signature_refused', 400, 422],
    ['signature_refused', undefined, 401],
    ['internal_error', undefined, 500],
  ])('of %s (%s)', async (code, status, expected) => {
    const given = statusOf(denial(code, status), { 400: 422 })
    expect(given).toBe(expected)
    const response = refuse(denial(code, status), 'id', [], given)
    expect([response.status, ((await response.json()) as { status: number }).status]).toEqual([
      expected,
      expected,
    ])
  })
})
