import type { DecisionEvent } from '../stages/record/event.ts'

/** Why a request was decided as it was, in words that need no look at the source. */
export function explain(event: DecisionEvent): string {
  if (event.decision === 'duplicate') {
    return 'this delivery is done: the provider gets the answer it wants, the origin is not bothered twice'
  }
  if (event.decision === 'command') return `an operator's command, signed and carried out: ${event.event}`
  if (event.decision === 'handshake')
    return 'answered in the place of the origin: a verified handshake, or what is public of the API'
  return event.decision === 'forwarded' ? explainForwarded(event) : explainRefused(event)
}

function explainForwarded(event: DecisionEvent): string {
  const { provider, credential, settled, originStatus, secretSlot, limits } = event
  if (settled === 'released') {
    return `the origin answered ${originStatus}, so the claim on this delivery was released: a retry may pass`
  }
  if (provider === null) {
    const left = limits.map(({ max, remaining }) => `${remaining} of ${max} left`).join(', ')
    const who = credential === null ? 'the route takes anybody' : 'the caller is known and may do this'
    return `${who}, and the limits still had room${left && ` (${left})`}`
  }
  const slot = secretSlot === 'next' ? ' (by the next secret)' : ''
  return `the signature matches${slot} and the delivery is new; the origin took it, so a copy will not pass`
}

function explainRefused({ code, reason, measure }: DecisionEvent): string {
  switch (code) {
    case 'signature_missing':
      return `nobody signed it: ${reason}`
    case 'signature_refused':
      return measure?.unit === 'seconds'
        ? `its signed time is ${measure.actual} s away from now and ${measure.limit} s are allowed: too late for a captured copy`
        : 'no signature of it was made with our secret over exactly these bytes'
    case 'credential_missing':
      return 'nobody said who asks: the challenge in the answer names what to come with'
    case 'credential_repeated':
      return 'with two credentials, gateway and origin may believe two different ones'
    case 'credential_refused':
      if (reason === 'the issuer has no key for the token')
        return 'no key of the issuer has this id; it is asked about such ids once in 30 s, so a stranger cannot wear it out'
      return `${reason ?? 'refused'}; the caller is told no more than that the token is invalid`
    case 'principal_revoked':
      return 'the token is genuine and in force, and its subject was revoked: shared state is asked about it with every request'
    case 'scope_missing':
      return 'the token is genuine and does not allow this: the challenge names the scope that it would take'
    case 'not_authorized':
      return `the token is genuine, and the route's rule says no (${reason})`
    case 'event_not_declared':
      return 'the header that names the event is not signed, so only the events that the route declares may pass'
    case 'delivery_in_progress':
      return 'the first copy is still at the origin: a 2xx would be a promise, so the provider is told to come back'
    case 'rate_limited':
      return `${measure?.limit ?? 'so many'} requests are allowed in the window, this was one more (${reason})`
    case 'malformed_body':
      return reason?.endsWith('duplicate-key') === true
        ? 'two members have the same name: parsers disagree which one counts, and that hides an attack'
        : `the body cannot be read in one way only (${reason})`
    case 'input_invalid':
      return `the JSON is well formed but is not what the route's schema describes (${reason})`
    case 'route_not_found':
      return 'no file under routes/ declares this path, and what is not declared is not served'
    case 'method_not_allowed':
      return 'the path is declared, but not for this method (the answer names the ones in Allow)'
    default:
      return `${reason ?? 'no reason recorded'}${measure ? ` (${measure.actual} of ${measure.limit} ${measure.unit})` : ''}`
  }
}
