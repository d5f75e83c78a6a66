import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  digestOf,
  LOCKING_FLAG,
  lockingScripts,
  plainScripts,
} from '../../../src/state/upstash/scripts/index.ts'
import { packedModule, written } from '../../../src/state/upstash/scripts/pack.ts'

const sha1 = (source: string) => createHash('sha1').update(source).digest('hex')

test('what is sent is what is written, packed', async () => {
  await expect(packedModule()).toMatchFileSnapshot('../../../src/state/upstash/scripts/packed.ts')
})

describe.each([
  ['lockingScripts', lockingScripts],
  ['plainScripts', plainScripts],
])('%s', (_, scripts) => {
  test('are all seven', () => {
    expect(Object.keys(scripts)).toHaveLength(7)
  })

  test.each(Object.entries(scripts))('%s is known by its own digest', async (_, script) => {
    const digest = await digestOf(script)
    expect(digest).toBe(sha1(script.source))
    expect(await digestOf(script)).toBe(digest)
  })

  test.each(Object.entries(scripts))(
    '%s carries no comment and no space that says nothing',
    (_, { source }) => {
      expect(source).not.toMatch(/--|^\s|\n\s| \n| = | == /)
      expect(source).toMatch(/\n$/)
    },
  )
})

const WORDS =
  /^(?:and|break|do|else|elseif|end|false|for|function|if|in|local|nil|not|or|repeat|return|then|true|until|while)$/
const GIVEN = /^(?:ARGV|KEYS|ipairs|math|redis|string|table|tonumber|tostring|unpack)$/

const tokensOf = (source: string): string[] =>
  source.replaceAll(/^ *--.*$/gm, '').match(/'[^']*'|\d[\d.]*(?:e-?\d+)?|[A-Za-z_]\w*|\.\.|[~<>=]=|\S/g) ?? []

/** Whether a token is a name of the script's own: no word of Lua, nothing of the server's, no letter of the layout. */
function isOwn(tokens: readonly string[], at: number): boolean {
  const [token = '', before, base = ''] = [tokens[at], tokens[at - 1], tokens[at - 2]]
  if (!/^[A-Za-z_]/.test(token) || WORDS.test(token) || GIVEN.test(token)) return false
  return before !== '.' || (!GIVEN.test(base) && token.length > 1)
}

test.each(Object.entries(written))('%s says packed what it says written, name for name', (script, text) => {
  const long = tokensOf(text)
  const short = tokensOf(plainScripts[script as keyof typeof written].source)
  expect(short).toHaveLength(long.length)
  const [there, back] = [new Map<string, string>(), new Map<string, string>()]
  for (const [at, name] of long.entries()) {
    const packed = short[at] ?? ''
    if (!isOwn(long, at)) expect(packed).toBe(name)
    else {
      expect(WORDS.test(packed) || GIVEN.test(packed)).toBe(false)
      expect([there.get(name) ?? packed, back.get(packed) ?? name]).toEqual([packed, name])
      there.set(name, packed)
      back.set(packed, name)
    }
  }
  expect(there.size).toBeGreaterThan(0)
})

test('only what Upstash runs asks for the locks of its own keys', () => {
  for (const { source } of Object.values(lockingScripts)) expect(source.startsWith(LOCKING_FLAG)).toBe(true)
  for (const { source } of Object.values(plainScripts)) expect(source).not.toContain('#!')
})
