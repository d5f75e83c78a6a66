import type { Client, Identified, Matched } from '../contract.ts'
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
  const address = addressOf(facts.request.headers, cf, trust)
  const client: Client = {
    address,
    key: address && clientKey(address),
    country: trust === 'cloudflare' && typeof cf.country === 'string' ? cf.country : undefined,
    asn: trust === 'cloudflare' && typeof cf.asn === 'number' ? cf.asn : undefined,
  }
  return { ...facts, client }
}

function addressOf(
  headers: Headers,
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
