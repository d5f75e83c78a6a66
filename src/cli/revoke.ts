import { pathToFileURL } from 'node:url'
import { type Command, LONGEST_MS } from '../control/commands.ts'
import {
  type Arguments,
  lengthOf,
  momentOf,
  notOneOf,
  optionOf,
  readArguments,
  UsageError,
} from './arguments.ts'
import { checkWord, readTarget, runCommandLine, sendCommand, TARGET_OPTIONS } from './control.ts'

const USAGE = `npm run revoke -- <what> <which> [options]

  subject <sub>     --issuer URL   every token of a subject
  token <jti>       --issuer URL   one token
  session <sid>     --issuer URL   every token of a session
  issuer <URL>                     every token of an issuer
  key <id>                         one API key; npm run key -- revoke <id> removes it too
  certificate <SHA-256>            one client certificate
  client <address>                 blocks an address, IPv6 as its /64

  --issuer URL          exactly as the tokens have it in iss, with or without a slash at its end
  --for 24h             how long (default 24h); or --until 2026-12-31T12:00:00Z; at most 400 days
  --issued-before now   only what was issued before then: what is issued later passes
  --reason TEXT         for people, at most 200 characters
  --url URL             of the gateway (default SALLYPORT_URL); the key is CONTROL_KEY or stands in .dev.vars`

const KINDS = ['subject', 'token', 'session', 'issuer', 'key', 'certificate', 'client'] as const
const OPTIONS = ['issuer', 'for', 'until', 'issued-before', 'reason', ...TARGET_OPTIONS]
const OF_AN_ISSUER = ['subject', 'token', 'session']

type Revocation = Extract<Command, { command: 'revoke' | 'block' }>

/** The command that a command line means; `now` in milliseconds since the epoch. */
export function readRevocation(args: Arguments, now: number): Revocation {
  const [word, which, ...rest] = args.words
  const kind = KINDS.find((name) => name === word)
  if (kind === undefined) throw new UsageError(notOneOf(word, KINDS, 'kind of what can be revoked'))
  if (!which) throw new UsageError(`which ${kind}? write it behind the word`)
  if (rest.length > 0)
    throw new UsageError(`'${rest[0]}' is a word too many; put quotes around what has spaces`)
  const issuer = optionOf(args, 'issuer')
  if (OF_AN_ISSUER.includes(kind) && issuer === undefined)
    throw new UsageError(`--issuer is missing: a ${kind} is one of an issuer, as its tokens name it`)
  if (!OF_AN_ISSUER.includes(kind) && issuer !== undefined)
    throw new UsageError(`--issuer says nothing of a ${kind}; leave it out`)
  const until = untilOf(args, now)
  const reason = optionOf(args, 'reason')
  const before = optionOf(args, 'issued-before')
  if (reason !== undefined) checkWord('reason', reason, '--reason')
  const told = { until, ...(reason !== undefined && { reason }) }
  if (kind === 'client') {
    if (before !== undefined) throw new UsageError('--issued-before says nothing of a client; leave it out')
    checkWord('client', which, kind)
    return { command: 'block', client: which, ...told }
  }
  const issuedBefore = before === undefined ? undefined : momentOf(before, '--issued-before', now)
  const revoke = { command: 'revoke', ...told, ...(issuedBefore !== undefined && { issuedBefore }) } as const
  if (issuer !== undefined) checkWord('part', issuer, '--issuer')
  if (kind !== 'key' && kind !== 'certificate') checkWord('part', which, kind)
  switch (kind) {
    case 'subject':
      return { ...revoke, subject: which, issuer: issuer ?? '' }
    case 'token':
      return { ...revoke, token: which, issuer: issuer ?? '' }
    case 'session':
      return { ...revoke, session: which, issuer: issuer ?? '' }
    case 'issuer':
      return { ...revoke, issuer: which }
    case 'key':
      checkWord('id', which, kind)
      return { ...revoke, apiKey: which }
    case 'certificate': {
      const certificate = which.replaceAll(':', '').toLowerCase()
      checkWord('certificate', certificate, kind, which)
      return { ...revoke, certificate }
    }
  }
}

function untilOf(args: Arguments, now: number): number {
  const [length, until] = [optionOf(args, 'for'), optionOf(args, 'until')]
  if (length !== undefined && until !== undefined)
    throw new UsageError('--for and --until say the same; give one')
  const at = until === undefined ? now + lengthOf(length ?? '24h', '--for') : momentOf(until, '--until', now)
  if (at <= now) throw new UsageError(`--until: '${until}' is over`)
  if (at > now + LONGEST_MS)
    throw new UsageError(
      `${until === undefined ? `--for: '${length}'` : `--until: '${until}'`} is past the 400 days that are the most; revoke it again before they end`,
    )
  return at
}

async function main(): Promise<void> {
  const args = readArguments(process.argv.slice(2), OPTIONS)
  const command = readRevocation(args, Date.now())
  const target = await readTarget(args)
  const what = args.words.join(' ')
  if (command.command === 'block') {
    const { client, until } = await sendCommand(target, command)
    // An IPv6 address stands for its /64.
    const which = client.includes(':') ? `${client}/64` : client
    console.log(`blocked: client ${which} until ${new Date(until).toISOString()}`)
  } else {
    const { until, issuedBefore, isKnownIssuer } = await sendCommand(target, command)
    const which = issuedBefore === undefined ? '' : `, issued before ${new Date(issuedBefore).toISOString()},`
    console.log(`revoked: ${what}${which} until ${new Date(until).toISOString()}`)
    if (isKnownIssuer === false) return warnOfIssuer()
  }
  console.log('Every isolate refuses it within 2 s, on Upstash from the next request on.')
  if (command.command === 'revoke' && 'apiKey' in command)
    console.log(
      `If the key is stored, it passes again afterwards: npm run key -- revoke ${command.apiKey} removes it.`,
    )
}

/** It is revoked, and as likely as not that refuses no token: a slash more is another issuer. */
function warnOfIssuer(): void {
  console.error('sallyport revoke: no route takes tokens of that issuer, so this refuses none of them')
  console.error('Write the issuer exactly as the tokens have it in iss: a slash at its end counts.')
  process.exitCode = 1
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runCommandLine('revoke', USAGE, main)
}
