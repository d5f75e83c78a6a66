import { providers } from '../../dev/catalog.ts'
import { notOneOf, optionOf, readArguments, UsageError } from '../arguments.ts'
import { nearest } from '../nearest.ts'
import { FAULTS, type Fault, faultlessness } from './faults.ts'

export const USAGE = `npm run send -- <provider> [options]      one delivery, signed as the provider does
npm run send -- --all                     every provider with every fault, against npm start

  --tampered | --expired | --future | --replayed | --wrong-secret   what is wrong with it (default: nothing)
  --route URL               where to (default http://127.0.0.1:PORT/webhooks/<provider>, PORT 8787)
  --event file.json         the body (default: a sample of the provider's)
  --secret-from-env NAME    the environment variable that holds the secret (default: .dev.vars); where the
                            gateway has but a public key, NAME_PRIVATE_KEY signs: PKCS #8 in base64

exit 1 where the decision is not the one that the delivery should meet`

const VALUED = ['route', 'event', 'secret-from-env']
const BARE = ['all', 'help', ...FAULTS.filter((fault) => fault !== 'valid')]

export interface SendCommand {
  provider: string | undefined
  fault: Fault
  route: string | undefined
  event: string | undefined
  secretFromEnv: string | undefined
}

/** The command that a command line means; without a provider it is for all of them. */
export function readSend(args: readonly string[]): SendCommand {
  const flags = args.filter((arg) => FAULTS.some((fault) => arg === `--${fault}`))
  const isAll = args.includes('--all')
  const rest = args.filter((arg) => !flags.includes(arg) && arg !== '--all')
  for (const arg of rest) checkOption(arg)
  const read = readArguments(rest, VALUED)
  const [provider, ...more] = read.words
  if (flags.length > 1) throw new UsageError(`${flags.join(' and ')} are two faults; send them one by one`)
  if (more.length > 0) throw new UsageError(`'${more[0]}' is a word too many; name one provider`)
  if (isAll && (provider !== undefined || rest.length > 0 || flags.length > 0)) {
    throw new UsageError('--all stands alone: it sends every provider with every fault')
  }
  const scheme = providers.find(({ scheme: { name } }) => name === provider)?.scheme
  if (!isAll && !scheme) {
    const names = providers.map(({ scheme: { name } }) => name)
    throw new UsageError(notOneOf(provider, names, 'provider'))
  }
  const fault = FAULTS.find((name) => flags[0] === `--${name}`) ?? 'valid'
  const problem = scheme && faultlessness(scheme, fault)
  if (problem !== undefined) throw new UsageError(problem)
  return {
    provider,
    fault,
    route: routeIn(optionOf(read, 'route')),
    event: optionOf(read, 'event'),
    secretFromEnv: optionOf(read, 'secret-from-env'),
  }
}

/** Faults and `--all` have no value, so the reader of the valued ones does not know them for a hint. */
function checkOption(arg: string): void {
  const [, name = ''] = /^--([^=]+)/.exec(arg) ?? []
  const known = [...VALUED, ...BARE]
  if (name === '' || VALUED.includes(name)) return
  const meant = nearest(name, known)
  const hint =
    meant === undefined
      ? `the options are ${known.map((one) => `--${one}`).join(', ')}`
      : `did you mean --${meant}?`
  throw new UsageError(`--${name} is not an option; ${hint}`)
}

function routeIn(route: string | undefined): string | undefined {
  if (route === undefined) return undefined
  const url = URL.canParse(route) ? new URL(route) : undefined
  if (!url || !/^https?:$/.test(url.protocol))
    throw new UsageError(`--route: '${route}' is no http or https URL`)
  if (url.username !== '' || url.password !== '')
    throw new UsageError('--route: holds a user name or a password, which no provider sends')
  return route
}
