import { once } from 'node:events'
import { createServer } from 'node:net'
import { checkProject } from '../cli/check.ts'
import type { Fault } from '../cli/send/faults.ts'
import { makeDelivery, materialOf, secretNameOf } from '../cli/send/material.ts'
import type { Routes } from '../gateway.ts'
import { PROOF_KEY } from '../stages/forward/proof.ts'
import { type AnyProvider, providers } from './catalog.ts'
import { Decisions, parseDecision } from './decisions.ts'
import { demoIssuers, diverted } from './destinations.ts'
import { GatewayClient, type Outcome, type Outgoing } from './gateway-client.ts'
import { startIssuer } from './issuer.ts'
import { IssuerClient } from './issuer-client.ts'
import { StartError } from './options.ts'
import { startOrigin } from './origin.ts'
import { provideSecrets } from './secrets.ts'
import { startWorker } from './worker-process.ts'

export type { Fault } from '../cli/send/faults.ts'
export type { Outcome, Outgoing } from './gateway-client.ts'

/** What is sent in a provider's name. */
export interface DeliverOptions {
  /** The path of the route. @default that of the project's route for this provider */
  path?: string
  /** @default a sample of the provider's, a new one each time */
  body?: string
  /** What is wrong with it. @default 'valid' */
  fault?: Fault
}

/** A project's own Worker in workerd, with an origin and an issuer of the harness behind it. */
export interface Harness {
  readonly url: string
  /** Signs a delivery with the secret that the route names, sends it, and tells what became of it. */
  deliver(
    provider: { readonly scheme: { readonly name: string } },
    options?: DeliverOptions,
  ): Promise<Outcome>
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
      async deliver({ scheme: { name } }, { path = pathOf(routes, name), body, fault = 'valid' } = {}) {
        const provider = providers.find((one) => one.scheme.name === name) as AnyProvider
        const material = materialOf(provider, secretNameOf(provider, routes), secrets.values)
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

/** The path of the project's route for a provider. */
function pathOf(routes: Routes, name: string): string {
  const route = Object.values(routes).find(({ authenticate }) => authenticate.name === name)
  if (route && !route.path.includes(':')) return route.path
  throw new TypeError(
    route
      ? `path: is missing; the route of ${name} has parameters: ${route.path}`
      : `path: is missing; no route of the project authenticates with ${name}`,
  )
}

/** A port that was free a moment ago: wrangler has no way to tell which one the system gave it. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await once(server.close(), 'close')
  return port
}
