/** SHA-256 from a given state (FIPS 180-4 section 6.2.2): what an attacker needs who has a hash and not the secret. */

const PRIMES = firstPrimes(64)
const K = PRIMES.map((prime) => fraction(Math.cbrt(prime)))

function firstPrimes(count: number): number[] {
  const primes: number[] = []
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n)
  return primes
}

function fraction(root: number): number {
  return Math.floor((root - Math.floor(root)) * 2 ** 32) | 0
}

const turn = (word: number, by: number) => (word >>> by) | (word << (32 - by))

function compress(state: number[], block: Buffer): number[] {
  const w = Array.from({ length: 16 }, (_, at) => block.readInt32BE(at * 4))
  for (let t = 16; t < 64; t++) {
    const x = w[t - 15] as number
    const y = w[t - 2] as number
    const small = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)
    const large = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10)
    w.push(((w[t - 16] as number) + small + (w[t - 7] as number) + large) | 0)
  }
  let [a, b, c, d, e, f, g, h] = state as [number, number, number, number, number, number, number, number]
  for (let t = 0; t < 64; t++) {
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g))) | 0
    const first = (one + (K[t] as number) + (w[t] as number)) | 0
    const second = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0]
  }
  return [a, b, c, d, e, f, g, h].map((word, at) => (word + (state[at] as number)) | 0)
}

/** What SHA-256 puts behind a message of so many bytes (section 5.1.1). */
export function padding(bytes: number): Buffer {
  const zeros = (119 - (bytes % 64)) % 64
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(BigInt(bytes) * 8n)
  return Buffer.concat([Buffer.of(0x80), Buffer.alloc(zeros), length])
}

/** The hash of `message + padding + suffix`, out of the hash of `message` and its length alone. */
export function continued(hash: string, messageBytes: number, suffix: Buffer): string {
  const before = messageBytes + padding(messageBytes).length
  const rest = Buffer.concat([suffix, padding(before + suffix.length)])
  let state = Array.from({ length: 8 }, (_, at) => Buffer.from(hash, 'hex').readInt32BE(at * 4))
  for (let at = 0; at < rest.length; at += 64) state = compress(state, rest.subarray(at, at + 64))
  const out = Buffer.alloc(32)
  for (const [at, word] of state.entries()) out.writeInt32BE(word, at * 4)
  return out.toString('hex')
}
