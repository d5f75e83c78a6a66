import { expect, test } from 'vitest'
import { receive } from '../../src/stages/receive.ts'

const received = (...headers: [string, string][]) => {
  const request = {
    url: 'https://gw.test/x',
    method: 'GET',
    headers: new Headers([['host', 'gw.test'], ...headers]),
  }
  return receive(request as never, new Set(['gw.test']), 0, 'an-id')
}

test('reads each header once: by its lower-case name, lines of one name as one value', () => {
  const result = received(
    ['X-A', '1'],
    ['x-a', '2'],
    ['__proto__', 'p'],
    ['Set-Cookie', 'a=1'],
    ['set-cookie', 'b=2'],
  )
  expect(result.ok && [...result.value.headers]).toEqual([
    ['__proto__', 'p'],
    ['host', 'gw.test'],
    ['set-cookie', 'a=1, b=2'],
    ['x-a', '1, 2'],
  ])
})

test('refuses a control character in any line, also of Set-Cookie', () => {
  expect(received(['set-cookie', 'a=1'], ['set-cookie', 'b=\x01'])).toMatchObject({
    ok: false,
    denial: { code: 'malformed_header' },
  })
})
