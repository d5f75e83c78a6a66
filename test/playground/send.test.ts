import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { providers } from '../../src/dev/catalog.ts'
import { end, isServing, type Playground, start } from './playground.ts'
import { copyProject, type Project, type Run, run } from './project.ts'

let project: Project
let playground: Playground
beforeAll(async () => {
  project = await copyProject()
  playground = await start(project, ['--no-tour'])
  await playground.running.line(isServing)
}, 120_000)
afterAll(async () => {
  if (playground) await end(playground.running)
  await project?.remove()
})

const env = () => ({
  PORT: String(playground.ports.gateway),
  ORIGIN_PORT: String(playground.ports.origin),
  NO_COLOR: '1',
})

/** Runs the command as a user does, to its end. */
async function send(
  args: readonly string[],
  more: Record<string, string> = {},
): Promise<Run & { code: number | null }> {
  const running = run('npm', ['run', '--silent', 'send', '--', ...args], {
    cwd: project.root,
    env: { ...env(), ...more },
  })
  return { ...running, code: await running.ended }
}

test('--all sends every provider with every fault, and nothing surprises', async () => {
  const { lines, code } = await send(['--all'])
  expect(lines.filter((line) => line.startsWith('surprise'))).toEqual([])
  expect(lines.at(-1)).toBe(`${providers.length} providers, no surprise`)
  expect(code).toBe(0)
  expect(providers.length).toBeGreaterThanOrEqual(81)
  for (const { scheme } of providers) {
    const row = lines.find((line) => line.startsWith(`${scheme.name} `)) ?? ''
    expect(row, scheme.name).toContain('200 forwarded')
    expect(row.match(/refused/g)?.length, scheme.name).toBeGreaterThanOrEqual(2)
  }
  expect(lines).toContainEqual(expect.stringMatching(/^ ?10 of \d+ {2}/))
})

test('one delivery: prints request, answer and decision', async () => {
  const { lines, code } = await send(['mux'])
  expect(code).toBe(0)
  const text = lines.join('\n')
  expect(text).toMatch(/^POST http:\/\/127\.0\.0\.1:\d+\/webhooks\/mux$/m)
  expect(text).toMatch(/^ {2}mux-signature: t=\d{10},v1=[0-9a-f]{64}$/m)
  expect(text).toMatch(/^answer: 200 let through {2}id [0-9a-f-]{36}$/m)
})

test.each([
  ['--tampered', /^answer: 401 refused signature_refused /m],
  ['--expired', /^answer: 401 refused signature_refused /m],
  ['--future', /^answer: 401 refused signature_refused /m],
  ['--wrong-secret', /^answer: 401 refused signature_refused /m],
  ['--replayed', /^first: 200 let through .*\nsecond: 200 duplicate of /ms],
])('%s', async (flag, expected) => {
  expect((await send(['stripe', flag])).lines.join('\n')).toMatch(expected)
})

test('sends an event of the user’s own, signed with a secret of the environment', async () => {
  const file = join(project.root, 'event.json')
  await writeFile(file, '{"id":"evt_own","type":"made.here"}')
  const values = await readFile(join(project.root, '.dev.vars'), 'utf8')
  const [, secret = ''] = /^STRIPE_WEBHOOK_SECRET=(.*)$/m.exec(values) ?? []
  const good = await send(['stripe', '--event', file, '--secret-from-env', 'MINE'], { MINE: secret })
  expect(good.lines.join('\n')).toMatch(/^answer: 200 let through/m)
  const bad = await send(['stripe', '--event', file, '--secret-from-env', 'MINE'], { MINE: 'another one' })
  expect(bad.lines.join('\n')).toMatch(/^answer: 401 refused signature_refused/m)
})

test('never prints a shared token', async () => {
  const values = await readFile(join(project.root, '.dev.vars'), 'utf8')
  for (const name of ['gitlab-token', 'postmark', 'figma']) {
    const variable = `${name.toUpperCase().replace('-', '_')}_WEBHOOK_SECRET`
    const [, secret = ''] = new RegExp(`^${variable}=(.*)$`, 'm').exec(values) ?? []
    expect(secret).not.toBe('')
    const { lines } = await send([name])
    const text = lines.join('\n')
    expect(text).toMatch(/^answer: 200 let through/m)
    expect(text).toContain('<the secret>')
    for (const written of [secret, Buffer.from(secret).toString('base64')])
      expect(text).not.toContain(written)
  }
})

test.each([
  [['muxx'], "'muxx' is no provider; did you mean mux?"],
  [['mux', '--tamperd'], '--tamperd is not an option'],
  [['mux', '--tampered', '--expired'], '--tampered and --expired are two faults'],
  [['--all', 'mux'], '--all stands alone'],
  [['mux', '--route', 'ftp://x'], "--route: 'ftp://x' is no http or https URL"],
  [['mux', '--event', 'nowhere.json'], '--event: nowhere.json cannot be read'],
  [
    ['mux', '--route', 'http://127.0.0.1:9/'],
    'http://127.0.0.1:9: does not answer; npm start runs the gateway there',
  ],
  [['mux', '--secret-from-env', 'NOBODY_SET_THIS'], 'MUX_WEBHOOK_SECRET is not set'],
])('says what is wrong with %j', async (args, message) => {
  const { complaints, code } = await send(args)
  expect(complaints.join('\n')).toContain(message)
  expect(code).toBe(1)
})

test('without arguments it says what it can do, and for whom', async () => {
  const { lines, code } = await send([])
  expect(code).toBe(0)
  expect(lines.join('\n')).toContain('--wrong-secret')
  expect(lines.at(-1)).toContain('twitch-eventsub')
})
