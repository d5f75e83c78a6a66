import { randomUUID } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose'
import type { GatewayClient, Outcome } from './gateway-client.ts'
import type { IssuerClient } from './issuer-client.ts'
import type { Operator } from './operator.ts'
import type { Need } from './tour-routes.ts'
import { forwarded, one, refused, type Step } from './tour-step.ts'

const ORDERS: Need = { method: 'POST', path: '/tenants/acme/orders', by: 'jwt' }
/** Requests of the burst, and what the order route takes from one caller in its window. */
const BURST = 23
const BURST_MAX = 20

/** An order for a tenant, with a token in the Authorization header. */
const order = (token: string, tenant = 'acme', more: Record<string, string> = {}) => ({
  path: `/tenants/${tenant}/orders`,
  headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...more },
  body: JSON.stringify({ sku: randomUUID(), quantity: 1 }),
})

/** The tour's steps on the order route, for a caller that no other step counts against. */
export function tokenSteps(issuer: IssuerClient, operator: Operator | undefined): Step[] {
  const caller = { sub: `tour-${randomUUID()}` }
  const token = (claims: object = {}, ttlSeconds = 300) =>
    issuer.token({ claims: { ...caller, ...claims }, ttlSeconds })
  const challenge = ['www-authenticate']

  return [
    {
      title: 'An order with an access token: issuer, audience, scope and tenant are as the route wants them.',
      needs: [ORDERS],
      run: one(async () => order(await token())),
      expect: [forwarded()],
      show: ['ratelimit'],
    },
    {
      title: "Another tenant's token on the same path.",
      needs: [ORDERS],
      run: one(async () => order(await token({ tenant: 'globex' }))),
      expect: [refused(403, 'not_authorized')],
      show: challenge,
    },
    {
      title: 'A token of the right tenant that may only read.',
      needs: [ORDERS],
      run: one(async () => order(await token({ scope: 'orders:read' }))),
      expect: [refused(403, 'scope_missing')],
      show: challenge,
    },
    {
      title: 'A token that ended five minutes ago.',
      needs: [ORDERS],
      run: one(async () => order(await token({}, -300))),
      expect: [refused(401, 'credential_refused')],
      show: challenge,
    },
    {
      title: 'A good token whose header was changed to "alg":"none".',
      needs: [ORDERS],
      run: one(async () => order(withoutAlgorithm(await token()))),
      expect: [refused(401, 'credential_refused')],
      show: challenge,
    },
    {
      title: "A token with all the right claims and the issuer's key id, signed by a stranger.",
      needs: [ORDERS],
      run: one(async () => order(await signedByStranger(await token()))),
      expect: [refused(401, 'credential_refused')],
      show: challenge,
    },
    {
      title: 'A good token twice, in the header and in the query: which one would the origin believe?',
      needs: [ORDERS],
      run: one(async () => {
        const text = await token()
        const { path, ...rest } = order(text)
        return { path: `${path}?access_token=${text}`, ...rest }
      }),
      expect: [refused(400, 'credential_repeated')],
      show: challenge,
    },
    {
      title:
        'The issuer changes its keys, and the next token is signed with one that the gateway has never seen.',
      needs: [ORDERS],
      run: async (client) => {
        await issuer.shape('rotate')
        return [await client.send(order(await token()))]
      },
      expect: [forwarded()],
    },
    outageStep(issuer, token),
    ...revocationSteps(issuer, operator),
    {
      title: 'An order that names the quantity as text.',
      needs: [{ ...ORDERS, schema: true }],
      run: one(async () => ({ ...order(await token()), body: JSON.stringify({ sku: 'a', quantity: '1' }) })),
      expect: [refused(422, 'input_invalid')],
    },
    {
      title: `${BURST} orders in a row by one caller; the route takes ${BURST_MAX} in 10 s.`,
      needs: [ORDERS],
      run: (client) =>
        burst(client, async () => order(await issuer.token({ claims: { sub: `burst-${caller.sub}` } }))),
      expect: burstFault,
      show: ['retry-after', 'ratelimit-policy', 'ratelimit'],
    },
  ]
}

/** The issuer's keys are in the gateway's memory: what is shown is that neither an outage nor made-up key ids change that. */
function outageStep(issuer: IssuerClient, token: () => Promise<string>): Step {
  let fetches = 0
  return {
    title:
      'The issuer goes down, and a stranger sends two tokens with key ids of his own; then a caller comes.',
    needs: [ORDERS],
    run: async (client) => {
      await issuer.shape('down')
      const before = await issuer.keySetFetches()
      const outcomes: Outcome[] = []
      for (const kid of [randomUUID(), randomUUID()])
        outcomes.push(await client.send(order(await signedByStranger(await token(), kid))))
      outcomes.push(await client.send(order(await token())))
      fetches = (await issuer.keySetFetches()) - before
      await issuer.shape('ok')
      return outcomes
    },
    expect: (outcomes) => {
      const told = outcomes.map(({ status, event }) => `${status} ${event.code ?? event.decision}`).join(', ')
      if (told !== '401 credential_refused, 401 credential_refused, 200 forwarded')
        return `expected the stranger to be refused twice and the caller to pass, got ${told}`
      return fetches <= 1
        ? undefined
        : `the issuer should be asked once at most, and was asked ${fetches} times`
    },
    show: ['www-authenticate'],
  }
}

/** Only where the project has a key to sign an operator's commands with. */
function revocationSteps(issuer: IssuerClient, operator: Operator | undefined): Step[] {
  if (operator === undefined) return []
  return [
    {
      title: 'An operator revokes the caller, and a token that is good for minutes comes again.',
      needs: [ORDERS],
      run: async (client) => {
        const sub = `leaver-${randomUUID()}`
        const kept = await issuer.token({ claims: { sub } })
        const before = await client.send(order(kept))
        await operator.revoke(issuer.url, sub)
        return [before, await client.send(order(kept))]
      },
      expect: [forwarded(), refused(401, 'principal_revoked')],
      show: ['www-authenticate'],
    },
  ]
}

/** Keeps the signature, so that nothing but the algorithm is wrong. */
function withoutAlgorithm(token: string): string {
  const [, ...rest] = token.split('.')
  const header = { ...decodeProtectedHeader(token), alg: 'none' }
  return [Buffer.from(JSON.stringify(header)).toString('base64url'), ...rest].join('.')
}

/** The same claims under a key of our own, which has the issuer's id or one that it never had. */
async function signedByStranger(
  token: string,
  kid = decodeProtectedHeader(token).kid ?? '',
): Promise<string> {
  const { privateKey } = await generateKeyPair('ES256')
  return new SignJWT(decodeJwt(token))
    .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt' })
    .sign(privateKey)
}

async function burst(
  client: GatewayClient,
  outgoing: () => Promise<Parameters<GatewayClient['send']>[0]>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  while (outcomes.length < BURST) outcomes.push(await client.send(await outgoing()))
  return outcomes
}

/** The window slides: on a slow machine a little of it has come back before the burst is over. */
function burstFault(outcomes: readonly Outcome[]): string | undefined {
  const passed = outcomes.filter(({ status }) => status === 200).length
  if (passed < BURST_MAX) return `${BURST_MAX} of ${BURST} should pass, ${passed} did`
  const denied = outcomes.find(({ status }) => status === 429)
  if (!denied) return 'one of the last should be refused with 429, none was'
  for (const name of ['retry-after', 'ratelimit', 'ratelimit-policy']) {
    if (!denied.headers.has(name)) return `the 429 should carry ${name}`
  }
  return undefined
}
