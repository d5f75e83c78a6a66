import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { entryFiles, readCatalog } from '../../../../src/dev/catalog.ts'
import { providerPage, templateOf } from '../../../../src/dev/provider-table.ts'
import { authenticate, mount } from './providers.ts'

const page = resolve(import.meta.dirname, '../../../../src/webhooks/providers/README.md')
const catalog = await readCatalog()
const made = providerPage(catalog)

test('the table of providers is what the entries say: npm run docs writes it', () => {
  expect(readFileSync(page, 'utf8')).toBe(made)
})

test('every file of an entry is exported', () => {
  expect(entryFiles().sort()).toEqual(catalog.map(({ name }) => name).sort())
})

/** The cells of a provider's row, by column. */
function rowOf(name: string): Readonly<Record<string, string>> {
  const lines = made.split('\n')
  const cells = (line = '') => line.split(/(?<!\\)\|/).map((cell) => cell.trim())
  const columns = cells(lines.find((line) => line.startsWith('| provider |')))
  const row = cells(lines.find((line) => line.includes(`](${name}.ts) |`)))
  return Object.fromEntries(columns.map((column, at) => [column, row[at] ?? '']))
}

describe.each(catalog.map((entry) => [entry.name, entry] as const))(
  '%s',
  (name, { provider, scheme, facts }) => {
    test('the table says what a delivery is known by', async () => {
      const { authenticator, deliver, env } = await mount(provider)
      const result = await authenticate(authenticator, await deliver(), env)
      if (!result.ok) throw new Error(result.denial.reason)
      const [kind = ''] = (result.value.replay?.id ?? 'none').split(':')
      const [, known, id] =
        /^(id|digest|none)(?: \(`([^`]+)`\))?(?:, time)?$/.exec(rowOf(name)['against replay'] ?? '') ?? []
      expect(known).toBe(kind)
      expect(id !== undefined).toBe(kind === 'id')
    })

    test('the table says what is signed', () => {
      const cell = rowOf(name)['signature covers'] ?? ''
      const template = templateOf(scheme.proof)
      if (scheme.proof.covers === 'nothing') expect(cell).toBe('nothing')
      else if (template !== undefined) expect(cell).toBe(`\`${template}\``)
      else expect(cell).toBe(facts.signs)
      expect(cell).not.toBe('')
      // Said once: by the proof where it can, else by the entry.
      if (template !== undefined || scheme.proof.covers === 'nothing') expect(facts.signs).toBe(undefined)
      const { by } = scheme.proof as { by?: { idHeader?: string } }
      if (by?.idHeader !== undefined || scheme.bodyId !== undefined) expect(facts.signedId).toBe(undefined)
    })
  },
)

test('durations have two units at most', () => {
  const written = catalog.flatMap(({ name }) => [rowOf(name).tolerance ?? '', rowOf(name).redelivery ?? ''])
  const durations = written.flatMap((text) => text.match(/\d.*$/)?.[0] ?? [])
  expect(durations.length).toBeGreaterThan(60)
  for (const duration of durations) {
    expect(duration).toMatch(
      /^(?:[1-9]\d* d|\d{1,2} h(?: [1-5]?\d min)?|[1-5]?\d min(?: [1-5]?\d s)?|[1-5]?\d s)$/,
    )
  }
  expect(rowOf('svix').redelivery).toBe('27 h 35 min')
  expect(rowOf('mailgun').redelivery).toBe('8 h 5 min')
  expect(rowOf('lemonsqueezy').redelivery).toBe('2 min 35 s')
})

test('every note is made of sentences', () => {
  const notes = made
    .slice(made.indexOf('## Worth knowing'))
    .split('\n')
    .filter((line) => line.startsWith('- '))
  expect(notes.length).toBeGreaterThan(60)
  for (const note of notes) {
    const text = note.replace(/^- \*\*.*?\*\*\. /, '').replaceAll(/`[^`]*`/g, '`')
    expect(note).toMatch(/[.!?]$/)
    for (const sentence of text.split(/(?<=[.!?]) /)) expect(sentence, note).toMatch(/^[^a-z]/)
    // What stands behind "after" is something that happens, and no sentence of its own.
    expect(note).not.toMatch(
      /stops sending after (?:nothing|none)| after an? [^.]* (?:ends|pauses?|suspends?) /,
    )
  }
})
