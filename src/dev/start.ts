import { once } from 'node:events'
import { createServer } from 'node:net'
import { checkProject } from '../cli/check.ts'
import type { Configuration } from '../cli/configuration.ts'
import type { Routes } from '../gateway.ts'
import { PROOF_KEY } from '../stages/forward/proof.ts'
import { startDatabase } from './database.ts'
import { Decisions, parseDecision } from './decisions.ts'
import { demoProviders } from './demo-providers.ts'
import { demoIssuers, diverted } from './destinations.ts'
import { GatewayClient } from './gateway-client.ts'
import type { Listening } from './http.ts'
import { startIssuer } from './issuer.ts'
import { IssuerClient } from './issuer-client.ts'
import { Operator } from './operator.ts'
import { readOptions, StartError, type StartOptions } from './options.ts'
import { startOrigin } from './origin.ts'
import { decisionLine, unprovenLine } from './screen.ts'
import { CONTROL_KEY } from './secret-form.ts'
import { provideSecrets } from './secrets.ts'
import { takeTour } from './tour.ts'
import { startWorker } from './worker-process.ts'

/** Milliseconds between looks at whether our parent is still there. */
const PARENT_MS = 500

const print = (line: string): void => console.log(line)

/** What has been started, ended in the opposite order. */
const stops: (() => Promise<void>)[] = []

/** Runs the playground until `interrupted`; returns the exit code. */
async function play(root: string, interrupted: AbortSignal): Promise<number> {
  const options = readOptions(process.argv.slice(2), process.env)
  const checked = await checkProject(root)
  if (!checked.ok) throw new StartError(checked.message)
  const destinations = diverted(checked.configuration)
  const issuers = demoIssuers(checked.configuration)
  // A project whose state is at Upstash plays with a local one too: its own database is none of the playground's.
  const database = options.redis || isOnUpstash(checked.configuration) ? await startDatabase() : undefined
  if (database) {
    stops.push(database.close)
    print(`shared state in redis-server ${database.version}, as Upstash serves it, at ${database.url}`)
  }
  const demo = demoProviders(checked.configuration.files as Routes)
  const secrets = await provideSecrets(root, checked.configuration, demo)
  if (secrets.isFresh) print('wrote .dev.vars with fresh random secrets')
  if (secrets.added > 0) {
    print(`added secrets of ${secrets.added} ${secrets.added === 1 ? 'provider' : 'providers'} to .dev.vars`)
  }
  if (secrets.lacking > 0) {
    print(
      `.dev.vars lacks secrets of ${secrets.lacking} of the ${demo.length} providers under /webhooks, which answer 503; delete what it has of them to have new ones added`,
    )
  }

  const decisions = new Decisions()
  let isServing = false
  const { ports } = options
  const origin = await claiming('ORIGIN_PORT', ports.origin, () =>
    startOrigin({
      port: ports.origin,
      proofKey: secrets.values[PROOF_KEY] ?? '',
      onArrival: (arrival) => {
        if (isServing && !options.json && !arrival.proof?.ok) print(unprovenLine(arrival))
      },
    }),
  )
  stops.push(origin.close)
  const issuer = await claiming('ISSUER_PORT', ports.issuer, () => startIssuer({ port: ports.issuer }))
  stops.push(issuer.close)
  await claiming('PORT', ports.gateway, () => probe(ports.gateway))

  const worker = startWorker({
    root,
    port: ports.gateway,
    demo,
    vars: {
      ...Object.fromEntries([...destinations].map((name) => [name, origin.url])),
      ...Object.fromEntries([...issuers].map((name) => [name, issuer.url])),
      PUBLIC_HOSTS: `127.0.0.1:${ports.gateway} localhost:${ports.gateway}`,
      // wrangler dev takes request.cf, and in it the peer's address, from a header of the client's.
      TRUST: 'none',
      ...database?.vars,
    },
    onLine: (line) => {
      const event = parseDecision(line)
      if (event) decisions.add(event)
      if (!isServing) return
      if (event) print(options.json ? line : decisionLine(event))
      else if (/\berror\b/i.test(line)) print(line)
    },
  })
  stops.push(worker.stop)
  await worker.ready()
  print(`sallyport ready ${worker.url}`)

  if (options.tour) {
    print('')
    const client = new GatewayClient({ gateway: worker.url, origin: origin.url }, decisions)
    const routes = checked.configuration.files as Routes
    const demo = { client: new IssuerClient(issuer.url), vars: issuers }
    const controlKey = secrets.values[CONTROL_KEY]
    const operator = controlKey ? new Operator(worker.url, controlKey) : undefined
    const ground = { secrets: secrets.values, routes, issuer: demo, operator }
    const faults = await takeTour(client, ground, print)
    if (database) print(`shared state answered ${database.calls()} HTTP calls`)
    if (faults.length > 0) throw new StartError(`the tour was not as expected:\n  ${faults.join('\n  ')}`)
  }
  if (options.tour) print('')
  print(`what arrived: curl ${origin.url}/_playground/requests`)
  print(`a token:      curl ${issuer.url}/token -d '{}'`)
  print(`any provider: ${movedPorts(ports)}npm run send -- mux, or -- --all for every one with every fault`)
  print(`your own:     README.md, "Add a route"; npm run check says what is wrong with it`)
  print(options.tour ? 'serving until Ctrl-C; each decision is one line' : 'serving until Ctrl-C')
  isServing = true
  const isInterrupted = once(interrupted, 'abort').then(() => true)
  if (!interrupted.aborted && !(await Promise.race([isInterrupted, worker.ended.then(() => false)]))) {
    throw new StartError(
      'wrangler dev has ended by itself; npm run check says whether a changed file is at fault',
    )
  }
  return 0
}

/** What a command in another terminal has to be told of ports, where they are not the usual ones. */
const movedPorts = ({ gateway, origin }: StartOptions['ports']): string =>
  gateway === 8787 && origin === 8788 ? '' : `PORT=${gateway} ORIGIN_PORT=${origin} `

const isOnUpstash = ({ environments }: Configuration): boolean =>
  environments.some(({ name, vars }) => name === undefined && vars.STATE === 'upstash')

/** Turns a port that is taken into one message with the way out. */
async function claiming<T extends Listening | undefined>(
  variable: string,
  port: number,
  start: () => Promise<T>,
): Promise<T> {
  try {
    return await start()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') throw new StartError(`port ${port} is taken; set ${variable}=…`)
    if (code === 'EACCES') throw new StartError(`port ${port} is not ours to take; set ${variable}=…`)
    throw error
  }
}

/** Listens for a moment: wrangler would take the next free port and not say so in time. */
async function probe(port: number): Promise<undefined> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}

async function main(): Promise<void> {
  const interruption = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interruption.abort())
  }
  // Whoever started us may be killed without a word to us; what we started must not outlive that.
  const parent = process.ppid
  setInterval(() => process.ppid === parent || interruption.abort(), PARENT_MS).unref()
  let exitCode = 0
  try {
    const playing = play(process.cwd(), interruption.signal)
    // A tour in its middle is not worth waiting for.
    const left = new Promise<number>((resolve) => {
      interruption.signal.addEventListener('abort', () => resolve(0))
    })
    playing.catch(() => undefined)
    exitCode = await Promise.race([playing, left])
  } catch (error) {
    exitCode = 1
    console.error(error instanceof StartError ? `sallyport: ${error.message}` : error)
  }
  for (const stop of stops.reverse()) await stop()
  process.exit(exitCode)
}

await main()
