const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** RFC 2046 section 5.1.1, without the space: one quoted or bare boundary and no other parameter. */
const CONTENT_TYPE =
  /^multipart\/form-data[ \t]*;[ \t]*boundary=(?:"([\w'()+,./:=?-]{1,70})"|([\w'+.-]{1,70}))$/i
const DISPOSITION = /^form-data[ \t]*;[ \t]*name="([^"\\\r\n]{1,128})"$/i
const MAX_PARTS = 16
const MAX_HEAD = 1024

/**
 * The fields of a multipart/form-data body by name, as texts (RFC 7578). Undefined for one that two parsers may read
 * differently: files, transfer encodings, repeated names, bytes that are not UTF-8, anything around the parts.
 */
export function readMultipart(
  body: Uint8Array,
  contentType: string | null,
): ReadonlyMap<string, string> | undefined {
  const [, quoted, bare] = CONTENT_TYPE.exec(contentType ?? '') ?? []
  const boundary = quoted ?? bare
  if (boundary === undefined) return undefined
  let text: string
  try {
    text = decoder.decode(body)
  } catch {
    return undefined
  }
  const [before, ...parts] = `\r\n${text}`.split(`\r\n--${boundary}`, MAX_PARTS + 3)
  const end = parts.pop()
  if (before !== '' || !(end === '--' || end === '--\r\n') || parts.length > MAX_PARTS) return undefined
  const fields = new Map<string, string>()
  for (const part of parts) {
    const gap = part.indexOf('\r\n\r\n')
    const name = gap === -1 || gap > MAX_HEAD ? undefined : nameIn(part.slice(0, gap))
    if (name === undefined || fields.has(name)) return undefined
    fields.set(name, part.slice(gap + 4))
  }
  return fields
}

/** The field's name in a part's headers: one disposition, at most a type and a length beside it. */
function nameIn(head: string): string | undefined {
  const [start, ...lines] = head.split('\r\n')
  if (start !== '') return undefined
  let name: string | undefined
  for (const line of lines) {
    const [, header = '', value = ''] = /^([A-Za-z-]+):([^\r\n]*)$/.exec(line) ?? []
    const known = header.toLowerCase()
    if (known === 'content-disposition' && name === undefined) name = DISPOSITION.exec(value.trim())?.[1]
    else if (known !== 'content-type' && known !== 'content-length') return undefined
  }
  return name
}
