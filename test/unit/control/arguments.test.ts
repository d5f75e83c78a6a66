import { describe, expect, it } from 'vitest'
import { readArguments, UsageError } from '../../../src/cli/arguments.ts'
import { readGrants, readImport } from '../../../src/cli/grants.ts'
import { readRevocation } from '../../../src/cli/revoke.ts'

const NOW = Date.UTC(2026, 10, 22, 9)
const hour = 3_600_000
const OPTIONS = ['issuer', 'for', 'until', 'issued-before', 'reason', 'url']
const revocation = (...args: string[]) => readRevocation(readArguments(args, OPTIONS), NOW)
const grants = (...args: string[]) =>
  readGrants(readArguments(args, ['scopes', 'roles', 'claim', 'expires', 'name'], ['claim']), NOW)

describe('npm run revoke', () => {
  it.each<[string[], object]>([
    [
      ['subject', 'a|b', '--issuer', 'https://i'],
      { subject: 'a|b', issuer: 'https://i', until: NOW + 24 * hour },
    ],
    [
      ['token', 'j', '--issuer=https://i', '--for', '10 m'],
      { token: 'j', issuer: 'https://i', until: NOW + hour / 6 },
    ],
    [
      ['session', 's', '--issuer', 'https://i', '--for=30d'],
      { session: 's', issuer: 'https://i', until: NOW + 720 * hour },
    ],
    [
      ['issuer', 'https://i', '--issued-before', 'now'],
      { issuer: 'https://i', issuedBefore: NOW, until: NOW + 24 * hour },
    ],
    [['key', 'key_1', '--until', '2026-12-01'], { apiKey: 'key_1', until: Date.UTC(2026, 11, 1) }],
    [
      ['certificate', 'AB:CD:ef:00'.repeat(8).replaceAll('00A', '00:A'), '--reason', 'stolen'],
      { certificate: 'abcdef00'.repeat(8), reason: 'stolen', until: NOW + 24 * hour },
    ],
    [
      ['issuer', 'https://i', '--issued-before', '2026-11-22T10:00:00+02:00'],
      { issuer: 'https://i', issuedBefore: NOW - hour, until: NOW + 24 * hour },
    ],
  ])('reads %j', (args, command) => {
    expect(revocation(...args)).toEqual({ command: 'revoke', ...command })
  })

  it('reads an end in exactly 400 days, the most there is', () => {
    expect(revocation('key', 'k', '--for', '400d')).toMatchObject({ until: NOW + 9600 * hour })
    expect(revocation('key', 'k', '--until', '2027-12-27T09:00Z')).toMatchObject({ until: NOW + 9600 * hour })
  })

  it('reads a client as a block', () => {
    const block = { command: 'block', client: '192.0.2.1', until: NOW + hour, reason: 'r' }
    expect(revocation('client', '192.0.2.1', '--for', '1h', '--reason', 'r')).toEqual(block)
  })

  it.each<[string[], RegExp]>([
    [[], /is missing; write one of subject, token/],
    [['sesion', 's'], /did you mean session\?/],
    [['subject'], /which subject\?/],
    [['subject', 'a', 'b', '--issuer', 'i'], /'b' is a word too many/],
    [['subject', 'a'], /--issuer is missing/],
    [['key', 'a', '--issuer', 'i'], /--issuer says nothing of a key/],
    [['client', 'a', '--issued-before', 'now'], /--issued-before says nothing of a client/],
    [['issuer', 'i', '--for', '1h', '--until', '2027-01-01'], /give one/],
    [['issuer', 'i', '--for', '1 hour'], /is no length of time; write 90m/],
    [['issuer', 'i', '--for', '0h'], /'0h' is no length of time above 0/],
    [['issuer', 'i', '--for', '-1h'], /is no length/],
    [['issuer', 'i', '--for', '1y'], /'1y' is no length of time; write/],
    [['issuer', 'i', '--for', '99999999999d'], /is no length/],
    [['issuer', 'i', '--for', '401d'], /--for: '401d' is past the 400 days/],
    [['issuer', 'i', '--until', '2027-12-27T09:01Z'], /--until: '2027-12-27T09:01Z' is past the 400 days/],
    [['issuer', 'i', '--until', '2027-02-30'], /'2027-02-30' is no moment/],
    [['issuer', 'i', '--until', '2027-02-29T23:00:00+02:00'], /is no moment/],
    [['issuer', 'i', '--until', '2027-13-01'], /is no moment/],
    [['issuer', 'i', '--issued-before', '2026-04-31'], /is no moment/],
    [['foo'], /^'foo' is no kind of what can be revoked; write one of subject, token/],
    [['certificate', 'zz'], /certificate: 'zz' is none; write its SHA-256: 64 hex digits/],
    [['client', 'notip'], /client: 'notip' is none; write one IP address/],
    [['client', '10.0.0.0/8'], /client: '10.0.0.0\/8' is none; write one IP address and no range/],
    [['key', 'a b'], /key: 'a b' is none; write the id of a key: 1 to 64/],
    [['subject', 'a'.repeat(501), '--issuer', 'i'], /subject: a text of 501 characters is none; write/],
    [['token', 'j', '--issuer', 'a\nb'], /--issuer: a text of 3 characters is none/],
    [['session', 'a\u0007', '--issuer', 'i'], /session: a text of 2 characters is none/],
    [
      ['issuer', 'i', '--reason', 'r'.repeat(201)],
      /--reason: a text of 201 characters is none; write at most 200/,
    ],
    [['client', '192.0.2.1', '--reason', 'r'.repeat(201)], /--reason: .*at most 200/],
    [['issuer', 'i', '--until', '2026-01-01'], /is over/],
    [['issuer', 'i', '--until', '01.12.2026'], /is no moment/],
    [['issuer', 'i', '--until'], /--until needs a value/],
    [['issuer', 'i', '--until', '--reason', 'x'], /--until needs a value/],
    [['issuer', 'i', '--reason', 'a', '--reason', 'b'], /given twice/],
    [['issuer', 'i', '--reson', 'a'], /did you mean --reason\?/],
    [['issuer', 'i', '-f', '1h'], /-f is not an option/],
  ])('refuses %j', (args, message) => {
    const read = () => revocation(...args)
    expect(read).toThrow(UsageError)
    expect(read).toThrow(message)
  })
})

describe('npm run key', () => {
  it('reads what a key may do', () => {
    expect(
      grants(
        '--scopes',
        'a, b,',
        '--roles',
        'r',
        '--claim',
        'tenant=acme=x',
        '--claim',
        'plan=',
        '--expires',
        '1d',
        '--name',
        'n',
      ),
    ).toEqual({
      now: NOW,
      scopes: ['a', 'b'],
      roles: ['r'],
      claims: { tenant: 'acme=x', plan: '' },
      expiresAt: '2026-11-23T09:00:00.000Z',
      name: 'n',
    })
    expect(grants('--expires', '2027-01-01').expiresAt).toBe('2027-01-01T00:00:00.000Z')
  })

  it.each<[string[], RegExp]>([
    [['--claim', 'tenant'], /write tenant=acme/],
    [['--claim', '=acme'], /write tenant=acme/],
    [['--claim', 'a=1', '--claim', 'a=2'], /'a' is given twice/],
    [['--expires', '2026-01-01'], /is over/],
    [['--expires', 'never'], /is no moment/],
    [['--scopes', 'a', '--scopes', 'b'], /--scopes is given twice/],
  ])('refuses %j', (args, message) => {
    expect(() => grants(...args)).toThrow(message)
  })

  const digest = 'ab'.repeat(32)
  it('reads records one a line, or as one array', () => {
    const one = { id: 'old', digest: digest.toUpperCase(), scopes: ['a'], createdAt: '2026-01-01T00:00:00Z' }
    const read = [{ id: 'old', digest, scopes: ['a'], createdAt: '2026-01-01T00:00:00.000Z' }]
    expect(readImport(`\n${JSON.stringify(one)}\r\n\n`, NOW)).toEqual(read)
    expect(readImport(` [${JSON.stringify(one)}]`, NOW)).toEqual(read)
    expect(readImport(`{"digest":"${digest}"}`, NOW)).toMatchObject([
      { id: 'key_abababababababababab', scopes: [], createdAt: '2026-11-22T09:00:00.000Z' },
    ])
  })

  it.each<[string, RegExp]>([
    ['{"digest":', /line 1: is no JSON/],
    ['[{]', /the file: is no JSON/],
    [`{"digest":"${digest}"}\nnull`, /line 2: digest is missing/],
    [`[{"digest":"${digest}"},{"key":"acme_live_secret"}]`, /record 2: digest is missing/],
    [`{"digest":"${digest}","scope":"a"}`, /line 1: scope: is not what/],
    ['{"digest":"abc"}', /line 1: digest: is not what/],
    [
      `{"digest":"${digest}"}\n\n{"id":"b","digest":"${digest}"}`,
      /line 3: digest is that of line 1; leave one/,
    ],
    [
      `[{"id":"a","digest":"${digest}"},{"id":"a","digest":"${'cd'.repeat(32)}"}]`,
      /record 2: id is that of record 1/,
    ],
  ])('refuses the file %j', (text, message) => {
    expect(() => readImport(text, NOW)).toThrow(message)
  })
})
