import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const pages = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'src/README.md',
  'src/control/README.md',
  'src/credentials/README.md',
  'src/credentials/api-key/README.md',
  'src/credentials/introspection/README.md',
  'src/keys/README.md',
  'src/origin/README.md',
  'src/state/README.md',
  'src/state/isolate/README.md',
  'src/state/upstash/README.md',
  'src/stages/record/README.md',
  'bench/README.md',
]

it('the README shows two routes of the playground, letter for letter', () => {
  for (const file of ['routes/github.ts', 'routes/orders.ts']) expect(read('README.md')).toContain(read(file))
})

it('the README shows the Worker of this repository with a first tier, letter for letter', () => {
  const worker = read('src/worker.ts').replace(/\n\}\)\n$/, "\n  firstTier: { binding: 'FIRST_TIER' },\n})\n")
  expect(read('README.md')).toContain(`\n\`\`\`ts\n${worker}\`\`\`\n`)
})

it('no line of the README is longer than 130 characters, but for tables and code', () => {
  const prose = read('README.md').replaceAll(/^```[\s\S]*?^```$/gm, '')
  expect(prose.split('\n').filter((line) => line.length > 130 && !line.startsWith('|'))).toEqual([])
})

it.each(pages)('every link of %s leads to a file', (page) => {
  const links = [...read(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link)
  expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
})

it('every npm script that a page names is there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const named = pages.flatMap((page) =>
    [...read(page).matchAll(/npm (?:run )?([a-z][a-z:-]*)/g)].map(([, name = '']) => name),
  )
  const ofNpm = new Set(['ci', 'install'])
  expect(named.filter((name) => !(name in scripts) && !ofNpm.has(name))).toEqual([])
})

it('every runtime and development dependency has its reason', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
    string,
    Record<string, string>
  >
  const reasons = read('README.md').split('## Dependencies')[1] ?? ''
  const unnamed = Object.keys({ ...dependencies, ...devDependencies }).filter(
    (name) => !reasons.includes(name === '@biomejs/biome' ? 'biome' : name),
  )
  expect(unnamed).toEqual([])
})

it('the README quotes the costs that the page of Upstash computes', () => {
  const [, upstash = '', , objects = ''] =
    /^\| delivery, committed +\| (\$[\d.]+) +\| (\$[\d.]+) +\| (\$[\d.]+)/m.exec(
      read('src/state/upstash/README.md'),
    ) ?? []
  expect(read('README.md')).toContain(`| ${objects} and object time | 6 commands each, ${upstash} |`)
})
