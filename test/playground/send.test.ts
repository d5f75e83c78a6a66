import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
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

/** Runs the command to its end; through npm, as a user does, where everything is sent. */
async function send(
  args: readonly string[],
  more: Record<string, string> = {},
): Promise<Run & { code: number | null }> {
  const [command, first] =
    args[0] === '--all' ? ['npm', ['run', '--silent', 'send', '--']] : [process.execPath, ['src/cli/send.ts']]
  const running = run(command, [...first, ...args], { cwd: project.root, env: { ...env(), ...more } })
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

test.concurrent.each([
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
  [['mux', '--route', 'http://'], "--route: 'http://' is no http or https URL"],
  [['mux', '--route', 'http://u:p@127.0.0.1/'], '--route: holds a user name or a password'],
  [['mux', '--secret-from-env', 'NOBODY_SET_THIS'], 'mux: NOBODY_SET_THIS is not set in the environment'],
  [['discord', '--secret-from-env', 'NOBODY'], 'discord: NOBODY_PRIVATE_KEY is not set in the environment'],
  [['mux', '--tampred'], '--tampred is not an option; did you mean --tampered?'],
  [['mux', '--al'], '--al is not an option; did you mean --all?'],
  [['mux', '--nonsense'], '--all, --help, --tampered, --expired, --future, --replayed, --wrong-secret'],
  [['github', '--expired'], 'github signs no time, so nothing of it can be too old'],
  [['twilio', '--future'], 'twilio signs no time, so nothing of it can be from the future'],
])('says what is wrong with %j', async (args, message) => {
  const { complaints, code } = await send(args)
  expect(complaints.join('\n')).toContain(message)
  expect(code).toBe(1)
})

test.concurrent.each([
  ['abc', "PORT is 'abc'; use a port from 1 to 65535"],
  ['70000', "PORT is '70000'; use a port from 1 to 65535"],
])('says that PORT is %s', async (port, message) => {
  const { complaints, code } = await send(['mux'], { PORT: port })
  expect(complaints).toEqual([`sallyport send: ${message}`])
  expect(code).toBe(1)
})

test.concurrent.each([
  ['standard', 'MINE', 'changeme', 'standard: MINE is not of the form: whsec_'],
  ['gitlab-token', 'MINE', 'short', 'gitlab-token: MINE is not of the form: '],
  ['discord', 'MINE_PRIVATE_KEY', 'AAAA', 'discord: MINE_PRIVATE_KEY is not of the provider’s kind of key'],
  ['sendgrid', 'MINE_PRIVATE_KEY', '!', 'sendgrid: MINE_PRIVATE_KEY is not PKCS #8 in base64'],
])(
  'refuses a malformed secret of %s in one line, and never quotes it',
  async (name, variable, value, message) => {
    const { complaints, code } = await send([name, '--secret-from-env', 'MINE'], { [variable]: value })
    expect(complaints).toHaveLength(1)
    expect(complaints[0]).toContain(`sallyport send: ${message}`)
    expect(complaints[0]).not.toContain(value)
    expect(code).toBe(1)
  },
)

test.concurrent.each([
  ['aws-sns', 'text', '--event: aws-sns: is not JSON'],
  ['mailgun', 'text', '--event: mailgun: is not JSON'],
  ['linear', '[]', '--event: linear: is no JSON object'],
  ['figma', 'text', '--event: figma: is not JSON'],
  ['braintree', '{}', '--event: braintree: has no text at bt_signature'],
  ['adyen-payments', '{}', '--event: adyen-payments: has no notificationItems'],
  ['dropbox-sign', '{}', '--event: dropbox-sign: has no text at event.event_type'],
  ['stripe', Uint8Array.of(0x22, 0xff, 0x22), ' is not UTF-8'],
])('refuses an event that %s cannot send: %s', async (name, event, message) => {
  const file = join(project.root, `odd-${name}.json`)
  await writeFile(file, event)
  const { complaints, code } = await send([name, '--event', file])
  expect(complaints).toHaveLength(1)
  expect(complaints[0]).toContain(message)
  expect(code).toBe(1)
})

test('signs with a private key of the environment, for a public key that the gateway has', async () => {
  const values = parseEnv(await readFile(join(project.root, '.dev.vars'), 'utf8'))
  const MINE_PRIVATE_KEY = values.DISCORD_WEBHOOK_SECRET_PRIVATE_KEY ?? ''
  const { lines, code } = await send(['discord', '--secret-from-env', 'MINE'], { MINE_PRIVATE_KEY })
  expect(lines.join('\n')).toMatch(/^answer: 200 let through/m)
  expect(lines.join('\n')).not.toContain(MINE_PRIVATE_KEY)
  expect(code).toBe(0)
})

test.concurrent.each([
  ['--tampered', 'telegram signs nothing of a delivery: its token was changed in place of the body'],
  [
    '--replayed',
    "telegram signs nothing of a delivery: a copy is let through, unless the route says deduplicate: 'body'",
  ],
])('says what telegram %s means', async (flag, remark) => {
  const { lines, code } = await send(['telegram', flag])
  expect(lines).toContain(remark)
  expect(code).toBe(0)
})

test('ends with 1 where the decision is not the one that the delivery should meet', async () => {
  const { lines, code } = await send(['stripe', '--secret-from-env', 'MINE'], { MINE: 'another one' })
  expect(lines.at(-1)).toBe('surprise: expected let through, met refused')
  expect(code).toBe(1)
})

test('says which secrets of the playground are not there, and who adds them', async () => {
  const file = join(project.root, '.dev.vars')
  const whole = await readFile(file, 'utf8')
  try {
    await writeFile(file, whole.replace(/^MUX_WEBHOOK_SECRET=.*\n/m, ''))
    const message = 'MUX_WEBHOOK_SECRET is not set in .dev.vars; npm start adds it'
    expect((await send(['mux'])).complaints).toEqual([`sallyport send: mux: ${message}`])
    expect((await send(['--all'])).complaints).toEqual([`sallyport send: ${message}`])
  } finally {
    await writeFile(file, whole)
  }
})

test.concurrent.each([[[]], [['-h']], [['--help']], [['mux', '-h']]])(
  '%j says what it can do, and for whom',
  async (args) => {
    const { lines, code } = await send(args)
    expect(code).toBe(0)
    expect(lines.join('\n')).toContain('--wrong-secret')
    expect(lines.at(-1)).toContain('twitch-eventsub')
  },
)
