import { encodeBase64 } from '../lib/base64.ts'
import { concatBytes, utf8 } from '../lib/digest.ts'

/** A certificate and the key that signs for it. */
export interface Certified {
  /** PEM (RFC 7468). */
  certificate: string
  /** PKCS #8 in base64. */
  privateKey: string
}

export interface CertificateOptions {
  /** UTCTime (RFC 5280 section 4.1.2.5.1). @default '200101000000Z' */
  notBefore?: string
  /** @default '491231235959Z' */
  notAfter?: string
  /** Bits of the RSA key. @default 2048 */
  bits?: number
}

const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
const OID_RSA_SHA256 = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b)
const OID_COMMON_NAME = Uint8Array.of(0x55, 0x04, 0x03)
const tag = {
  integer: 0x02,
  bits: 0x03,
  null: 0x05,
  oid: 0x06,
  text: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
}

/** Makes a key pair of RSA and a certificate that it has signed itself (RFC 5280), for tests and playgrounds. */
export async function selfSigned(options: CertificateOptions = {}): Promise<Certified> {
  const { notBefore = '200101000000Z', notAfter = '491231235959Z', bits = 2048 } = options
  const parameters = { ...RSA, modulusLength: bits, publicExponent: Uint8Array.of(1, 0, 1) }
  const pair = (await crypto.subtle.generateKey(parameters, true, ['sign', 'verify'])) as CryptoKeyPair
  const spki = new Uint8Array((await crypto.subtle.exportKey('spki', pair.publicKey)) as ArrayBuffer)
  const privateKey = new Uint8Array((await crypto.subtle.exportKey('pkcs8', pair.privateKey)) as ArrayBuffer)
  const algorithm = der(tag.sequence, der(tag.oid, OID_RSA_SHA256), der(tag.null))
  const commonName = der(tag.sequence, der(tag.oid, OID_COMMON_NAME), der(tag.text, utf8('gateway.test')))
  const name = der(tag.sequence, der(tag.set, commonName))
  const validity = der(tag.sequence, der(tag.utcTime, utf8(notBefore)), der(tag.utcTime, utf8(notAfter)))
  const version = der(tag.version, der(tag.integer, Uint8Array.of(2)))
  const serial = der(tag.integer, Uint8Array.of(1))
  const content = der(tag.sequence, version, serial, algorithm, name, validity, name, spki)
  const signature = new Uint8Array(await crypto.subtle.sign(RSA.name, pair.privateKey, content))
  const whole = der(tag.sequence, content, algorithm, der(tag.bits, Uint8Array.of(0), signature))
  const lines = encodeBase64(whole).match(/.{1,64}/g) ?? []
  const certificate = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
  return { certificate, privateKey: encodeBase64(privateKey) }
}

/** A value with its tag and length (X.690 section 8.1). */
function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const contents = concatBytes(...parts)
  const { length } = contents
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return concatBytes(Uint8Array.of(tag, ...size), contents)
}
