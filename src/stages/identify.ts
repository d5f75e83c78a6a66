import type { Client, ClientCertificate, Identified, Matched, RequestHeaders } from '../contract.ts'
import { type Address, clientKey, parseAddress, parseAddressPort } from '../lib/ip.ts'

/** Whose word on the client's address is believed. */
export type Trust = 'cloudflare' | 'direct' | 'none'

/**
 * Learns who the peer is, by the deployment's trust mode. `cloudflare`: CF-Connecting-IP, which Cloudflare sets and
 * refuses from clients. `direct`: only the socket's address, which bare workerd tells; no header is believed. `none`: nothing is, since
 * `wrangler dev` lets a client write `request.cf`.
 */
export function identify(facts: Matched, trust: Trust): Identified {
  const cf: Readonly<Record<string, unknown>> = facts.request.cf ?? {}
  const address = addressOf(facts.headers, cf, trust)
  const client: Client = {
    address,
    key: address && clientKey(address),
    country: trust === 'cloudflare' && typeof cf.country === 'string' ? cf.country : undefined,
    asn: trust === 'cloudflare' && typeof cf.asn === 'number' ? cf.asn : undefined,
  }
  const certificate = trust === 'cloudflare' ? certificateOf(cf.tlsClientAuth, facts.now) : undefined
  return { ...facts, client, ...(certificate && { certificate }) }
}

function addressOf(
  headers: RequestHeaders,
  cf: Readonly<Record<string, unknown>>,
  trust: Trust,
): Address | undefined {
  switch (trust) {
    case 'cloudflare':
      return parseAddress(headers.get('cf-connecting-ip') ?? '')
    case 'direct':
      return typeof cf.clientIp === 'string' ? parseAddressPort(cf.clientIp)?.address : undefined
    case 'none':
      return undefined
  }
}

const FINGERPRINT = /^[0-9a-f]{64}$/i
/** More than any name needs that a person has to write into a route. */
const MAX_NAME_CHARS = 2048
/** As OpenSSL prints it: `May  5 23:11:00 2026 GMT`. */
const TIME = /^[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} [0-9]{4} GMT$/

/** The certificate that was presented in the handshake; a connection may outlive it, so that its time is read again. */
function certificateOf(told: unknown, now: number): ClientCertificate | undefined {
  const tls = (told ?? {}) as Readonly<Record<string, unknown>>
  if (tls.certPresented !== '1') return undefined
  const fault = certificateFault(tls, now)
  if (fault !== undefined) return { isVerified: false, fault }
  const {
    certFingerprintSHA256: fingerprint,
    certSubjectDNRFC2253: subject,
    certIssuerDNRFC2253: issuer,
  } = tls
  if (
    typeof fingerprint !== 'string' ||
    !FINGERPRINT.test(fingerprint) ||
    !isName(subject) ||
    !isName(issuer)
  )
    return { isVerified: false, fault: 'not readable' }
  return { isVerified: true, fingerprint: fingerprint.toLowerCase(), subject, issuer }
}

type Fault = Extract<ClientCertificate, { isVerified: false }>['fault']

function certificateFault(tls: Readonly<Record<string, unknown>>, now: number): Fault | undefined {
  if (tls.certVerified === 'FAILED:certificate has expired') return 'expired'
  if (tls.certRevoked !== '0') return tls.certRevoked === '1' ? 'revoked' : 'not verified'
  if (tls.certVerified !== 'SUCCESS') return 'not verified'
  const [start, end] = [timeOf(tls.certNotBefore), timeOf(tls.certNotAfter)]
  if (start === undefined || end === undefined) return 'not readable'
  if (now < start) return 'not valid yet'
  return now > end ? 'expired' : undefined
}

const timeOf = (text: unknown): number | undefined => {
  const ms = typeof text === 'string' && TIME.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}

const isName = (text: unknown): text is string => typeof text === 'string' && text.length <= MAX_NAME_CHARS
