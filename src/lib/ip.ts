/** An IP address as an unsigned integer; an IPv4-mapped IPv6 address is its IPv4 address. */
export interface Address {
  version: 4 | 6
  value: bigint
}

// An IPv6 address with an IPv4 tail and no compression.
const LONGEST_TEXT = 45

/** The address of a dotted IPv4 text or any IPv6 text of RFC 4291 section 2.2; no zone, port or brackets. */
export function parseAddress(text: string): Address | undefined {
  if (text.length > LONGEST_TEXT) return undefined
  const value = text.includes(':') ? parseIPv6(text) : parseIPv4(text)
  if (value === undefined) return undefined
  if (!text.includes(':')) return { version: 4, value }
  return value >> 32n === 0xffffn ? { version: 4, value: value & 0xffff_ffffn } : { version: 6, value }
}

/** The address and port of `1.2.3.4:80` or `[::1]:80`, as the runtime names a peer. */
export function parseAddressPort(text: string): { address: Address; port: number } | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*)):(0|[1-9][0-9]{0,4})$/.exec(text) ?? []
  if (bracketed !== undefined && !bracketed.includes(':')) return undefined
  const address = parseAddress(bracketed ?? plain ?? '')
  const port = Number(digits)
  return address && port <= 65_535 ? { address, port } : undefined
}

/** What one client is counted under: the IPv4 address, or the first address of the IPv6 /64. */
export function clientKey(address: Address): string {
  // A /64 is one subscriber, who may pick any of its 2^64 addresses for each request.
  return formatAddress(address.version === 4 ? address : clear(address, 64))
}

/** The address without the bits that tell one person from another: the first of its /24 or /48. */
export function truncateAddress(address: Address): string {
  return formatAddress(clear(address, address.version === 4 ? 24 : 48))
}

/**
 * A predicate for a list of addresses and CIDR ranges, such as `203.0.113.7` and `2001:db8::/32`.
 *
 * Throws a TypeError that names the entry if one is neither, or is a range with bits set past its prefix.
 */
export function compileAddressList(entries: readonly string[]): (address: Address) => boolean {
  const networks = { 4: new Map<number, Set<bigint>>(), 6: new Map<number, Set<bigint>>() }
  for (const entry of entries) {
    const { address, prefix } = parseEntry(entry)
    const sized = networks[address.version]
    const group = sized.get(prefix) ?? new Set()
    sized.set(prefix, group.add(cut(address, prefix)))
  }
  return (address) => {
    for (const [prefix, group] of networks[address.version]) {
      if (group.has(cut(address, prefix))) return true
    }
    return false
  }
}

function parseEntry(entry: string): { address: Address; prefix: number } {
  const fail = (problem: string, fix: string): never => {
    throw new TypeError(`Address list entry ${JSON.stringify(entry)} ${problem}. Write ${fix}.`)
  }
  const [, text = '', digits] = /^([^/]*)(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(entry) ?? []
  const address =
    parseAddress(text) ??
    fail('is neither an address nor a CIDR range', 'it like 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32')
  // In ::ffff:10.0.0.0/104 the prefix counts the 96 bits that the IPv4 form leaves out.
  const left = text.includes(':') && address.version === 4 ? 96 : 0
  const prefix = digits === undefined ? bits(address) : Number(digits) - left
  if (prefix < 0 || prefix > bits(address))
    fail('has a prefix out of range', `one from ${left} to ${left + bits(address)} after the slash`)
  const network = clear(address, prefix)
  if (network.value !== address.value) {
    const range = `${formatAddress(network)}/${prefix}`
    fail(
      'has bits set past its prefix',
      `${range} for the range, or ${formatAddress(address)} for the one address`,
    )
  }
  return { address, prefix }
}

function bits(address: Address): number {
  return address.version === 4 ? 32 : 128
}

function cut(address: Address, prefix: number): bigint {
  return address.value >> BigInt(bits(address) - prefix)
}

function clear(address: Address, prefix: number): Address {
  const value = cut(address, prefix) << BigInt(bits(address) - prefix)
  return { version: address.version, value }
}

function parseIPv4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0n
  for (const part of parts) {
    // A leading zero is octal to some readers.
    if (!/^(?:0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined
    value = (value << 8n) | BigInt(part)
  }
  return value
}

function parseIPv6(text: string): bigint | undefined {
  let groups = text
  if (text.includes('.')) {
    const start = text.lastIndexOf(':') + 1
    const tail = parseIPv4(text.slice(start))
    if (tail === undefined) return undefined
    groups = `${text.slice(0, start)}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`
  }
  const halves = groups.split('::')
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - tail.length
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return undefined
  let value = 0n
  for (const group of [...head, ...Array<string>(missing).fill('0'), ...tail]) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined
    value = (value << 16n) | BigInt(`0x${group}`)
  }
  return value
}

/** Canonical text: dotted decimal, or RFC 5952 section 4. */
export function formatAddress({ version, value }: Address): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.')
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  )
  // The first of the longest runs of two zero groups or more becomes `::`.
  let start = 0
  let length = 1
  for (let from = 0; from < 8; from++) {
    let run = 0
    while (groups[from + run] === '0') run++
    if (run > length) [start, length] = [from, run]
  }
  if (length === 1) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}
