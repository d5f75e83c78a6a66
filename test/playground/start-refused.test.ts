import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { copyProject, type Project, run } from './project.ts'

const projects: Project[] = []
afterAll(() => Promise.all(projects.map((project) => project.remove())))

/** Starts a copy that was changed, and returns what it says when it gives up. */
async function complaint(
  change: (project: Project) => Promise<void>,
  flags: string[] = [],
  env: Record<string, string> = {},
): Promise<string[]> {
  const project = await copyProject()
  projects.push(project)
  await change(project)
  const running = run(process.execPath, ['src/dev/start.ts', ...flags], { cwd: project.root, env })
  expect(await running.ended).toBe(1)
  expect(running.lines).toEqual(running.complaints)
  return running.complaints
}

describe.concurrent('npm start stops before anything starts, with one message, for', () => {
  test('a broken configuration', async () => {
    const lines = await complaint((project) =>
      project.edit('wrangler.toml', 'TRUST = "direct"', 'TRUST = "everybody"'),
    )
    expect(lines).toEqual([expect.stringMatching(/^sallyport: wrangler\.toml: var TRUST must be /)])
  })

  test('an unknown flag', async () => {
    expect(await complaint(async () => undefined, ['--no-tuor'])).toEqual([
      `sallyport: '--no-tuor' is not known; npm start -- takes --no-tour, --json and --redis`,
    ])
  })

  test('--redis without a redis-server', async () => {
    const lines = await complaint(async () => undefined, ['--redis'], { PATH: '/nowhere' })
    expect(lines).toEqual([
      'sallyport: a local Redis needs redis-server 7 or newer: apt-get install redis-server, or brew install redis',
    ])
  })

  test('a .dev.vars that lacks a secret', async () => {
    const lines = await complaint(({ root }) => writeFile(join(root, '.dev.vars'), '# mine\n'))
    expect(lines[0]).toMatch(
      /^sallyport: \.dev\.vars: .*\bGITHUB_WEBHOOK_SECRET, .* are missing; add what follows, or/,
    )
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}GITHUB_WEBHOOK_SECRET=test_[0-9a-f]{48}$/))
    const names = Object.keys(parseEnv(await readFile('.dev.vars.example', 'utf8')))
    expect(lines).toHaveLength(1 + names.length)
  })

  test('a secret that is not of its form', async () => {
    const lines = await complaint(async ({ root }) => {
      const names = (await readFile(join(root, '.dev.vars.example'), 'utf8')).replaceAll(/=$/gm, '=changeme')
      await writeFile(join(root, '.dev.vars'), names)
    })
    expect(lines).toEqual([
      expect.stringMatching(/^sallyport: \.dev\.vars: PROOF_KEY is not of the form: .*; write 'PROOF_KEY=/),
    ])
  })

  test('a route to a binding, which no var can point at the demo origin', async () => {
    const lines = await complaint(async (project) => {
      const service = '[[services]]\nbinding = "BILLING"\nservice = "billing"\n'
      await project.edit('wrangler.toml', '[vars]', `${service}\n[vars]`)
      await project.edit('routes/stripe.ts', `to: 'ORIGIN_URL'`, `to: 'BILLING'`)
    })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(
      /^sallyport: routes\/stripe\.ts: forward\.to: BILLING is a binding, .*name a URL var/,
    )
  })
})
