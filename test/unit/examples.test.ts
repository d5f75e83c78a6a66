import { execFile } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
// Inside the project, so that the examples find the package under its own name.
const folder = join(root, '.build', 'examples')

/** The code of every @example in src/, and every `ts` block of the pages that users read. */
function examples(): { from: string; code: string }[] {
  const found: { from: string; code: string }[] = []
  for (const path of globSync('src/**/*.ts', { cwd: root })) {
    const source = readFileSync(join(root, path), 'utf8')
    for (const [comment] of source.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
      const at = comment.indexOf('@example')
      if (at === -1) continue
      const lines = comment.slice(at + 8, -2).split('\n')
      const code = lines.map((line) => line.replace(/^\s*\* ?/, '')).join('\n')
      found.push({ from: path, code: code.split(/\n@/)[0] ?? '' })
    }
  }
  for (const path of ['README.md', 'src/README.md', 'src/origin/README.md']) {
    for (const [, code = ''] of readFileSync(join(root, path), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g))
      found.push({ from: path, code })
  }
  return found
}

const found = examples()
let complaints = ''

beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  found.forEach(({ code }, i) => {
    // A module of its own, so that names of two examples do not meet.
    writeFileSync(
      join(folder, `example-${i}.ts`),
      `${code.replaceAll("'../routes/index.ts'", "'../../routes/index.ts'")}\nexport {}\n`,
    )
  })
  const config = {
    extends: '../../tsconfig.json',
    compilerOptions: { types: ['@cloudflare/workers-types', 'node'], noUnusedLocals: false },
    include: ['.', '../../routes/env.d.ts'],
    exclude: [],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', folder]).catch(
    (error: { stdout: string }) => {
      complaints = error.stdout
    },
  )
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('examples in docstrings and pages', () => {
  it('are found', () => {
    expect(found.length).toBeGreaterThan(12)
  })

  it.each(found.map(({ from, code }, i) => ({ from, code, i })))('of $from compile ($i)', ({ i }) => {
    expect(complaints.split('\n').filter((line) => line.includes(`example-${i}.ts`))).toEqual([])
  })

  it('and nothing else is wrong', () => {
    expect(complaints).toBe('')
  })
})
