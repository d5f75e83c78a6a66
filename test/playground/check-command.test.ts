import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { wranglerCommand } from '../../src/cli/wrangler.ts'
import { copyProject, freePorts, type Project, run } from './project.ts'

const projects: Project[] = []
afterAll(() => Promise.all(projects.map((project) => project.remove())))

/** A copy for each test, so that they may run at once. */
async function broken(breakIt: (project: Project) => Promise<void>): Promise<Project> {
  const project = await copyProject()
  projects.push(project)
  await breakIt(project)
  return project
}

async function check({ root }: Project): Promise<{ code: number | null; lines: string[] }> {
  const running = run(process.execPath, ['src/cli/check.ts'], { cwd: root })
  return { code: await running.ended, lines: running.lines }
}

const inUnits = (project: Project) => project.edit('routes/limited.ts', `window: '10 s'`, `window: '10 sec'`)
const removing = (file: string) => (project: Project) => rm(join(project.root, file))

test('passes this project in one line, types included', async () => {
  expect(await check(await broken(async () => undefined))).toEqual({
    code: 0,
    lines: [
      expect.stringMatching(
        /^sallyport check: \d+ routes, \d+ secrets declared, state (durable-object|upstash)$/,
      ),
    ],
  })
})

describe.concurrent('stops with one line for', () => {
  test.each<[string, (project: Project) => Promise<void>, string[]]>([
    [
      'a route that does not compile at load',
      inUnits,
      ['routes/limited.ts', 'POST /demo/limited', 'limits[0].window', `'10 sec'`],
    ],
    [
      'a file that nobody lists',
      (project) => writeFile(join(project.root, 'routes/extra.ts'), `export { default } from './slack.ts'`),
      ['routes/extra.ts', 'routes/index.ts'],
    ],
    [
      'a route file without default export, under its own name',
      (project) => project.edit('routes/slack.ts', 'export default', 'export const slackRoute ='),
      ['check: routes/slack.ts: has no default export; export default defineRoute('],
    ],
    [
      'an environment without vars',
      (project) => project.edit('wrangler.toml', '[observability]\n', '[env.staging]\n\n[observability]\n'),
      ['wrangler.toml', '[env.staging]', 'PUBLIC_HOSTS'],
    ],
    [
      'state at Upstash without the address of its database',
      (project) => project.edit('wrangler.toml', 'STATE = "durable-object"', 'STATE = "upstash"'),
      ['wrangler.toml: vars: UPSTASH_REDIS_REST_URL is missing; add UPSTASH_REDIS_REST_URL = "https://'],
    ],
    [
      'a wrangler.toml that does not parse',
      (project) => project.edit('wrangler.toml', '[vars]', '[vars'),
      ['check: wrangler.toml'],
    ],
    [
      'a missing .dev.vars.example',
      removing('.dev.vars.example'),
      ['check: .dev.vars.example: is missing; write it'],
    ],
    ['a missing route of the index', removing('routes/slack.ts'), ['routes/index.ts', 'routes/slack.ts']],
    [
      'types that are older than wrangler.toml',
      (project) => project.edit('wrangler.toml', 'TRUST = "direct"', 'TRUST = "cloudflare"'),
      ['routes/env.d.ts', 'npm run env-types'],
    ],
  ])('%s', async (_, breakIt, told) => {
    const project = await broken(breakIt)
    const { code, lines } = await check(project)
    expect(lines, lines.join('\n')).toHaveLength(1)
    for (const part of told) expect(lines[0]).toContain(part)
    expect(lines[0]).not.toContain(project.root)
    expect(code).toBe(1)
  })
})

describe.concurrent('wrangler, called directly,', () => {
  const wrangler = (project: Project, args: string[]) =>
    run(process.execPath, [wranglerCommand(), ...args], {
      cwd: project.root,
      // What a shell may have left over from somewhere: a deployment must not believe it.
      env: { CI: '1', WRANGLER_SEND_METRICS: 'false', SALLYPORT_CHECKED: args[0] === 'deploy' ? '1' : '' },
    })
  const fault = /^\[custom build\] sallyport check: routes\/limited\.ts: .*'10 sec'/

  test('does not deploy what the check refuses', async () => {
    const running = wrangler(await broken(inUnits), ['deploy', '--dry-run', '--outdir', 'out'])
    expect(await running.ended).not.toBe(0)
    expect(running.lines).toContainEqual(expect.stringMatching(fault))
    expect(running.lines.join('\n')).not.toContain('Total Upload')
  })

  test('does not serve what the check refuses', async () => {
    const [port] = await freePorts(1)
    const running = wrangler(await broken(inUnits), ['dev', '--ip', '127.0.0.1', '--port', String(port)])
    expect(await running.ended).not.toBe(0)
    expect(running.lines).toContainEqual(expect.stringMatching(fault))
  })
})
