import { type KeyObject, sign } from 'node:crypto'

const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const value = Buffer.concat(parts)
  const { length } = value
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), value])
}
const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts)
const hex = (text: string) => Buffer.from(text, 'hex')

/** 1.2.840.113549.1.1.11, sha256WithRSAEncryption (RFC 4055, section 5). */
const RSA_SHA256 = sequence(der(0x06, hex('2a864886f70d01010b')), der(0x05))
/** 2.5.4.3, commonName. */
const COMMON_NAME = der(0x06, hex('550403'))
const VALIDITY = sequence(der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('491231235959Z')))

/** A certificate (RFC 5280) in PEM for the pair of RSA keys, signed by itself, valid from 2020 to 2049. */
export function certificateOf(pair: { publicKey: KeyObject; privateKey: KeyObject }, name: string): string {
  const subject = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name)))))
  const signed = sequence(
    der(0xa0, der(0x02, hex('02'))),
    der(0x02, hex('01')),
    RSA_SHA256,
    subject,
    VALIDITY,
    subject,
    pair.publicKey.export({ format: 'der', type: 'spki' }),
  )
  const signature = der(0x03, hex('00'), sign('sha256', signed, pair.privateKey))
  const lines =
    sequence(signed, RSA_SHA256, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
