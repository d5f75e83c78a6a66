import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isTarget } from '../../../../src/credentials/dpop/target.ts'

const at = { scheme: 'https', host: 'api.example.com', path: '/a/b~c' } as const

test.each([
  'https://api.example.com/a/b~c',
  'HTTPS://API.Example.COM/a/b~c',
  'https://api.example.com:443/a/b~c',
  'https://api.example.com:/a/b~c',
  'https://api.example.com/a/b%7ec',
  'https://api.example.com/%61/b%7Ec',
  'https://api.example.com/a/b~c?page=2',
  'https://api.example.com/a/b~c#part',
  'https://api.example.com/a/b~c?x=http://other/#part',
])('takes %s', (htu) => {
  expect(isTarget(htu, at)).toBe(true)
})

test.each([
  ['another scheme', 'http://api.example.com/a/b~c'],
  ['no scheme', '//api.example.com/a/b~c'],
  ['a path alone', '/a/b~c'],
  ['another host', 'https://api.example.org/a/b~c'],
  ['a host below', 'https://x.api.example.com/a/b~c'],
  ['a host with a dot behind', 'https://api.example.com./a/b~c'],
  ['another port', 'https://api.example.com:8443/a/b~c'],
  ['the default port of the other scheme', 'https://api.example.com:80/a/b~c'],
  ['the default port with a zero in front', 'https://api.example.com:0443/a/b~c'],
  ['a user in front of the host', 'https://me@api.example.com/a/b~c'],
  ['the host as the user of another', 'https://api.example.com@evil.example/a/b~c'],
  ['a backslash', 'https://api.example.com\\a\\b~c'],
  ['a slash in the end', 'https://api.example.com/a/b~c/'],
  ['a path in other letters', 'https://api.example.com/A/b~c'],
  ['a path that goes on', 'https://api.example.com/a/b~cd'],
  ['no path', 'https://api.example.com'],
  ['dot segments', 'https://api.example.com/x/../a/b~c'],
  ['escaped dot segments', 'https://api.example.com/x/%2e%2e/a/b~c'],
  ['an empty segment', 'https://api.example.com//a/b~c'],
  ['an escaped slash', 'https://api.example.com/a%2fb~c'],
  ['a twofold escape', 'https://api.example.com/a/b%257Ec'],
  ['a space in front', ' https://api.example.com/a/b~c'],
  ['a space behind', 'https://api.example.com/a/b~c '],
  ['a line break', 'https://api.example.com/a/b~c\n'],
  ['a host of other letters', 'https://api.еxample.com/a/b~c'],
  ['the path in the query', 'https://api.example.com?/a/b~c'],
])('refuses %s', (_, htu) => {
  expect(isTarget(htu, at)).toBe(false)
})

test('takes a host with a port only with it', () => {
  const local = { scheme: 'http', host: '127.0.0.1:8787', path: '/' } as const
  expect(isTarget('http://127.0.0.1:8787/', local)).toBe(true)
  expect(isTarget('http://127.0.0.1:8787', local)).toBe(true)
  expect(isTarget('http://127.0.0.1/', local)).toBe(false)
  expect(isTarget('http://127.0.0.1:80/', { ...local, host: '127.0.0.1' })).toBe(true)
})

test('whatever it takes, the URL parser of the platform reads as the same place', () => {
  const piece = fc.constantFrom(
    'https',
    'http',
    '://',
    ':',
    '/',
    '//',
    'api.example.com',
    ':443',
    '@',
    'a',
    'b~c',
    '%61',
    '%7e',
    '.',
    '..',
    '?',
    '#',
    '\\',
    ' ',
    'API.',
  )
  const near = fc
    .array(piece, { maxLength: 8 })
    .map((parts) => `https://api.example.com/a/b~c${parts.join('')}`)
  const any = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.oneof(near, any), (htu) => {
      if (!isTarget(htu, at)) return
      const url = new URL(htu)
      expect([url.protocol, url.host, decodeURIComponent(url.pathname)]).toEqual(['https:', at.host, at.path])
    }),
    { numRuns: 5000 },
  )
})
