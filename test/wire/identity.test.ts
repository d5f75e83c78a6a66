import { describe, expect, it } from 'vitest'
import { useGateway } from './harness/use.ts'

const gateway = useGateway({ entry: 'test/wire/workers/options.ts', forgets: '/_test/admitted' })

type Headers = [name: string, value: string][]
interface Admitted {
  client?: string
  principal: string
}
const admitted = () => gateway.door<Admitted[]>('/_test/admitted')
const from = (address: string): [string, string] => ['CF-Connecting-IP', address]
const call = (host: string, target: string, headers: Headers = []) => gateway.call({ host, target, headers })

/** What the three that use it were told about the client: shared state, the origin and the record. */
async function clientAt(host: string, headers: Headers) {
  const answer = await call(host, '/read/x', headers)
  expect(answer.status).toBe(200)
  const arrived = gateway.origin.requests.at(-1)
  return {
    counted: (await admitted())[0]?.client,
    asserted: arrived?.values('sallyport-client'),
    forwardedFor: arrived?.values('x-forwarded-for'),
    recorded: (await gateway.recordOf(answer)).client,
  }
}
const known = (counted: string, recorded: string) => ({
  counted,
  asserted: [counted],
  forwardedFor: [counted],
  recorded,
})
const UNKNOWN = { counted: undefined, asserted: [], forwardedFor: [], recorded: null }

describe("TRUST = 'cloudflare' takes the client from CF-Connecting-IP", () => {
  it.each([
    ['IPv4', '198.51.100.7', '198.51.100.7', '198.51.100.0'],
    ['IPv6, counted by its /64', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::', '2001:db8:1::'],
    ['another address of that /64', '2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::', '2001:db8:1::'],
    ['the /64 beside it', '2001:db8:1:3:3:4:5:6', '2001:db8:1:3::', '2001:db8:1::'],
    ['IPv6 in another spelling', '2001:0DB8:0001:0002::0001', '2001:db8:1:2::', '2001:db8:1::'],
    ['IPv4 written as IPv6', '::ffff:198.51.100.7', '198.51.100.7', '198.51.100.0'],
  ])('%s', async (_name, address, counted, recorded) => {
    expect(await clientAt('cloudflare.test', [from(address)])).toEqual(known(counted, recorded))
  })

  it.each([
    ['none', []],
    ['an empty one', [from('')]],
    ['a word', [from('unknown')]],
    ['a list', [from('198.51.100.7, 203.0.113.9')]],
    ['two of them', [from('198.51.100.7'), from('203.0.113.9')]],
    ['a port', [from('198.51.100.7:80')]],
    ['brackets', [from('[2001:db8::1]')]],
    ['a zone', [from('fe80::1%eth0')]],
    ['a range', [from('198.51.100.0/24')]],
    ['an octal part', [from('198.51.100.07')]],
    ['a part too many', [from('198.51.100.7.1')]],
  ] satisfies [string, Headers][])('%s leaves the client unknown', async (_name, headers) => {
    expect(await clientAt('cloudflare.test', headers)).toEqual(UNKNOWN)
  })

  it.each([
    'X-Forwarded-For',
    'X-Real-IP',
    'True-Client-IP',
    'Forwarded',
    'CF-Connecting-IPv6',
    'CF-Pseudo-IPv4',
  ])('and not from %s', async (name) => {
    expect(await clientAt('cloudflare.test', [[name, '203.0.113.9']])).toEqual(UNKNOWN)
    const both: Headers = [[name, '203.0.113.9'], from('198.51.100.7')]
    expect(await clientAt('cloudflare.test', both)).toEqual(known('198.51.100.7', '198.51.100.0'))
  })
})

describe('the other trust modes believe no header', () => {
  it("'direct' takes the socket's address", async () => {
    expect(await clientAt('direct.test', [from('198.51.100.7')])).toEqual(known('127.0.0.1', '127.0.0.0'))
  })

  it("'none' knows nobody", async () => {
    expect(await clientAt('none.test', [from('198.51.100.7')])).toEqual(UNKNOWN)
  })
})

describe('country and ASN, which Cloudflare tells in request.cf', () => {
  const cfHeader = (cf: Record<string, unknown>): [string, string] => ['X-Test-CF', JSON.stringify(cf)]
  const placeAt = async (host: string, cf: Record<string, unknown>) => {
    const answer = await call(host, '/read/x', [from('198.51.100.7'), cfHeader(cf)])
    expect(answer.status).toBe(200)
    const { country, asn } = await gateway.recordOf(answer)
    return { country, asn }
  }

  it("are recorded under TRUST = 'cloudflare'", async () => {
    expect(await placeAt('cloudflare.test', { country: 'NL', asn: 64_496 })).toEqual({
      country: 'NL',
      asn: 64_496,
    })
    expect(await placeAt('cloudflare.test', { country: 'NL' })).toEqual({ country: 'NL', asn: null })
    expect(await placeAt('cloudflare.test', { asn: 64_496 })).toEqual({ country: null, asn: 64_496 })
  })

  it('are null where their type is wrong, or nothing is told', async () => {
    expect(await placeAt('cloudflare.test', { country: 31, asn: '64496' })).toEqual({
      country: null,
      asn: null,
    })
    const answer = await call('cloudflare.test', '/read/x', [from('198.51.100.7')])
    expect(await gateway.recordOf(answer)).toMatchObject({ country: null, asn: null })
  })

  it.each(['direct.test', 'none.test'])(
    'are null at %s, where a client could have written them',
    async (host) => {
      expect(await placeAt(host, { country: 'NL', asn: 64_496 })).toEqual({ country: null, asn: null })
    },
  )
})

describe('cfRay', () => {
  const rayAt = async (host: string, target: string, ray?: string) =>
    (await gateway.recordOf(await call(host, target, ray === undefined ? [] : [['CF-Ray', ray]]))).cfRay

  it.each([
    ['with its colo', '8f1a2b3c4d5e6f70-AMS'],
    ['without', '8f1a2b3c4d5e6f70'],
  ])("is recorded %s under TRUST = 'cloudflare', for refusals too", async (_name, ray) => {
    expect(await rayAt('cloudflare.test', '/read/x', ray)).toBe(ray)
    expect(await rayAt('cloudflare.test', '/nowhere', ray)).toBe(ray)
  })

  it.each([
    ['too short', '8f1a2b3c4d5e6f7-AMS'],
    ['too long', '8f1a2b3c4d5e6f701-AMS'],
    ['not hexadecimal', '8f1a2b3c4d5e6f7g-AMS'],
    ['in upper case', '8F1A2B3C4D5E6F70-AMS'],
    ['with a colo in lower case', '8f1a2b3c4d5e6f70-ams'],
    ['with something after it', '8f1a2b3c4d5e6f70-AMS"}'],
    ['twice', '8f1a2b3c4d5e6f70-AMS, 8f1a2b3c4d5e6f70-AMS'],
    ['absent', undefined],
  ])('is null when it is %s', async (_name, ray) => {
    expect(await rayAt('cloudflare.test', '/read/x', ray)).toBeNull()
  })

  it.each(['direct.test', 'none.test'])('is null at %s, whatever a client writes', async (host) => {
    expect(await rayAt(host, '/read/x', '8f1a2b3c4d5e6f70-AMS')).toBeNull()
  })
})
