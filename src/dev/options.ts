/** What the command line and the environment say. */
export interface StartOptions {
  tour: boolean
  /** Raw records on the screen in place of one short line for each decision. */
  json: boolean
  /** Shared state in a local Redis behind Upstash's protocol, in place of Durable Objects. */
  redis: boolean
  ports: { gateway: number; origin: number; issuer: number }
}

const FLAGS = ['--no-tour', '--json', '--redis']

/** A start that cannot succeed: its message is all that the user needs to read. */
export class StartError extends Error {}

/**
 * Reads flags and the ports that PORT, ORIGIN_PORT and ISSUER_PORT move (8787, 8788, 8789).
 * @throws {StartError} naming an unknown flag or a port that is none.
 */
export function readOptions(
  flags: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): StartOptions {
  for (const flag of flags) {
    if (!FLAGS.includes(flag)) {
      throw new StartError(`'${flag}' is not known; npm start -- takes --no-tour, --json and --redis`)
    }
  }
  const port = (name: string, usual: number): number => {
    const text = env[name] ?? ''
    if (text === '') return usual
    const value = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0
    if (value < 1 || value > 65_535) throw new StartError(`${name} is '${text}'; use a port from 1 to 65535`)
    return value
  }
  return {
    tour: !flags.includes('--no-tour'),
    json: flags.includes('--json'),
    redis: flags.includes('--redis'),
    ports: {
      gateway: port('PORT', 8787),
      origin: port('ORIGIN_PORT', 8788),
      issuer: port('ISSUER_PORT', 8789),
    },
  }
}
