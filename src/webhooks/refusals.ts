// What refusals leave with, for providers that take most statuses of 400 to 499 for the end of a delivery. What passes by itself
// leaves as 503, which comes again: a body that came too slowly (408), a copy while the first is under way (409), a limit (429).
// A refused signature keeps its status, and so does what would be refused again.

type RefusalStatuses = Readonly<Record<number, number>>

/** For providers that send again after a 5xx alone. */
export const FINAL_UNLESS_5XX = { 408: 503, 409: 503, 429: 503 } as const satisfies RefusalStatuses

/** For providers that send again after a 429 and a 5xx. */
export const FINAL_UNLESS_429_OR_5XX = { 408: 503, 409: 503 } as const satisfies RefusalStatuses

/** For providers that a 403 ends the delivery for: what a deny list refuses comes again, so that the list can be mended. */
export const FINAL_AT_403 = { 403: 503 } as const satisfies RefusalStatuses

/**
 * For HubSpot: apps are not sent again what got a 400, 401, 403, 404 or 405, workflows nothing that got a 4xx save a 429. A wrong
 * signature stays a 401.
 */
export const FOR_HUBSPOT = { 400: 422, 403: 503, 408: 503, 409: 503 } as const satisfies RefusalStatuses
