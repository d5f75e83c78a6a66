import { within } from '../lib/wait.ts'

/** What would describe a body that is not there, and cookies. */
const TAKEN = [
  'content-type',
  'content-encoding',
  'content-language',
  'content-disposition',
  'content-range',
  'content-digest',
  'content-md5',
  'digest',
  'set-cookie',
  'set-cookie2',
]
/** The longest that the rest of an origin's answer is read for, in milliseconds: as long as a Worker lives after its answer. */
const DRAIN_MS = 30_000

/**
 * The same answer without a body and without cookies. What the origin still sends is read and dropped: a closed connection
 * would end scripts of some origins in the middle of work that counts as done.
 */
export function bare(response: Response, background: (promise: Promise<unknown>) => void): Response {
  const { body, status, statusText } = response
  if (body) background(within(DRAIN_MS, (signal) => body.pipeTo(new WritableStream(), { signal })))
  const headers = new Headers(response.headers)
  for (const name of TAKEN) headers.delete(name)
  // RFC 9110 section 8.6: none on a 204, and on a 304 it would be that of the body that was not sent.
  if (status === 204 || status === 304) headers.delete('content-length')
  else headers.set('content-length', '0')
  return new Response(null, { status, statusText, headers })
}
