import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = import.meta.dirname
const mark = join(folder, 'node_modules/.installed-from')

/** The digest of all that decides what is installed. */
function wanted(): string {
  const hash = createHash('sha256')
  for (const file of ['package.json', 'package-lock.json', '.npmrc'])
    hash.update(readFileSync(join(folder, file)))
  return hash.digest('hex')
}

/** The digest of the last install that came to its end; `npm ci` takes the mark away with the folder. */
function installed(): string | undefined {
  try {
    return readFileSync(mark, 'utf8')
  } catch {
    return undefined
  }
}

if (installed() !== wanted()) {
  const began = performance.now()
  const options = ['--prefix', folder, '--no-audit', '--no-fund']
  const { status, error } = spawnSync('npm', ['ci', ...options], { stdio: 'inherit', timeout: 300_000 })
  if (status !== 0) {
    console.error(
      `The SDKs could not be installed in ${folder}: ${error?.message ?? `npm ci ended with ${status}`}.`,
    )
    process.exit(1)
  }
  writeFileSync(mark, wanted())
  console.log(`The SDKs were installed in ${Math.round((performance.now() - began) / 1000)} s.`)
}
