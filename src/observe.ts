import {
  type Authenticated,
  type Denial,
  deny,
  type Matched,
  type Result,
  type Validated,
} from './contract.ts'
import { internalError, type Passage } from './passage.ts'
import { admitRequest, askOnce } from './stages/admit/index.ts'
import { authorize } from './stages/authorize.ts'
import { block } from './stages/block.ts'
import { firstTier } from './stages/first-tier.ts'
import { answer, forward, type Prepared, prepareUnproven } from './stages/forward/index.ts'
import { identify } from './stages/identify.ts'
import { read } from './stages/read.ts'
import { finding, type Stage } from './stages/record/index.ts'
import { settle } from './stages/settle.ts'
import { validate } from './stages/validate/index.ts'
import type { AdmitRequest } from './state/state.ts'

/**
 * A request's way through a route in report mode: the same stages run to their end, each would-be denial is recorded,
 * and the request goes on without proof. Framing and size still refuse; nothing waits beyond the budget.
 */
export const observe = (passage: Passage, matched: Matched): Promise<Response> =>
  passage.answered(watch(passage, matched))

async function watch(passage: Passage, matched: Matched): Promise<Response> {
  const { route, settings, env, journal, limiter } = passage
  const note = (stage: Stage, denial: Denial) => void journal.reported.push(finding(stage, denial))
  const identified = identify(matched, settings.trust)
  journal.client = identified.client

  const admissible = block(identified, route, settings.isClientAllowed, passage.state)
  if (!admissible.ok) note('block', admissible.denial)
  if (limiter) {
    const tier = firstTier(identified, route, passage.routeId, limiter, passage.budgetLeftMs())
    const tiered = await passage.timed('firstTier', tier)
    if (!tiered.ok) note('first-tier', tiered.denial)
    else if (tiered.value) note('first-tier', tiered.value)
  }

  const body = await passage.timed('read', read(identified, route.body?.maxBytes ?? settings.maxBodyBytes))
  if (!body.ok) return passage.refuse('read', body.denial)
  journal.bytesIn = body.value.length

  const inspected = route.authenticate.inspect(identified, env)
  if (!inspected.ok) note('authenticate', inspected.denial)
  const proven = inspected.ok
    ? await passage.timed('authenticate', Promise.resolve(inspected.value(body.value, passage.means())))
    : undefined
  if (proven && !proven.ok) note('authenticate', proven.denial)
  const principal = { kind: 'anonymous', id: 'anonymous' } as const
  const authenticated: Authenticated = {
    ...identified,
    principal,
    body: body.value,
    ...(proven?.ok && proven.value),
  }
  if (proven?.ok) passage.noteAuthenticated(authenticated)

  const authorized = proven?.ok ? attempt(() => authorize(authenticated, route)) : undefined
  if (authorized && !authorized.ok) note('authorize', authorized.denial)
  const validated = attempt(() => validate(authenticated, route))
  if (!validated.ok) note('validate', validated.denial)
  else for (const denial of validated.value.reported) note('validate', denial)

  const counted = validated.ok && proven?.ok ? validated.value : undefined
  // Nothing is built out of an identity that the route would have refused; a throw of its rule says nothing of the caller.
  const isRefused = authorized?.ok === false && authorized.denial.code !== 'internal_error'
  const believed = isRefused ? undefined : counted
  const prepared = prepareUnproven(authenticated, believed, route, env)
  if (!prepared.ok) return passage.refuse('forward', prepared.denial)
  journal.traceId = prepared.value.traceId
  const { promise, resolve } = Promise.withResolvers<Response>()
  passage.ctx.waitUntil(
    passage.guard(countToSettle(passage, matched, counted, prepared.value, resolve), resolve),
  )
  return promise
}

/** A throw of the route's own function is a finding here, where an enforcing route would answer 500. */
function attempt<T>(run: () => Result<T>): Result<T> {
  try {
    return run()
  } catch (error) {
    return { ok: false, denial: internalError(error) }
  }
}

/** Counts and claims where they can be known, forwards in any case, and settles what it claimed. */
async function countToSettle(
  passage: Passage,
  matched: Matched,
  facts: Validated | undefined,
  prepared: Prepared,
  respond: (response: Response) => void,
): Promise<void> {
  const { journal, state } = passage
  const request = facts && (await admitRequest(facts, passage.route, passage.routeId, passage.background))
  const holdsClaim = request ? await count(passage, request) : false
  const forwarded = await passage.timed('origin', forward(prepared))
  if (forwarded.outcome === 'unknown') {
    journal.originStatus = forwarded.originStatus ?? null
    journal.settled = holdsClaim ? 'left' : null
    return respond(passage.refuse('forward', forwarded.denial))
  }
  const { response } = forwarded
  journal.originStatus = response.status
  const settling =
    request &&
    holdsClaim &&
    passage.timed('settle', settle(state, request, response.ok ? 'commit' : 'release'))
  const clean = passage.finish(answer(response, prepared, `${matched.scheme}://${matched.host}`))
  respond(clean)
  if (settling) journal.settled = await settling
  await passage.record('forwarded', null, clean)
}

/** Asks shared state for as long as the budget allows; says whether a claim is held. */
async function count(passage: Passage, request: AdmitRequest): Promise<boolean> {
  const { journal, settings } = passage
  const { how, admission, fault } = await passage.timed(
    'admit',
    askOnce(settings.backend, request, passage.budgetLeftMs()),
  )
  journal.state = { asked: how, fault, policy: null, count: null }
  const note = (denial: Denial) => void journal.reported.push(finding('admit', denial))
  if (admission === undefined) {
    note(deny('state_unavailable', `shared state: ${fault}`).denial)
    return false
  }
  if ('limits' in admission) journal.readings = admission.limits
  switch (admission.outcome) {
    case 'admitted':
      for (const name of admission.reported) note(deny('rate_limited', `over the limit: ${name}`).denial)
      return request.claim?.kind === 'delivery'
    case 'limited':
      note(deny('rate_limited', `over the limit: ${admission.violated.join(', ')}`).denial)
      return false
    case 'leased':
      note(deny('delivery_in_progress', 'another request holds the lease of this delivery').denial)
      return false
    case 'done':
      journal.duplicateOf = admission.duplicateOf
      note(deny('delivery_repeated', 'this delivery is done').denial)
      return false
    case 'blocked':
      note(deny('client_blocked', 'the client is blocked in shared state').denial)
      return false
    case 'revoked':
      note(deny('principal_revoked', 'the principal is revoked in shared state').denial)
      return false
  }
}
