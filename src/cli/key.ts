import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { mintKey } from '../credentials/api-key/mint.ts'
import { type Arguments, notOneOf, optionOf, readArguments, UsageError } from './arguments.ts'
import {
  checkWord,
  Refused,
  readSecret,
  readTarget,
  runCommandLine,
  sendCommand,
  TARGET_OPTIONS,
} from './control.ts'
import { readGrants, readImport } from './grants.ts'

const USAGE = `npm run key -- create --prefix acme_live --scopes a,b [options]
npm run key -- list
npm run key -- revoke <id>
npm run key -- import <file>       JSON records of keys made elsewhere, one a line or one array

  --prefix acme_live    as in the route's apiKey
  --scopes a,b          --roles a,b
  --claim tenant=acme   once for each claim
  --expires 90d         or a moment: 2026-12-31
  --name TEXT           --owner TEXT
  --checksum NAME       the secret of the checksum (default API_KEY_CHECKSUM), in the environment or .dev.vars
  --url URL             of the gateway (default SALLYPORT_URL); the key to sign with is CONTROL_KEY or stands in .dev.vars

The new key is all that goes to stdout; npm adds lines of its own unless it is npm run --silent key -- create …`

const COMMANDS = ['create', 'list', 'revoke', 'import'] as const
const CREATE = ['prefix', 'scopes', 'roles', 'claim', 'expires', 'name', 'owner', 'checksum']

async function create(args: Arguments): Promise<void> {
  const prefix = optionOf(args, 'prefix')
  if (prefix === undefined) throw new UsageError("--prefix is missing; give the one of the route's apiKey")
  const grants = readGrants(args, Date.now())
  if (grants.scopes.length === 0) throw new UsageError('--scopes is missing; say what the key may do')
  const target = await readTarget(args)
  const checksumSecret = await readSecret(optionOf(args, 'checksum') ?? 'API_KEY_CHECKSUM')
  const { key, record } = await mintKey({ prefix, checksumSecret, ...grants }).catch((error) => {
    throw new UsageError(error instanceof Error ? error.message : 'the key cannot be made')
  })
  await sendCommand(target, { command: 'key.create', record })
  console.error(
    `created: ${record.id}, ${record.expiresAt === undefined ? 'without an end' : `until ${record.expiresAt}`}`,
  )
  console.error('This is the key. It is shown once and stored nowhere: hand it over now.')
  console.log(key)
}

async function list(args: Arguments): Promise<void> {
  const target = await readTarget(args)
  const shown = new Set<string>()
  let cursor: string | undefined
  do {
    const page = await sendCommand(target, { command: 'key.list', ...(cursor !== undefined && { cursor }) })
    for (const { id, scopes, name, expiresAt } of page.keys) {
      // A key that changed meanwhile may come twice.
      if (shown.has(id)) continue
      shown.add(id)
      const broken = scopes === undefined ? 'a record that no gateway reads' : scopes.join(' ')
      console.log([id, name ?? '-', broken, expiresAt ?? 'no end'].join('\t'))
    }
    cursor = page.cursor
  } while (cursor !== undefined)
  console.error(`${shown.size} ${shown.size === 1 ? 'key' : 'keys'}`)
}

async function revoke(args: Arguments, id: string): Promise<void> {
  checkWord('id', id, 'key')
  const target = await readTarget(args)
  const { removed, until } = await sendCommand(target, { command: 'key.revoke', id })
  const end = new Date(until).toISOString()
  console.error(
    removed
      ? `revoked and removed: ${id}; every isolate refuses it within 2 s, on Upstash from the next request on`
      : `no key ${id} is stored; the id is revoked until ${end} all the same`,
  )
  if (removed)
    console.error(`Take it out of the files that you import: what is stored again passes after ${end}.`)
  else console.error('A key of a Worker secret has to be taken out of the secret: wrangler secret put.')
}

async function importAll(args: Arguments, file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`${file} cannot be read`)
  })
  const records = readImport(text, Date.now())
  const target = await readTarget(args)
  for (const [i, record] of records.entries()) {
    await sendCommand(target, { command: 'key.create', record }).catch((error: unknown) => {
      const said = error instanceof Error ? error.message : 'failed'
      throw new Refused(
        `record ${i + 1} of ${records.length}: ${said}. Those before it are stored; import again`,
      )
    })
  }
  console.error(`imported: ${records.length} ${records.length === 1 ? 'key' : 'keys'}`)
}

async function main(): Promise<void> {
  const [word] = process.argv.slice(2)
  const name = COMMANDS.find((command) => command === word)
  if (name === undefined) throw new UsageError(notOneOf(word, COMMANDS, 'command'))
  const known = [...(name === 'create' ? CREATE : []), ...TARGET_OPTIONS]
  const args = readArguments(process.argv.slice(3), known, ['claim'])
  const [operand, ...rest] = args.words
  const takesOne = name === 'revoke' || name === 'import'
  if (rest.length > 0 || (!takesOne && operand !== undefined))
    throw new UsageError(`'${rest[0] ?? operand}' is a word too many`)
  if (name === 'create') return create(args)
  if (name === 'list') return list(args)
  if (!operand)
    throw new UsageError(name === 'revoke' ? 'which key? write its id' : 'which file? write its name')
  return name === 'revoke' ? revoke(args, operand) : importAll(args, operand)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runCommandLine('key', USAGE, main)
}
