/** The polynomial of ISO 3309, its bits reversed. */
const POLYNOMIAL = 0xedb88320
let table: Uint32Array | undefined

/**
 * CRC-32 of the bytes (ISO 3309; zlib's), a number without sign. It finds slips of a line and no tampering: anybody can write
 * a text that has a given one.
 */
export function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, value) => {
    let rest = value
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1
    return rest
  })
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0)
  return ~crc >>> 0
}
