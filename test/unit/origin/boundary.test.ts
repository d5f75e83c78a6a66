import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const folder = join(import.meta.dirname, '../../../src/origin')
const FOREIGN = /(?:from|import\() *['"](?!\.\/)|\b(?:Buffer|process|require|Deno|Bun|globalThis)\b/

/** Source without comments, which may name what code may not. */
const code = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '')

it.each(readdirSync(folder).filter((file) => file.endsWith('.ts')))(
  '%s runs on web-standard globals and imports nothing from outside its folder',
  (file) => {
    expect(code(readFileSync(join(folder, file), 'utf8'))).not.toMatch(FOREIGN)
  },
)

it.each([
  "import { x } from '../lib/hex.ts'",
  "import { y } from 'jose'",
  "await import('node:crypto')",
  'Buffer.from(a)',
])('would catch %s', (line) => {
  expect(code(`const a = 1\n${line}\n`)).toMatch(FOREIGN)
})
