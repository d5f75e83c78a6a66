import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startWorkerd, type Workerd } from '../test/wire/harness/workerd.ts'
import { HOST, SECRET } from './deliveries.ts'
import type { Expected } from './load.ts'
import { ORIGIN_ANSWER } from './origin.ts'

/** A Worker in a workerd process of its own, and what its answers have to be. */
export interface Contestant {
  name: string
  title: string
  worker: string
  /** The binding that the class is bound to. */
  state?: { binding: string; className: string }
  /** Deliveries are signed with another secret. */
  forged?: boolean
  /** Each request leaves a record that says that its claim was committed. */
  records?: boolean
}

const gatewayState = { binding: 'SALLYPORT_STATE', className: 'SallyportState' }
const ownState = { binding: 'BY_HAND_STATE', className: 'ByHandState' }

export const contestants: readonly Contestant[] = [
  { name: 'forward', title: 'ten lines that only forward: the unit', worker: 'forward' },
  {
    name: 'gateway',
    title: 'gateway, GitHub delivery',
    worker: 'gateway',
    state: gatewayState,
    records: true,
  },
  {
    name: 'gateway-refused',
    title: 'gateway, wrong signature',
    worker: 'gateway',
    state: gatewayState,
    forged: true,
  },
  { name: 'by-hand', title: 'hand-written, same delivery', worker: 'by-hand', state: ownState },
  {
    name: 'gateway-without-state',
    title: 'gateway, no-op state',
    worker: 'gateway-without-state',
    records: true,
  },
  { name: 'by-hand-without-state', title: 'hand-written, no state', worker: 'by-hand' },
]

export const expectedOf = ({ forged }: Contestant): Expected =>
  forged ? { status: 401 } : { status: 200, body: ORIGIN_ANSWER }

/** Starts the contestant's Worker on bare workerd, its Durable Objects on disk. */
export async function startContestant(
  { name, worker, state }: Contestant,
  originUrl: string,
  directory: string,
): Promise<Workerd> {
  const storage = join(directory, name)
  await mkdir(storage)
  return startWorkerd({
    entry: join(import.meta.dirname, 'workers', `${worker}.ts`),
    bindings: {
      ORIGIN_URL: originUrl,
      PUBLIC_HOSTS: HOST,
      TRUST: 'direct',
      STATE: 'durable-object',
      GITHUB_WEBHOOK_SECRET: SECRET,
      PROOF_KEY: `bench:hmac-sha256:${Buffer.from(SECRET).toString('base64')}`,
      RECORD_KEY: SECRET,
    },
    ...(state && { durableObjects: [{ ...state, uniqueKey: state.className }], storage }),
  })
}
