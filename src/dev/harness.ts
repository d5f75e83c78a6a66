import { once } from 'node:events'
import { createServer } from 'node:net'
import { checkProject } from '../cli/check.ts'
import type { Fault } from '../cli/send/faults.ts'
import { faultlessness } from '../cli/send/faults.ts'
import { lackingOf, makeDelivery, materialOf, type Signed } from '../cli/send/material.ts'
import type { Routes } from '../gateway.ts'
import type { Route } from '../route.ts'
import { PROOF_KEY } from '../stages/forward/proof.ts'
import type { Sample } from '../testing/vector-file.ts'
import { providers, vectorFileOf } from './catalog.ts'
import { Decisions, parseDecision } from './decisions.ts'
import { demoSecretName } from './demo-providers.ts'
import { demoIssuers, diverted } from './destinations.ts'
import { GatewayClient, type Outcome, type Outgoing } from './gateway-client.ts'
import { startIssuer } from './issuer.ts'
import { IssuerClient } from './issuer-client.ts'
import { StartError } from './options.ts'
import { startOrigin } from './origin.ts'
import { provideSecrets } from './secrets.ts'
import { TourRoutes } from './tour-routes.ts'
import { startWorker } from './worker-process.ts'

export type { Fault } from '../cli/send/faults.ts'
export type { Outcome, Outgoing } from './gateway-client.ts'

/** What is sent in a provider's name. */
export interface DeliverOptions {
  /** The path of the route. @default that of the project's route for this provider */
  path?: string
  /** Has to be there for what `hmacWebhook` made. @default a sample of the provider's, a new one each time */
  body?: string
  /** The event, where a header names it. @default the sample's */
  event?: string
  /** What is wrong with it. @default 'valid' */
  fault?: Fault
}

/** A project's own Worker in workerd, with an origin and an issuer of the harness behind it. */
export interface Harness {
  readonly url: string
  /**
   * Signs a delivery with the secret that the route names, sends it, and tells what became of it. Takes a provider, or what
   * `hmacWebhook` made. Throws a TypeError for an option that is missing, and for a fault that is none or not the provider's.
   */
  deliver(provider: Signed, options?: DeliverOptions): Promise<Outcome>
  /** Sends any request to the gateway. */
  send(request: Outgoing): Promise<Outcome>
  /** An access token of the harness' issuer, which stands for every issuer on this machine. */
  token(claims?: Readonly<Record<string, unknown>>): Promise<string>
  /** Shapes the origin's next answers. */
  shapeOrigin(behaviour: { status?: number; delayMs?: number; times?: number }): Promise<void>
  close(): Promise<void>
}

/**
 * Starts the project in `root` on workerd, for tests of its own routes: wrangler.toml's Worker with Durable Object state, the
 * secrets of `.dev.vars` (written with random ones where there is none), and an origin that records what reaches it. Throws,
 * with the message of `npm run check`, for a project that does not load.
 * @example
 * import { startHarness } from 'sallyport/testing/harness'
 * import { stripe } from 'sallyport/webhooks'
 *
 * const harness = await startHarness()
 * const { status, event, arrival } = await harness.deliver(stripe, { body: '{"id":"evt_1"}' })
 * console.log(status, event.decision, arrival?.headers['sallyport-provider'])
 * await harness.close()
 */
export async function startHarness({ root = process.cwd() } = {}): Promise<Harness> {
  const checked = await checkProject(root)
  if (!checked.ok) throw new StartError(checked.message)
  const { configuration } = checked
  const routes = configuration.files as Routes
  const secrets = await provideSecrets(root, configuration)
  const stops: (() => Promise<void>)[] = []
  const close = async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
  }
  try {
    const origin = await startOrigin({ port: 0, proofKey: secrets.values[PROOF_KEY] ?? '' })
    stops.push(origin.close)
    const issuer = await startIssuer({ port: 0 })
    stops.push(issuer.close)
    const port = await freePort()
    const decisions = new Decisions()
    const pointed = (names: ReadonlySet<string>, url: string) =>
      [...names].map((name) => [name, url] as const)
    const worker = startWorker({
      root,
      port,
      vars: {
        ...Object.fromEntries(pointed(diverted(configuration), origin.url)),
        ...Object.fromEntries(pointed(demoIssuers(configuration), issuer.url)),
        PUBLIC_HOSTS: `127.0.0.1:${port}`,
        TRUST: 'none',
        STATE: 'durable-object',
      },
      onLine: (line) => {
        const event = parseDecision(line)
        if (event) decisions.add(event)
      },
    })
    stops.push(worker.stop)
    await worker.ready()
    const client = new GatewayClient({ gateway: worker.url, origin: origin.url }, decisions)
    const issuerClient = new IssuerClient(issuer.url)
    return {
      url: worker.url,
      send: (request) => client.send(request),
      shapeOrigin: (behaviour) => client.shapeOrigin(behaviour),
      token: (claims = {}) => issuerClient.token({ claims }),
      close,
      async deliver(provider, options = {}) {
        const { fault = 'valid', body } = options
        const { scheme } = provider
        const problem = faultlessness(scheme, fault)
        if (problem !== undefined) throw new TypeError(`fault: '${fault}': ${problem}`)
        const { route, path } = targetOf(routes, scheme.name, options.path)
        const sample = sampleOf(scheme.name, options)
        const [secretName = demoSecretName(scheme.name)] = route.authenticate.secrets
        const material = materialOf(provider, sample, secretName, secrets.values)
        const [lacking] = lackingOf(material)
        if (lacking !== undefined) throw new TypeError(`${scheme.name}: ${lacking} is not set in .dev.vars`)
        const url = `${worker.url}${path}`
        const delivery = await makeDelivery(material, fault, { url, body, now: Date.now() })
        if (fault === 'replayed') await client.send({ ...delivery, path })
        return client.send({ ...delivery, path })
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The project's route for a provider and a path of it: the one that takes the path, where it is given. */
function targetOf(routes: Routes, name: string, given: string | undefined): { route: Route; path: string } {
  const own = Object.values(routes).filter(({ authenticate }) => authenticate.name === name)
  const [route] = own
  if (!route) throw new TypeError(`provider: no route of the project authenticates with ${name}`)
  if (given === undefined) {
    if (!/[:*]/.test(route.path)) return { route, path: route.path }
    throw new TypeError(`path: is missing; the route of ${name} has parameters: ${route.path}`)
  }
  if (own.length === 1) return { route, path: given }
  // What is encoded stands in a parameter's place, whatever it is.
  const plain = given.split('?', 1)[0]?.replaceAll(/%[0-9A-F]{2}/gi, 'x') ?? ''
  const taking = new TourRoutes(Object.fromEntries(own.entries()), new Set())
  return { route: taking.find('POST', plain) ?? route, path: given }
}

/** The provider's sample; for a sender that is none of the package, what the caller says. */
function sampleOf(name: string, { body, event }: DeliverOptions): Sample {
  const isKnown = providers.some(({ scheme }) => scheme.name === name)
  if (!isKnown && body === undefined)
    throw new TypeError(`body: is missing; there is no sample of what ${name} sends`)
  const sample: Sample = isKnown ? vectorFileOf(name).sample : { body }
  return { ...sample, ...(event !== undefined && { event }) }
}

/** A port that was free a moment ago: wrangler has no way to tell which one the system gave it. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await once(server.close(), 'close')
  return port
}
