import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { StartError } from '../options.ts'

/** The oldest major version whose scripts, `SET` options and flags are those that the state needs. */
export const OLDEST_MAJOR = 7

/** What to tell somebody who has no usable redis-server. */
export const HOW_TO_GET_REDIS = `redis-server ${OLDEST_MAJOR} or newer: apt-get install redis-server, or brew install redis`

/** A redis-server that is on the PATH. */
export interface FoundRedis {
  /** Of the program. */
  path: string
  /** As it says itself, such as `7.0.15`. */
  version: string
  /** Whether it is new enough. */
  usable: boolean
}

const run = promisify(execFile)

/** The first program of this name in the directories of a PATH. */
export async function findProgram(name: string, searchPath: string): Promise<string | undefined> {
  for (const directory of searchPath.split(delimiter)) {
    if (directory === '') continue
    const path = join(directory, name)
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (runs) return path
  }
  return undefined
}

/** The redis-server of a PATH, whatever its version. */
export async function findRedis(
  searchPath: string = process.env.PATH ?? '',
): Promise<FoundRedis | undefined> {
  const path = await findProgram('redis-server', searchPath)
  if (path === undefined) return undefined
  const { stdout } = await run(path, ['--version'])
  const version = / v=(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? 'of an unknown version'
  return { path, version, usable: Number.parseInt(version, 10) >= OLDEST_MAJOR }
}

/**
 * The redis-server of a PATH; installs nothing.
 * @throws {StartError} in one line, where there is none or it is too old.
 */
export async function requireRedis(searchPath?: string): Promise<FoundRedis> {
  const found = await findRedis(searchPath)
  if (found?.usable) return found
  const instead = found === undefined ? '' : ` (${found.path} is ${found.version})`
  throw new StartError(`a local Redis needs ${HOW_TO_GET_REDIS}${instead}`)
}
