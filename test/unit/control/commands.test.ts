import { describe, expect, it } from 'vitest'
import { readCommand } from '../../../src/control/commands.ts'
import { utf8 } from '../../../src/lib/digest.ts'

const NOW = Date.UTC(2026, 10, 22)
const until = NOW + 3_600_000
const read = (command: unknown) => readCommand(utf8(JSON.stringify(command)), NOW)
const reasonOf = (command: unknown) => {
  const parsed = read(command)
  return parsed.ok ? 'taken' : parsed.denial.reason
}
const digest = 'a'.repeat(64)
const record = { id: 'key-1', digest, scopes: ['orders:read'], createdAt: '2026-11-22T09:00:00Z' }

describe('a command', () => {
  it.each([
    { command: 'revoke', until, subject: 'user', issuer: 'https://id.test' },
    { command: 'revoke', until, issuedBefore: 1, reason: 'stolen', token: 'jti', issuer: 'https://id.test' },
    { command: 'revoke', until, session: 'sid', issuer: 'https://id.test' },
    { command: 'revoke', until, issuer: 'https://id.test' },
    { command: 'revoke', until, apiKey: 'key-1' },
    { command: 'revoke', until, certificate: digest },
    { command: 'block', until, client: '192.0.2.7' },
    { command: 'block', until, client: '2001:db8::1', reason: '' },
    { command: 'key.create', record },
    { command: 'key.list' },
    { command: 'key.list', cursor: '0' },
    { command: 'key.revoke', id: 'key-1' },
  ])('is read as it was sent: %j', (command) => {
    expect(read(command)).toEqual({ ok: true, value: command })
  })

  it.each([
    ['nothing', null],
    ['a list', [{ command: 'key.list' }]],
    ['no name', { until, issuer: 'a' }],
    ['a name that is none', { command: 'unblock', until, client: '192.0.2.7' }],
    ['a member more', { command: 'key.list', until }],
    ['two names to revoke by', { command: 'revoke', until, apiKey: 'key-1', certificate: digest }],
    ['nothing to revoke', { command: 'revoke', until }],
    ['no end', { command: 'revoke', issuer: 'a' }],
    ['an end that is a text', { command: 'revoke', until: String(until), issuer: 'a' }],
    ['an end that is a part of a millisecond', { command: 'revoke', until: until + 0.5, issuer: 'a' }],
    ['an end beyond all numbers', { command: 'revoke', until: 2 ** 53, issuer: 'a' }],
    ['a moment that is 0', { command: 'revoke', until, issuedBefore: 0, issuer: 'a' }],
    ['an empty name', { command: 'revoke', until, issuer: '' }],
    ['a name with a control character', { command: 'revoke', until, issuer: 'a\u0000' }],
    ['a name of 501 characters', { command: 'revoke', until, issuer: 'a'.repeat(501) }],
    ['a name that is a number', { command: 'revoke', until, issuer: 5 }],
    ['half of a pair of surrogates', { command: 'revoke', until, issuer: '\ud800' }],
    ['a fingerprint in upper case', { command: 'revoke', until, certificate: digest.toUpperCase() }],
    ['an address that is none', { command: 'block', until, client: '192.0.2' }],
    ['a reason of 201 characters', { command: 'block', until, client: '192.0.2.7', reason: 'a'.repeat(201) }],
    ['a cursor that is none', { command: 'key.list', cursor: 'g' }],
    ['a record with a member more', { command: 'key.create', record: { ...record, admin: true } }],
    ['a record without its digest', { command: 'key.create', record: { ...record, digest: undefined } }],
    ['a scope with a space', { command: 'key.create', record: { ...record, scopes: ['a b'] } }],
  ])('of another form is refused: %s', (_, command) => {
    expect(reasonOf(command)).toMatch(/^no command has this form$|^the JSON is refused/)
  })

  it('ends between now and in 400 days', () => {
    const ending = (until: number) => reasonOf({ command: 'revoke', until, issuer: 'a' })
    expect(ending(NOW)).toBe('until is not between now and in 400 days')
    expect(ending(NOW + 1)).toBe('taken')
    expect(ending(NOW + 401 * 86_400_000)).toBe('until is not between now and in 400 days')
  })
})
