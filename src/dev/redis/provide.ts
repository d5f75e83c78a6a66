import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { findProgram, findRedis, HOW_TO_GET_REDIS } from './find.ts'

/** Where and how a redis-server may be installed. */
export interface Place {
  /** The PATH. */
  searchPath: string
  platform: NodeJS.Platform
  isRoot: boolean
  /** What Debian's packages ask whether they may start a service. */
  policyFile: string
}

/** Debian's way to say that no service may be started (invoke-rc.d, exit code 101). */
const START_NO_SERVICE = '#!/bin/sh\nexit 101\n'

/**
 * Finds a usable redis-server, or installs one where that needs no question: apt-get as root, or brew on macOS.
 * An older one is left alone.
 * @throws {Error} in one line that says how to get it.
 */
export async function provideRedis(place: Place, say: (line: string) => void): Promise<void> {
  const found = await findRedis(place.searchPath)
  if (found?.usable) return
  if (found === undefined) await install(place, say)
  if (!(await findRedis(place.searchPath))?.usable) throw new Error(`the tests need ${HOW_TO_GET_REDIS}`)
}

async function install(place: Place, say: (line: string) => void): Promise<void> {
  const run = (program: string, ...words: string[]): boolean => {
    const env = { ...process.env, PATH: place.searchPath, DEBIAN_FRONTEND: 'noninteractive' }
    try {
      execFileSync(program, words, { env, stdio: ['ignore', 'ignore', 'inherit'] })
      return true
    } catch {
      return false
    }
  }
  const aptGet = place.isRoot ? await findProgram('apt-get', place.searchPath) : undefined
  if (aptGet !== undefined) {
    say('sallyport: installing redis-server with apt-get; its system service is not started')
    const packages = ['install', '-y', '-qq', '--no-install-recommends', 'redis-server']
    await withoutServices(place.policyFile, () => {
      if (!run(aptGet, ...packages) && run(aptGet, 'update', '-qq')) run(aptGet, ...packages)
    })
    return
  }
  const brew = place.platform === 'darwin' ? await findProgram('brew', place.searchPath) : undefined
  if (brew !== undefined) {
    say('sallyport: installing redis with brew')
    run(brew, 'install', 'redis')
  }
}

/** A policy that the machine has already stays as it is. */
async function withoutServices(policyFile: string, task: () => void): Promise<void> {
  const ours = !existsSync(policyFile)
  if (ours) writeFileSync(policyFile, START_NO_SERVICE, { mode: 0o755 })
  try {
    task()
  } finally {
    if (ours) rmSync(policyFile, { force: true })
  }
}

if (import.meta.main) {
  try {
    await provideRedis(
      {
        searchPath: process.env.PATH ?? '',
        platform: process.platform,
        isRoot: process.getuid?.() === 0,
        policyFile: '/usr/sbin/policy-rc.d',
      },
      (line) => console.log(line),
    )
  } catch (error) {
    console.error(`sallyport: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
