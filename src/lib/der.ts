// Just enough DER (ITU-T X.690 section 10) for a signature and a certificate: one spelling of each value, nothing left over.

interface Element {
  tag: number
  /** Where the whole value begins, where its contents do, and where both end. */
  from: number
  start: number
  end: number
}

const INTEGER = 0x02
const BIT_STRING = 0x03
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18
const SEQUENCE = 0x30
/** `[0]`, which holds the version of a certificate. */
const VERSION = 0xa0
/** More values than stand side by side in any part of a certificate that is read here. */
const MAX_SIBLINGS = 16

/** The value that begins at `from`; lengths are definite, in their shortest form, and below 65,536. */
function elementAt(bytes: Uint8Array, from: number, limit: number): Element | undefined {
  const [tag = 0, first = 0, second = 0, third = 0] = bytes.subarray(from, limit)
  // A tag of several bytes has all five bits set, and none is in what is read here.
  if (from + 2 > limit || (tag & 0x1f) === 0x1f) return undefined
  const header = first < 0x80 ? 2 : first === 0x81 ? 3 : first === 0x82 ? 4 : 0
  const length = header === 2 ? first : header === 3 ? second : (second << 8) | third
  const least = header === 2 ? 0 : header === 3 ? 0x80 : 0x100
  const end = from + header + length
  return header === 0 || length < least || end > limit ? undefined : { tag, from, start: from + header, end }
}

/** The values inside of a sequence, which they fill to its last byte. */
function childrenOf(bytes: Uint8Array, parent: Element | undefined): Element[] | undefined {
  if (parent?.tag !== SEQUENCE) return undefined
  const children: Element[] = []
  for (let at = parent.start; at < parent.end; ) {
    const child = elementAt(bytes, at, parent.end)
    if (!child || children.length === MAX_SIBLINGS) return undefined
    children.push(child)
    at = child.end
  }
  return children
}

/** The one value that the bytes are. */
function wholeOf(bytes: Uint8Array): Element | undefined {
  const whole = elementAt(bytes, 0, bytes.length)
  return whole?.end === bytes.length ? whole : undefined
}

/**
 * An ECDSA signature as Web Crypto takes it, r and s of `size` bytes one after the other, out of its DER form (RFC 3279 section
 * 2.2.3); undefined for any other bytes, and for an r or s that is zero.
 */
export function rawEcdsaSignature(der: Uint8Array, size: number): Uint8Array<ArrayBuffer> | undefined {
  const numbers = childrenOf(der, wholeOf(der))
  if (numbers?.length !== 2) return undefined
  const raw = new Uint8Array(2 * size)
  for (const [at, number] of numbers.entries()) {
    const digits = unsignedOf(der, number)
    if (!digits || digits.length > size) return undefined
    raw.set(digits, (at + 1) * size - digits.length)
  }
  return raw
}

/** The bytes of a positive INTEGER without its sign byte. */
function unsignedOf(bytes: Uint8Array, { tag, start, end }: Element): Uint8Array | undefined {
  const [first = 0x80, second = 0] = bytes.subarray(start, end)
  // A leading zero is there for the sign alone (X.690 section 8.3.2).
  const isSigned = first === 0 && second >= 0x80
  if (tag !== INTEGER || first >= 0x80 || (first === 0 && !isSigned)) return undefined
  return bytes.subarray(isSigned ? start + 1 : start, end)
}

/** What is read of an X.509 certificate (RFC 5280 section 4.1): nothing of it is verified. */
export interface CertificateFacts {
  /** The SubjectPublicKeyInfo, DER. */
  spki: Uint8Array<ArrayBuffer>
  /** Milliseconds since the epoch, both included. */
  notBefore: number
  notAfter: number
}

/** Reads the public key and the validity of a certificate in DER; undefined for any other bytes. */
export function readCertificate(der: Uint8Array): CertificateFacts | undefined {
  const [content, algorithm, signature, ...rest] = childrenOf(der, wholeOf(der)) ?? []
  if (algorithm?.tag !== SEQUENCE || signature?.tag !== BIT_STRING || rest.length > 0) return undefined
  const fields = childrenOf(der, content) ?? []
  if (fields[0]?.tag === VERSION) fields.shift()
  const [serial, signedWith, issuer, validity, subject, spki] = fields
  if (serial?.tag !== INTEGER || spki?.tag !== SEQUENCE) return undefined
  if ([signedWith, issuer, subject].some((field) => field?.tag !== SEQUENCE)) return undefined
  const [from, to, ...more] = childrenOf(der, validity) ?? []
  const notBefore = timeOf(der, from)
  const notAfter = timeOf(der, to)
  if (notBefore === undefined || notAfter === undefined || more.length > 0) return undefined
  return { spki: new Uint8Array(der.slice(spki.from, spki.end)), notBefore, notAfter }
}

/** UTCTime has two digits of the year, 50 to 49 (RFC 5280 section 4.1.2.5); both have seconds and no other zone than Z. */
function timeOf(bytes: Uint8Array, element: Element | undefined): number | undefined {
  if (element?.tag !== UTC_TIME && element?.tag !== GENERALIZED_TIME) return undefined
  const text = String.fromCharCode(
    ...bytes.subarray(element.start, Math.min(element.end, element.start + 16)),
  )
  const digits = element.tag === UTC_TIME ? (text < '50' ? `20${text}` : `19${text}`) : text
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits) ?? []
  const [year, month, day, hour, minute, second] = parts
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const time = parts.length === 6 ? Date.parse(iso) : Number.NaN
  // Date.parse takes 24:00:00 and, in some engines, the 30th of February.
  return !Number.isNaN(time) && new Date(time).toISOString() === iso ? time : undefined
}
