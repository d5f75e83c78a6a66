import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { leaked } from './harness/canary.ts'
import { startGateway, type TestGateway } from './harness/gateway.ts'
import { expectRefused } from './harness/mounts.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ entry: 'test/wire/workers/rules.ts' })
})
afterAll(() => gateway.close())
beforeEach(() => gateway.origin.clear())

const TENANT = 'acme-canary-1d2e'
const SUBJECT = 'subject-canary-77aa'
const ask = (target: string, token?: string, host = 'plain.test') =>
  gateway.call({ host, target, headers: token === undefined ? [] : [['Authorization', `Bearer ${token}`]] })

describe('a rule on the wire', () => {
  it.each([
    ['scope and tenant hold', `/v1/tenants/${TENANT}/orders`, 'writer'],
    [
      'the tenant in another spelling of the path',
      `/v1/tenants/${TENANT.replace('a', '%61')}/orders`,
      'writer',
    ],
    ['what is owned', `/v1/users/${SUBJECT}`, 'nothing'],
    ['the role in place of it', '/v1/users/other', 'admin'],
    ['a recent and strong login', '/v1/payments', 'login-599-phr'],
    ['another tenant, where it must be another', '/v1/others/evil', 'writer'],
    ['a plain predicate', '/v1/plain', 'admin'],
    ['a network', '/near', undefined],
    ['a time of day, through a time zone', '/always', undefined],
  ])('lets through: %s', async (_, target, token) => {
    expect((await ask(target, token)).status).toBe(200)
    expect(gateway.origin.requests).toHaveLength(1)
  })

  it.each<[string, string, string | undefined, number, string, string]>([
    ['no scope', `/v1/tenants/${TENANT}/orders`, 'reader', 403, 'scope_missing', 'needs scope orders:write'],
    [
      'another tenant',
      '/v1/tenants/evil/orders',
      'writer',
      403,
      'not_authorized',
      'needs :tenant = claim tenant',
    ],
    [
      'another case of the tenant',
      `/v1/tenants/${TENANT.toUpperCase()}/orders`,
      'writer',
      403,
      'not_authorized',
      'needs :tenant = claim tenant',
    ],
    [
      'the tenant escaped twice',
      `/v1/tenants/${TENANT.replace('a', '%2561')}/orders`,
      'writer',
      403,
      'not_authorized',
      'needs :tenant = claim tenant',
    ],
    [
      'no tenant in the token',
      '/v1/tenants/undefined/orders',
      'nobody',
      403,
      'not_authorized',
      'cannot be decided, so refused: :tenant = claim tenant',
    ],
    [
      'a list of tenants in the token',
      `/v1/tenants/${TENANT}/orders`,
      'listed',
      403,
      'not_authorized',
      'cannot be decided, so refused: :tenant = claim tenant',
    ],
    [
      'no tenant, where it must be another',
      '/v1/others/evil',
      'nobody',
      403,
      'not_authorized',
      'cannot be decided, so refused: not (:tenant = claim tenant)',
    ],
    [
      'the own tenant there',
      `/v1/others/${TENANT}`,
      'writer',
      403,
      'not_authorized',
      'needs not (:tenant = claim tenant)',
    ],
    [
      'neither owner nor role',
      '/v1/users/other',
      'writer',
      403,
      'not_authorized',
      'needs :user = subject or role admin',
    ],
    [
      'a predicate that throws inside a rule',
      '/v1/faulty',
      'nobody',
      403,
      'not_authorized',
      'cannot be decided, so refused: a predicate',
    ],
    [
      'a plain predicate',
      '/v1/plain',
      'writer',
      403,
      'not_authorized',
      "the route's authorize predicate said no",
    ],
    ['another network', '/far', undefined, 403, 'not_authorized', 'needs not (address in 127.0.0.0/8)'],
    [
      'a country that nobody tells',
      '/swiss',
      undefined,
      403,
      'not_authorized',
      'cannot be decided, so refused: country in CH',
    ],
    [
      'nor when it is turned round',
      '/not-swiss',
      undefined,
      403,
      'not_authorized',
      'cannot be decided, so refused: not (country in CH)',
    ],
  ])('refuses: %s', async (_, target, token, status, code, reason) => {
    const answer = await ask(target, token)
    expectRefused(gateway, answer, status, code)
    const record = await gateway.recordOf(answer)
    expect(record).toMatchObject({ stage: 'authorize', code, reason, waits: { read: null, admit: null } })
    expect(leaked(answer.head + answer.text + JSON.stringify(record), [TENANT, SUBJECT])).toEqual([])
  })

  it('refuses at any time where two windows never meet', async () => {
    expectRefused(gateway, await ask('/never'), 403, 'not_authorized')
  })

  it('is a finding in report mode, and the request goes on', async () => {
    const answer = await ask('/v1/watched/evil', 'writer')
    expect(answer.status).toBe(200)
    expect(answer.headers.has('www-authenticate')).toBe(false)
    expect((await gateway.recordOf(answer)).reported).toContainEqual({
      stage: 'authorize',
      code: 'scope_missing',
      reason: 'needs scope orders:admin',
      measure: null,
    })
  })

  it('prints: the policy of every route can be listed', async () => {
    expect(await gateway.door('/_test/policy')).toMatchObject({
      orders: 'scope orders:write and :tenant = claim tenant',
      users: ':user = subject or role admin',
      payments: 'authentication within 600 s and acr in phrh, phr',
      'not-tenant': 'not (:tenant = claim tenant)',
      faulty: 'a predicate',
      plain: 'a predicate',
    })
  })
})
