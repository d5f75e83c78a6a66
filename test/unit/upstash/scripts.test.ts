import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { lockingScripts, plainScripts } from '../../../src/state/upstash/scripts/index.ts'

describe.each([
  ['lockingScripts', lockingScripts],
  ['plainScripts', plainScripts],
])('%s', (_, scripts) => {
  test.each(Object.entries(scripts))('%s stands under its own digest', (_, { source, sha1 }) => {
    expect(sha1).toBe(createHash('sha1').update(source).digest('hex'))
  })
})

test('only what Upstash runs asks for the locks of its own keys', () => {
  for (const { source } of Object.values(lockingScripts)) {
    expect(source).toMatch(/^#!lua flags=allow-key-locking\n/)
  }
  for (const { source } of Object.values(plainScripts)) expect(source).not.toContain('#!')
})
