import type { Client, Identified, Matched } from '../contract.ts'
import { type Address, clientKey, parseAddress, parseAddressPort } from '../lib/ip.ts'

/** Whose word on the client's address is believed. */
export type Trust = 'cloudflare' | 'direct'

/**
 * Learns who the peer is, by the deployment's trust mode. `cloudflare`: CF-Connecting-IP, which Cloudflare sets and
 * refuses from clients. `direct`: only the socket's address, which bare workerd tells; no header is believed.
 */
export function identify(facts: Matched, trust: Trust): Identified {
  const cf: Readonly<Record<string, unknown>> = facts.request.cf ?? {}
  const address = trust === 'cloudflare' ? headerAddress(facts.request.headers) : peerAddress(cf.clientIp)
  const client: Client = {
    address,
    key: address && clientKey(address),
    country: trust === 'cloudflare' && typeof cf.country === 'string' ? cf.country : undefined,
    asn: trust === 'cloudflare' && typeof cf.asn === 'number' ? cf.asn : undefined,
  }
  return { ...facts, client }
}

const headerAddress = (headers: Headers): Address | undefined => {
  const value = headers.get('cf-connecting-ip')
  return value === null ? undefined : parseAddress(value)
}

const peerAddress = (value: unknown): Address | undefined =>
  typeof value === 'string' ? parseAddressPort(value)?.address : undefined
