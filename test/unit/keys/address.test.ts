import { describe, expect, it } from 'vitest'
import { issuerFault, keysUrlFault, metadataUrls } from '../../../src/keys/address.ts'
import { etagOf, lifetimeOf } from '../../../src/keys/lifetime.ts'

describe('an issuer', () => {
  it.each([
    'https://issuer.example',
    'https://issuer.example/',
    'https://issuer.example:8443/tenant/a',
    'http://127.0.0.1:8789',
    'http://localhost:8789/',
    'http://[::1]:8789',
  ])('%s is fetched from', (issuer) => {
    expect(issuerFault(issuer)).toBeUndefined()
  })

  it.each([
    ['issuer.example', 'is not a URL'],
    ['', 'is not a URL'],
    ['http://issuer.example', 'is not https'],
    ['http://127.0.0.2', 'is not https'],
    ['http://localhost.evil.example', 'is not https'],
    ['http://0.0.0.0', 'is not https'],
    ['ftp://127.0.0.1', 'is not https'],
    ['file:///etc/passwd', 'is not https'],
    ['data:text/plain,x', 'is not https'],
    ['https://issuer.example/?a', 'has a query or a fragment'],
    ['https://issuer.example/#', 'has a query or a fragment'],
    ['https://user@issuer.example/', 'has a user name or a password'],
    ['https://:password@issuer.example/', 'has a user name or a password'],
  ])('%s is refused: %s', (issuer, fault) => {
    expect(issuerFault(issuer)).toBe(fault)
  })

  it('publishes keys at https, and locally only if it is local itself', () => {
    expect(keysUrlFault('https://keys.example/jwks?v=1', 'https://issuer.example')).toBeUndefined()
    expect(keysUrlFault('http://127.0.0.1:1/jwks', 'http://localhost:2')).toBeUndefined()
    expect(keysUrlFault('http://127.0.0.1/jwks', 'https://issuer.example')).toBe('is not https')
    expect(keysUrlFault('http://169.254.169.254/jwks', 'http://localhost:2')).toBe('is not https')
    expect(keysUrlFault('http://keys.example/jwks', 'http://localhost:2')).toBe('is not https')
    expect(keysUrlFault('https://a:b@keys.example/', 'https://issuer.example')).toMatch(/user name/)
    for (const text of [
      undefined,
      null,
      5,
      '',
      '/jwks',
      ['https://keys.example'],
      `https://a/${'x'.repeat(2048)}`,
    ]) {
      expect(keysUrlFault(text, 'https://issuer.example')).toBe('is not a URL')
    }
  })

  it('has its metadata behind its path, then between host and path', () => {
    expect(metadataUrls('https://issuer.example')).toEqual([
      'https://issuer.example/.well-known/openid-configuration',
      'https://issuer.example/.well-known/oauth-authorization-server',
    ])
    expect(metadataUrls('https://issuer.example/tenant/a/')).toEqual([
      'https://issuer.example/tenant/a/.well-known/openid-configuration',
      'https://issuer.example/.well-known/oauth-authorization-server/tenant/a',
    ])
  })
})

describe('the lifetime of a set', () => {
  const minutes = (headers: Record<string, string>) => lifetimeOf(new Headers(headers)) / 60_000
  it.each<[Record<string, string>, number]>([
    [{}, 10],
    [{ 'cache-control': 'public' }, 10],
    [{ 'cache-control': 'max-age=1200' }, 20],
    [{ 'cache-control': 'public, Max-Age="1200", must-revalidate' }, 20],
    [{ 'cache-control': 'max-age=1200', age: '300' }, 15],
    [{ 'cache-control': 'max-age=1200', age: 'yesterday' }, 20],
    [{ 'cache-control': 'max-age=15' }, 5],
    [{ 'cache-control': 'max-age=1200', age: '9999999' }, 5],
    [{ 'cache-control': 'max-age=31536000' }, 60],
    [{ 'cache-control': 'max-age=0' }, 5],
    [{ 'cache-control': 'no-store, max-age=3600' }, 5],
    [{ 'cache-control': 'no-cache' }, 5],
    [{ 'cache-control': 'max-age=-1' }, 10],
    [{ 'cache-control': 'max-age=1e9' }, 10],
    [{ 'cache-control': 'x-max-age=3600' }, 10],
    [{ 'cache-control': `max-age=${'9'.repeat(400)}` }, 10],
    [{ 'cache-control': `${'x,'.repeat(40)}max-age=3600` }, 10],
  ])('by %j is %d minutes', (headers, expected) => {
    expect(minutes(headers)).toBe(expected)
  })

  it('ends with a validator only where that can be sent back', () => {
    const etag = (value: string) => etagOf(new Headers({ etag: value }))
    expect(etag('"a"')).toBe('"a"')
    expect(etag('W/"a"')).toBe('W/"a"')
    for (const value of ['a', '"a', '"a b"', '"a"b"', `"${'x'.repeat(257)}"`])
      expect(etag(value)).toBeUndefined()
    expect(etagOf(new Headers())).toBeUndefined()
  })
})
