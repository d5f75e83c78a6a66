import {
  type Authenticated,
  deny,
  type Identified,
  type Matched,
  type Result,
  type Validated,
} from '../contract.ts'
import { within } from '../lib/wait.ts'
import type { Passage } from '../passage.ts'
import { admit, admitRequest } from '../stages/admit/index.ts'
import { block } from '../stages/block.ts'
import { identify } from '../stages/identify.ts'
import { read } from '../stages/read.ts'
import { type Answer, type Command, carryOut, readCommand } from './commands.ts'
import type { ControlKey } from './keys.ts'
import { CONTROL_ID, type Control } from './options.ts'
import { checkBody, NONCE_MS, readSigned, type SignedCommand, verifySigned } from './proof.ts'

/** Bytes of a command. */
const MAX_BODY_BYTES = 65_536
/** Milliseconds for which shared state may carry a command out. */
const CARRY_OUT_MS = 10_000

/**
 * A command's way: the cheapest refusal first, no byte of the body before the signature is verified, and nothing carried out
 * before its nonce is claimed. Whatever it does ends under waitUntil, also when the operator hangs up.
 */
export async function command(passage: Passage, matched: Matched, control: Control): Promise<Response> {
  const { settings, env, route, journal } = passage
  const identified = identify(matched, settings.trust)
  journal.client = identified.client
  const admissible = block(identified, route, settings.isClientAllowed, passage.state)
  if (!admissible.ok) return passage.refuse('block', admissible.denial)

  if (matched.search !== '') {
    return passage.refuse('authenticate', deny('query_not_declared', 'a command has no query').denial)
  }
  const signed = readSigned(matched)
  if (!signed.ok) return passage.refuse('authenticate', signed.denial)
  const keys = control.keysFrom(env)
  if (!keys.ok) return passage.refuse('authenticate', keys.denial)
  const verified = await passage.timed('authenticate', verifySigned(keys.value, signed.value))
  if (!verified.ok) return passage.refuse('authenticate', verified.denial)

  const body = await passage.timed('read', read(matched, MAX_BODY_BYTES))
  if (!body.ok) return passage.refuse('read', body.denial)
  journal.bytesIn = body.value.length
  const bound = await checkBody(signed.value, body.value)
  if (!bound.ok) return passage.refuse('authenticate', bound.denial)

  const parsed = readCommand(body.value, matched.now)
  const authenticated = authenticatedBy(verified.value, signed.value, identified, parsed)
  passage.noteAuthenticated(authenticated)
  if (!parsed.ok) return passage.refuse('validate', parsed.denial)

  const { promise, resolve } = Promise.withResolvers<Response>()
  const ending = claimToAnswer(passage, authenticated, parsed.value, control).then(resolve)
  passage.ctx.waitUntil(passage.guard(ending, resolve))
  return promise
}

async function claimToAnswer(
  passage: Passage,
  authenticated: Authenticated,
  parsed: Command,
  control: Control,
): Promise<Response> {
  const { route, routeId, state, settings, journal } = passage
  const facts: Validated = {
    ...authenticated,
    input: undefined,
    payload: undefined,
    payloadKind: 'none',
    contentType: undefined,
    forwardSearch: '',
    reported: [],
  }
  const request = await admitRequest(facts, route, routeId, passage.background)
  const terms = { route, deadlineMs: passage.remainingMs(), legacyHeaders: settings.legacyRateLimitHeaders }
  const { consulted, result: admitted } = await passage.timed('admit', admit(state, request, terms))
  journal.state = consulted
  if (!admitted.ok) return passage.refuse('admit', admitted.denial)
  journal.readings = admitted.value.readings

  const done = await carriedOut(passage, parsed, control)
  if (!done.ok) return passage.refuse('gateway', done.denial)
  const answer = { status: 200, contentType: 'application/json', body: JSON.stringify(done.value) }
  return passage.acknowledge('command', answer, admitted.value.headers)
}

/** An error of shared state may quote what was asked: of it only the kind is told. */
async function carriedOut(passage: Passage, parsed: Command, control: Control): Promise<Result<Answer>> {
  const { env, received } = passage
  const run = async () => carryOut(parsed, control.operationsFor(env), control.issuersFrom(env), received.now)
  const waited = await within(CARRY_OUT_MS, run)
  if (waited.ended === 'value') return waited.value
  const isFull = waited.ended === 'error' && waited.error instanceof RangeError
  return deny(
    'state_unavailable',
    isFull
      ? 'shared state keeps no more revocations, blocks or API keys'
      : 'shared state did not carry the command out',
    { retryAfterSeconds: 5 },
  )
}

/** Who sent it, by the id of the key, and which command it is: all that the record tells. */
function authenticatedBy(
  { slot }: ControlKey,
  { params: { keyid, nonce } }: SignedCommand,
  identified: Identified,
  parsed: Result<Command>,
): Authenticated {
  const principal = {
    kind: 'webhook' as const,
    id: `control|${keyid}`,
    provider: 'control',
    ...(parsed.ok && { event: parsed.value.command }),
  }
  return {
    ...identified,
    principal,
    credential: CONTROL_ID,
    notes: { provider: 'control', secretSlot: slot, deliveryHint: keyid },
    replay: { kind: 'once', id: JSON.stringify([keyid, nonce]), ttlMs: NONCE_MS, floorMs: NONCE_MS },
  }
}
