import {
  type Authenticated,
  allow,
  deny,
  type Identified,
  type Matched,
  type Result,
  type Validated,
} from './contract.ts'
import type { Passage } from './passage.ts'
import { admit, admitRequest } from './stages/admit/index.ts'
import { authorize } from './stages/authorize.ts'
import { block } from './stages/block.ts'
import { firstTier } from './stages/first-tier.ts'
import { answer, forward, prepare } from './stages/forward/index.ts'
import { identify } from './stages/identify.ts'
import { read } from './stages/read.ts'
import { finding } from './stages/record/index.ts'
import { settle } from './stages/settle.ts'
import { validate } from './stages/validate/index.ts'

/**
 * A request's way through an enforcing route, after receive and match. The order is the security argument: the
 * cheapest refusal first, no network before the caller is authentic, nothing forwarded before everything has passed.
 */
export const enforce = (passage: Passage, matched: Matched): Promise<Response> =>
  passage.answered(decide(passage, matched))

async function decide(passage: Passage, matched: Matched): Promise<Response> {
  const { route, settings, env, limiter } = passage
  const identified = identify(matched, settings.trust)
  passage.journal.client = identified.client

  const admissible = block(identified, route, settings.isClientAllowed, passage.state)
  if (!admissible.ok) return passage.refuse('block', admissible.denial)

  if (limiter) {
    // Most of the deadline is for the state that decides.
    const waitMs = Math.min(route.budgetMs, passage.remainingMs() / 4)
    const tier = firstTier(identified, route, passage.routeId, limiter, waitMs)
    const tiered = await passage.timed('firstTier', tier)
    if (!tiered.ok) return passage.refuse('first-tier', tiered.denial)
    if (tiered.value) passage.journal.reported.push(finding('first-tier', tiered.value))
  }

  const inspected = route.authenticate.inspect(identified, env)
  if (!inspected.ok) return passage.refuse('authenticate', inspected.denial)

  // A signature over the body needs it now; every other caller has to be authorized before we buffer a byte.
  const signed = route.authenticate.signsBody ? await readBody(passage, identified) : allow(undefined)
  if (!signed.ok) return passage.refuse('read', signed.denial)

  const proven = await passage.timed(
    'authenticate',
    Promise.resolve(inspected.value(signed.value, passage.means())),
  )
  if (!proven.ok) return passage.refuse('authenticate', proven.denial)
  const authenticated: Authenticated = {
    ...identified,
    ...proven.value,
    ...(signed.value && { body: signed.value }),
  }
  passage.noteAuthenticated(authenticated)

  const authorized = authorize(authenticated, route)
  if (!authorized.ok) return passage.refuse('authorize', authorized.denial)
  if (authenticated.handshake) return passage.acknowledge('handshake', authenticated.handshake)

  const body = signed.value ? allow(signed.value) : await readBody(passage, identified)
  if (!body.ok) return passage.refuse('read', body.denial)

  const validated = validate({ ...authenticated, body: body.value }, route)
  if (!validated.ok) return passage.refuse('validate', validated.denial)
  for (const denial of validated.value.reported) passage.journal.reported.push(finding('validate', denial))

  // When a client hangs up, workerd cancels this handler: what has begun with a claim ends under waitUntil.
  const { promise, resolve } = Promise.withResolvers<Response>()
  passage.ctx.waitUntil(passage.guard(claimToSettle(passage, validated.value, resolve), resolve))
  return promise
}

/** From claim to settle, one promise; `respond` is called once, as early as the answer is known. */
async function claimToSettle(
  passage: Passage,
  facts: Validated,
  respond: (response: Response) => void,
): Promise<void> {
  const { route, routeId, state, settings, journal } = passage
  const prepared = await prepare(facts, route, routeId, passage.env)
  if (!prepared.ok) return respond(passage.refuse('forward', prepared.denial))
  journal.traceId = prepared.value.traceId

  const request = await admitRequest(facts, route, routeId, passage.background)
  const terms = { route, deadlineMs: passage.remainingMs(), legacyHeaders: settings.legacyRateLimitHeaders }
  const { consulted, result: admitted } = await passage.timed('admit', admit(state, request, terms))
  journal.state = consulted
  if (!admitted.ok) return respond(passage.refuse('admit', admitted.denial))
  const { duplicateOf, readings, reported, headers: limitHeaders } = admitted.value
  journal.readings = readings
  journal.duplicateOf = duplicateOf ?? null
  for (const name of reported) {
    journal.reported.push(finding('admit', deny('rate_limited', `over the limit: ${name}`).denial))
  }
  if (duplicateOf !== undefined && route.replay.onDuplicate === 'acknowledge') {
    const headers = { ...limitHeaders, 'sallyport-duplicate-of': duplicateOf }
    return respond(passage.acknowledge('duplicate', facts.acknowledgement ?? { status: 200 }, headers))
  }

  const holdsClaim = request.claim?.kind === 'delivery' && duplicateOf === undefined
  const forwarded = await passage.timed('origin', forward(prepared.value))
  if (forwarded.outcome === 'unknown') {
    journal.originStatus = forwarded.originStatus ?? null
    journal.settled = holdsClaim ? 'left' : null
    const retry = holdsClaim && request.claim && { retryAfterSeconds: request.claim.leaseMs / 1000 }
    return respond(passage.refuse('forward', { ...forwarded.denial, headers: limitHeaders, ...retry }))
  }
  const { response } = forwarded
  journal.originStatus = response.status
  // Begun before the answer leaves, so that a provider's quick retry meets a settled claim.
  const settling =
    holdsClaim && passage.timed('settle', settle(state, request, response.ok ? 'commit' : 'release'))
  const clean = passage.finish(
    answer(response, prepared.value, `${facts.scheme}://${facts.host}`),
    limitHeaders,
  )
  respond(clean)
  if (settling) journal.settled = await settling
  await passage.record('forwarded', null, clean)
}

async function readBody(
  passage: Passage,
  { request, headers, method }: Identified,
): Promise<Result<Uint8Array<ArrayBuffer>>> {
  const maxBytes = passage.route.body?.maxBytes ?? passage.settings.maxBodyBytes
  const body = await passage.timed('read', read({ request, headers, method }, maxBytes))
  if (body.ok) passage.journal.bytesIn = body.value.length
  return body
}
