import { around } from '../lib/margins.ts'

// URLs as providers sign them. A URL is covered as text: another spelling of the same place is another message.

const OPEN_BRACE = 123
const OPEN_BRACKET = 91

/**
 * What is signed where a body follows the URL without a separator. Undefined for a body that may have taken in the URL's end:
 * JSON begins with `{` or `[`, and what is left of JSON without its beginning is no JSON.
 */
export function besideJson(
  before: string,
  body: Uint8Array<ArrayBuffer>,
  after = '',
): Uint8Array<ArrayBuffer> | undefined {
  const isApart = body.length === 0 || body[0] === OPEN_BRACE || body[0] === OPEN_BRACKET
  return isApart ? around(before, body, after) : undefined
}

const WITH_PORT = /^(https?:\/\/)((?:[^/?#]*@)?)(\[[^\]]*\]|[^/?#:]*)((?::[0-9]*)?)(.*)$/s

/** The URL without its port, and with it: its own, else the default one of its scheme. */
export function withAndWithoutPort(url: string): string[] {
  const [, scheme, user = '', host = '', port = '', rest = ''] = WITH_PORT.exec(url) ?? []
  if (scheme === undefined) return [url]
  const other = port === '' ? (scheme === 'https://' ? ':443' : ':80') : port
  return [scheme + user + host + rest, scheme + user + host + other + rest]
}

/** The spellings of a query that senders are known to sign, the one that was sent first: four at most. */
export function querySpellings(url: string): string[] {
  const mark = url.indexOf('?')
  if (mark === -1) return [url]
  const place = url.slice(0, mark + 1)
  const query = url.slice(mark + 1)
  // URL parsers write an apostrophe as %27, and the gateway does so with the query that it forwards.
  const spellings = [query, query.replaceAll('%27', "'"), query.replaceAll("'", '%27'), formQuery(query)]
  return [...new Set(spellings)].map((spelling) => place + spelling)
}

/** The query as a form serializer writes it, `%20` for `+` and names and values escaped anew. */
function formQuery(query: string): string {
  const again = (text: string) => encodeURIComponent(decodeURIComponent(text.replaceAll('+', ' ')))
  try {
    return query
      .split('&')
      .map((pair) => {
        const equals = pair.indexOf('=')
        return equals === -1
          ? `${again(pair)}=`
          : `${again(pair.slice(0, equals))}=${again(pair.slice(equals + 1))}`
      })
      .join('&')
  } catch {
    return query
  }
}
