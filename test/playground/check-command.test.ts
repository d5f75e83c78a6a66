import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { copyProject, type Project, run } from './project.ts'

let project: Project
beforeEach(async () => {
  project = await copyProject()
})
afterEach(() => project.remove())

async function check(): Promise<{ code: number | null; lines: string[] }> {
  const running = run(process.execPath, ['src/cli/check.ts'], { cwd: project.root })
  return { code: await running.ended, lines: running.lines }
}

test('passes this project in one line, types included', async () => {
  expect(await check()).toEqual({
    code: 0,
    lines: [
      expect.stringMatching(
        /^sallyport check: \d+ routes, \d+ secrets declared, state (durable-object|upstash)$/,
      ),
    ],
  })
})

describe('stops with one line for', () => {
  test.each<[string, () => Promise<void>, string[]]>([
    [
      'a route that does not compile at load',
      () => project.edit('routes/limited.ts', `window: '10 s'`, `window: '10 sec'`),
      ['routes/limited.ts', 'POST /demo/limited', 'limits[0].window', `'10 sec'`],
    ],
    [
      'a file that nobody lists',
      () => writeFile(join(project.root, 'routes/extra.ts'), `export { default } from './slack.ts'`),
      ['routes/extra.ts', 'routes/index.ts'],
    ],
    [
      'an environment without vars',
      () => project.edit('wrangler.toml', '[observability]\n', '[env.staging]\n\n[observability]\n'),
      ['wrangler.toml', '[env.staging]', 'PUBLIC_HOSTS'],
    ],
    [
      'a wrangler.toml that does not parse',
      () => project.edit('wrangler.toml', '[vars]', '[vars'),
      ['wrangler.toml'],
    ],
    ['a missing .dev.vars.example', () => rm(join(project.root, '.dev.vars.example')), ['.dev.vars.example']],
    [
      'types that are older than wrangler.toml',
      () => project.edit('wrangler.toml', 'TRUST = "direct"', 'TRUST = "cloudflare"'),
      ['routes/env.d.ts', 'npm run env-types'],
    ],
  ])('%s', async (_, breakIt, told) => {
    await breakIt()
    const { code, lines } = await check()
    expect(lines, lines.join('\n')).toHaveLength(1)
    for (const part of told) expect(lines[0]).toContain(part)
    expect(code).toBe(1)
  })
})
