import { spawnSync } from 'node:child_process'
import { access, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { requireRedis } from '../../src/dev/redis/find.ts'
import { type Place, provideRedis } from '../../src/dev/redis/provide.ts'
import { failureOf } from './front-under-test.ts'

const HOW = 'redis-server 7 or newer: apt-get install redis-server, or brew install redis'
const PROGRAM = new URL('../../src/dev/redis/provide.ts', import.meta.url).pathname
const NEW_REDIS = 'echo "Redis server v=7.0.15 sha=00000000:0 malloc=libc bits=64 build=0"'
const NOBODY = 65_534

let directory: string
let said: string[]
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-provide-'))
  said = []
})
afterEach(() => rm(directory, { recursive: true, force: true }))

/** A program of the PATH that these tests see, which holds nothing else. */
async function program(name: string, script: string): Promise<void> {
  const path = join(directory, name)
  await writeFile(path, `#!/bin/sh\necho "${name} $*" >> "${directory}/log"\n${script}\n`)
  await chmod(path, 0o755)
}

function provide(changes: Partial<Place>): Promise<void> {
  const place: Place = {
    searchPath: directory,
    platform: 'linux',
    isRoot: true,
    policyFile: join(directory, 'policy-rc.d'),
    ...changes,
  }
  return provideRedis(place, (line) => said.push(line))
}

const log = (): Promise<string> => readFile(join(directory, 'log'), 'utf8').catch(() => '')
const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
/** What a package manager does at its best: puts a redis-server into the PATH. */
const installs = (): string => {
  const path = `${directory}/redis-server`
  return `{ echo '#!/bin/sh'; echo '${NEW_REDIS}'; } > "${path}"; /bin/chmod 755 "${path}"`
}

function runAsProgram(searchPath: string, uid = process.getuid?.() ?? 0) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM], {
    env: { ...process.env, PATH: searchPath },
    encoding: 'utf8',
    uid,
  })
  return { status, stdout, stderr }
}

describe('as a program', () => {
  it('says nothing where there is a redis-server', () => {
    expect(runAsProgram(process.env.PATH ?? '')).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it('ends with 1 and one line that says how, where nothing can be installed', () => {
    expect(runAsProgram('')).toEqual({ status: 1, stdout: '', stderr: `sallyport: the tests need ${HOW}\n` })
  })

  it('ends with the same line beside an older one, which it leaves alone', async () => {
    await program('redis-server', 'echo "Redis server v=6.0.16 sha=00000000:0"')
    await program('apt-get', installs())
    expect(runAsProgram(directory)).toEqual({
      status: 1,
      stdout: '',
      stderr: `sallyport: the tests need ${HOW}\n`,
    })
    expect(await log()).not.toContain('apt-get')
  })
})

// Only root can become somebody else.
describe.runIf(process.getuid?.() === 0)('as a program of somebody who is not root', () => {
  it('asks apt-get for nothing', async () => {
    await chmod(directory, 0o777)
    await program('apt-get', installs())
    expect(runAsProgram(directory, NOBODY)).toEqual({
      status: 1,
      stdout: '',
      stderr: `sallyport: the tests need ${HOW}\n`,
    })
    expect(await log()).toBe('')
  })
})

describe('apt-get', () => {
  it('installs as root, with the services of packages held back', async () => {
    await program('apt-get', `/bin/cat "${directory}/policy-rc.d" >> "${directory}/log"; ${installs()}`)
    await provide({})
    expect(await log()).toContain(
      'apt-get install -y -qq --no-install-recommends redis-server\n#!/bin/sh\nexit 101\n',
    )
    expect(await exists(join(directory, 'policy-rc.d'))).toBe(false)
    expect(said).toEqual([
      'sallyport: installing redis-server with apt-get; its system service is not started',
    ])
  })

  it('fetches the lists first where the package is not known yet', async () => {
    const known = `${directory}/lists`
    await program(
      'apt-get',
      `if [ "$1" = update ]; then : > "${known}"; exit 0; fi; [ -e "${known}" ] || exit 100; ${installs()}`,
    )
    await provide({})
    const words = (await log()).split('\n').flatMap((line) => /^apt-get (\w+)/.exec(line)?.[1] ?? [])
    expect(words).toEqual(['install', 'update', 'install'])
  })

  it('leaves a policy alone that the machine has', async () => {
    const policyFile = join(directory, 'policy-rc.d')
    await writeFile(policyFile, 'the policy of this machine')
    await program('apt-get', installs())
    await provide({})
    expect(await readFile(policyFile, 'utf8')).toBe('the policy of this machine')
  })

  it('ends in the one line when it fails, and takes the policy away', async () => {
    await program('apt-get', 'exit 100')
    expect((await failureOf(provide({}))).message).toBe(`the tests need ${HOW}`)
    expect(await exists(join(directory, 'policy-rc.d'))).toBe(false)
  })

  it('ends in the one line when it installs an old version', async () => {
    await program('apt-get', installs().replace('v=7.0.15', 'v=6.0.16'))
    expect((await failureOf(provide({}))).message).toBe(`the tests need ${HOW}`)
  })
})

describe('brew', () => {
  it('installs on macOS, also without root', async () => {
    await program('brew', installs())
    await provide({ platform: 'darwin', isRoot: false })
    expect(await log()).toContain('brew install redis')
  })

  it('is left alone on other systems', async () => {
    await program('brew', installs())
    expect((await failureOf(provide({ isRoot: false }))).message).toBe(`the tests need ${HOW}`)
    expect(await log()).toBe('')
  })
})

describe('a start with a local Redis', () => {
  it('finds the one of the PATH', async () => {
    expect(await requireRedis()).toMatchObject({ usable: true })
  })

  it('stops with one line where there is none, and installs nothing', async () => {
    await program('apt-get', installs())
    const error = await failureOf(requireRedis(directory))
    expect([error.constructor.name, error.message]).toEqual(['StartError', `a local Redis needs ${HOW}`])
    expect(await log()).toBe('')
  })
})
