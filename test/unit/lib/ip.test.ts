import { isIP, SocketAddress } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Address,
  clientKey,
  compileAddressList,
  parseAddress,
  parseAddressPort,
  truncateAddress,
} from '../../../src/lib/ip.ts'

function address(text: string): Address {
  const parsed = parseAddress(text)
  if (!parsed) throw new Error(`not an address: ${text}`)
  return parsed
}

describe('parseAddress', () => {
  test.each([
    ['127.0.0.1', 4, 0x7f000001n],
    ['0.0.0.0', 4, 0n],
    ['255.255.255.255', 4, 0xffffffffn],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['1::', 6, 1n << 112n],
    ['2001:DB8::8:800:200C:417A', 6, 0x20010db80000000000080800200c417an],
    ['2001:db8:0:0:8:800:200c:417a', 6, 0x20010db80000000000080800200c417an],
    ['1:2:3:4:5:6:7::', 6, 0x00010002000300040005000600070000n],
    ['::2:3:4:5:6:7:8', 6, 0x00000002000300040005000600070008n],
    ['::13.1.68.3', 6, 0x0d014403n],
    ['64:ff9b::192.0.2.33', 6, 0x0064ff9b0000000000000000c0000221n],
    ['::ffff:127.0.0.1', 4, 0x7f000001n],
    ['::FFFF:7f00:1', 4, 0x7f000001n],
    ['0:0:0:0:0:ffff:127.0.0.1', 4, 0x7f000001n],
    ['0000:0000:0000:0000:0000:ffff:255.255.255.255', 4, 0xffffffffn],
  ])('reads %s', (text, version, value) => {
    expect(parseAddress(text)).toEqual({ version, value })
  })

  test.each([
    ['an octal part', '0177.0.0.1'],
    ['a leading zero', '127.0.0.01'],
    ['a hex part', '0x7f.0.0.1'],
    ['a whole number', '2130706433'],
    ['three parts', '127.0.1'],
    ['five parts', '127.0.0.0.1'],
    ['a part past 255', '256.0.0.1'],
    ['an empty part', '127..0.1'],
    ['a sign', '127.0.0.-1'],
    ['space around it', ' 127.0.0.1'],
    ['a trailing newline', '127.0.0.1\n'],
    ['full-width digits', '１27.0.0.1'],
    ['a port', '127.0.0.1:80'],
    ['a range', '10.0.0.0/8'],
    ['brackets', '[::1]'],
    ['a zone', 'fe80::1%eth0'],
    ['two compressions', '1::2::3'],
    ['two compressions among eight groups', '1:2:3:4::5:6:7:8::9'],
    ['three colons', ':::'],
    ['one colon', ':'],
    ['a leading colon', ':1:2:3:4:5:6:7'],
    ['a trailing colon', '1:2:3:4:5:6:7:'],
    ['nine groups', '1:2:3:4:5:6:7:8:9'],
    ['seven groups', '1:2:3:4:5:6:7'],
    ['a compression of no group', '1:2:3:4::5:6:7:8'],
    ['a group of five digits', '::00001'],
    ['a letter past f', '::g'],
    ['an IPv4 head', '1.2.3.4::'],
    ['an IPv4 tail with a leading zero', '::ffff:127.0.0.01'],
    ['an IPv4 tail after seven groups', '1:2:3:4:5:6:7:1.2.3.4'],
    ['a mapped prefix on nothing', '::ffff:'],
    ['nothing', ''],
    ['a megabyte of colons', ':'.repeat(1 << 20)],
  ])('refuses %s', (_, text) => {
    expect(parseAddress(text)).toBeUndefined()
  })

  test('accepts what Node accepts, and nothing else', () => {
    const near = fc.string({
      unit: fc.constantFrom(...'0125fF:.:%/', '::', 'ffff:', '1.2.3.4'),
      maxLength: 16,
    })
    const any = fc.oneof(fc.ipV4(), fc.ipV6(), near, fc.string())
    fc.assert(
      fc.property(any, (text) => {
        expect(parseAddress(text) !== undefined).toBe(isIP(text) !== 0 && !text.includes('%'))
      }),
      { numRuns: 5000 },
    )
  })
})

describe('parseAddressPort', () => {
  test('reads a peer as the runtime names it', () => {
    expect(parseAddressPort('1.2.3.4:80')).toEqual({ address: address('1.2.3.4'), port: 80 })
    expect(parseAddressPort('[::1]:65535')).toEqual({ address: address('::1'), port: 65_535 })
    expect(parseAddressPort('[::ffff:1.2.3.4]:0')).toEqual({ address: address('1.2.3.4'), port: 0 })
  })

  test.each([
    '1.2.3.4',
    '1.2.3.4:',
    '1.2.3.4:65536',
    '1.2.3.4:080',
    '1.2.3.4:+1',
    '1.2.3.4:80\n',
    '[1.2.3.4]:80',
    '::1:80',
    '[::1]',
    '[::1]80',
    '[[::1]]:80',
    '[::1%lo]:80',
    '[]:80',
    ':80',
    'localhost:80',
    'unix:/tmp/socket',
    '',
  ])('refuses %j', (text) => {
    expect(parseAddressPort(text)).toBeUndefined()
  })

  test('reads every address and port, and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(65_535), (text, port) => {
        const peer = text.includes(':') ? `[${text}]:${port}` : `${text}:${port}`
        expect(parseAddressPort(peer)).toEqual({ address: address(text), port })
      }),
    )
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'[]:.019f') }), (text) => {
        const parsed = parseAddressPort(text)
        if (parsed) expect(text).toMatch(/:\d+$/)
      }),
    )
  })
})

describe('clientKey', () => {
  test('counts all addresses of a /64 as one client', () => {
    expect(clientKey(address('2001:db8:1:2:3:4:5:6'))).toBe('2001:db8:1:2::')
    expect(clientKey(address('2001:db8:1:2:ffff:ffff:ffff:ffff'))).toBe('2001:db8:1:2::')
    expect(clientKey(address('2001:db8:1:3::'))).toBe('2001:db8:1:3::')
    expect(clientKey(address('::1'))).toBe('::')
  })

  test('counts an IPv4 address by itself, also when it comes mapped', () => {
    expect(clientKey(address('203.0.113.7'))).toBe('203.0.113.7')
    expect(clientKey(address('::ffff:203.0.113.7'))).toBe('203.0.113.7')
  })

  test('writes the canonical text of RFC 5952', () => {
    expect(clientKey(address('2001:DB8::'))).toBe('2001:db8::')
    expect(clientKey(address('2001:0:0:1::'))).toBe('2001:0:0:1::')
    expect(clientKey(address('0:0:1:0::'))).toBe('0:0:1::')
    expect(clientKey(address('0:1:2:3::'))).toBe('0:1:2:3::')
  })

  test('agrees with Node on every network, and is stable', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const client = address(text)
        if (client.version === 4) return
        const key = clientKey(client)
        expect(key).toBe(new SocketAddress({ address: key, family: 'ipv6' }).address)
        expect(clientKey(address(key))).toBe(key)
        expect(address(key).value).toBe((client.value >> 64n) << 64n)
      }),
    )
  })
})

test('truncateAddress keeps a /24 or a /48', () => {
  expect(truncateAddress(address('203.0.113.77'))).toBe('203.0.113.0')
  expect(truncateAddress(address('::ffff:203.0.113.77'))).toBe('203.0.113.0')
  expect(truncateAddress(address('2001:db8:1:ffff:3:4:5:6'))).toBe('2001:db8:1::')
})

describe('compileAddressList', () => {
  test.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['203.0.113.7', '203.0.113.7', true],
    ['203.0.113.7', '203.0.113.8', false],
    ['203.0.113.6/31', '203.0.113.7', true],
    ['0.0.0.0/0', '255.1.2.3', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '10.0.0.1', false],
    ['2001:db8::/33', '2001:db8:7fff::', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['::1/128', '::1', true],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '11.1.2.3', false],
    ['::ffff:0:0/96', '1.2.3.4', true],
  ])('%s and %s: %s', (entry, client, expected) => {
    expect(compileAddressList([entry])(address(client))).toBe(expected)
  })

  test('matches any of its entries, and an empty list matches nothing', () => {
    const listed = compileAddressList(['10.0.0.0/8', '192.0.2.1', '2001:db8::/32', '10.0.0.0/8'])
    expect(['10.1.1.1', '192.0.2.1', '2001:db8:9::1'].map((text) => listed(address(text)))).toEqual([
      true,
      true,
      true,
    ])
    expect(['192.0.2.2', '2001:db9::'].map((text) => listed(address(text)))).toEqual([false, false])
    expect(compileAddressList([])(address('0.0.0.0'))).toBe(false)
  })

  test.each([
    ['a host name', 'localhost', /"localhost" is neither .*203\.0\.113\.0\/24/],
    ['an empty entry', '', /"" is neither/],
    ['a prefix past 32', '10.0.0.0/33', /"10\.0\.0\.0\/33" has a prefix out of range.*0 to 32/],
    ['a prefix past 128', '::/129', /"::\/129" has a prefix out of range.*0 to 128/],
    ['a mapped range with a prefix before the IPv4 part', '::ffff:0:0/80', /out of range.*96 to 128/],
    ['a prefix with a leading zero', '10.0.0.0/08', /is neither/],
    ['a netmask', '10.0.0.0/255.0.0.0', /is neither/],
    ['no prefix after the slash', '10.0.0.0/', /is neither/],
    ['two prefixes', '10.0.0.0/8/8', /is neither/],
    ['host bits', '10.0.0.1/8', /bits set past its prefix\. Write 10\.0\.0\.0\/8 .* or 10\.0\.0\.1 /],
    [
      'host bits, compressing the first of equal runs',
      '1:0:0:2:3:0:0:4/120',
      /1:0:0:2:3::\/120 .* 1::2:3:0:0:4 /,
    ],
    [
      'host bits, not compressing one group',
      '1:2:3:4:5:6:7:8/120',
      / 1:2:3:4:5:6:7:0\/120 .* or 1:2:3:4:5:6:7:8 /,
    ],
    ['a short form', '10/8', /is neither/],
  ])('refuses %s at load, naming the entry and a fix', (_, entry, message) => {
    expect(() => compileAddressList(['192.0.2.1', entry])).toThrow(TypeError)
    expect(() => compileAddressList(['192.0.2.1', entry])).toThrow(message)
  })

  test('contains its first and last address and neither neighbour', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }),
        fc.integer({ min: 1, max: 32 }),
        (seed, prefix) => {
          const size = 1n << BigInt(32 - prefix)
          const first = (seed / size) * size
          const listed = compileAddressList([`${clientKey({ version: 4, value: first })}/${prefix}`])
          const has = (value: bigint) => listed({ version: 4, value })
          expect([first, first + size - 1n].map(has)).toEqual([true, true])
          expect([first - 1n, first + size].map(has)).toEqual([false, false])
        },
      ),
    )
  })
})
