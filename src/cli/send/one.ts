import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { providers, vectorFileOf } from '../../dev/catalog.ts'
import type { Routes } from '../../gateway.ts'
import type { Scheme } from '../../webhooks/scheme.ts'
import { UsageError } from '../arguments.ts'
import type { SendCommand } from './command.ts'
import { expectationOf, type Fault, remarkOn } from './faults.ts'
import { checkSecrets, materialOf, prepare, readVars, secretNameOf } from './material.ts'
import { type Answer, differenceFrom, post } from './post.ts'

/** Characters of a body that are printed. */
const MAX_SHOWN = 1500

/** Sends one delivery, prints it and what it met; returns the exit code. */
export async function sendOne(
  { provider: name, fault, route, event, secretFromEnv }: SendCommand,
  facts: { routes: Routes; root: string; urlOf: (name: string) => string },
  print: (line: string) => void,
): Promise<number> {
  const provider = providers.find(({ scheme }) => scheme.name === name)
  if (!provider) throw new UsageError(`'${name}' is no provider`)
  const { scheme } = provider
  const secretName = secretFromEnv ?? secretNameOf(provider, facts.routes)
  const vars = secretFromEnv === undefined ? await readVars(facts.root) : process.env
  const material = materialOf(provider, vectorFileOf(scheme.name).sample, secretName, vars)
  checkSecrets([material], secretFromEnv === undefined ? '.dev.vars' : 'the environment')
  const body = event === undefined ? undefined : await readEvent(event)
  const url = route ?? facts.urlOf(scheme.name)
  const delivery = await prepare(material, fault, { url, body, now: Date.now() })
  const hidden = (text: string) => (material.secret ? text.replaceAll(material.secret, '<the secret>') : text)
  print(`${delivery.method} ${delivery.url}`)
  for (const [header, value] of Object.entries(delivery.headers)) {
    // A shared token is the secret itself, in whatever spelling.
    const isToken = scheme.proof.kind === 'token' && header !== 'content-type'
    print(`  ${header}: ${isToken ? '<the secret>' : hidden(value)}`)
  }
  print(`  ${cut(hidden(delivery.body))}`)
  const remark = remarkOn(scheme, fault)
  if (remark !== undefined) print(remark)
  const answers = [await post(delivery)]
  if (fault === 'replayed') answers.push(await post(delivery))
  for (const [at, answer] of answers.entries())
    tell(answers.length === 1 ? 'answer' : at === 0 ? 'first' : 'second', answer, print)
  const surprise = surpriseOf(scheme, fault, answers)
  if (surprise === undefined) return 0
  print(`surprise: ${surprise}`)
  return 1
}

/** A replay is the second of two, and says nothing where the first was not taken. */
function surpriseOf(scheme: Scheme, fault: Fault, [first, second]: readonly Answer[]): string | undefined {
  const expected = expectationOf(scheme, fault)
  if (!first || expected === undefined) return undefined
  if (!second) return differenceFrom(expected, scheme, first)
  // A copy may have been sent before; and a route may deduplicate by itself what its provider does not sign.
  const isKnown =
    first.decision === 'duplicate' || (expected === 'let through' && second.decision === 'duplicate')
  return isKnown
    ? undefined
    : (differenceFrom('let through', scheme, first) ?? differenceFrom(expected, scheme, second))
}

function tell(
  which: string,
  { status, decision, code, id, body, headers }: Answer,
  print: (line: string) => void,
): void {
  const duplicateOf = headers.get('sallyport-duplicate-of')
  const why = code ?? (duplicateOf === null ? undefined : `of ${duplicateOf}`)
  print(`${which}: ${status} ${decision}${why === undefined ? '' : ` ${why}`}  id ${id ?? 'none'}`)
  if (body !== '') print(`  ${cut(body)}`)
}

const cut = (text: string): string =>
  text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)`

async function readEvent(file: string): Promise<string> {
  const bytes = await readFile(file).catch(() => undefined)
  if (!bytes) throw new UsageError(`--event: ${file} cannot be read`)
  // Decoded with replacement characters, it would be signed as another text than the file's.
  if (!isUtf8(bytes)) throw new UsageError(`--event: ${file} is not UTF-8`)
  return bytes.toString('utf8')
}
