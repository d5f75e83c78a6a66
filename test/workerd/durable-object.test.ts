import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, vi } from 'vitest'
import { durableObjectOperations, durableObjectState } from '../../src/state/durable-object/index.ts'
import { deliveryName } from '../../src/state/durable-object/names.ts'
import { namespaceOf } from '../../src/state/durable-object/namespace.ts'
import { describeState } from './contract.ts'

const bindings = { ...env }
const objects = namespaceOf(bindings, 'SALLYPORT_STATE')
const operations = durableObjectOperations(bindings)

beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
})
afterAll(() => {
  vi.useRealTimers()
})

describeState('durable object', () => durableObjectState()(bindings), {
  now: () => Date.now(),
  async advance(ms) {
    vi.setSystemTime(Date.now() + ms)
  },
  restart: (claim) => evictDurableObject(objects.getByName(deliveryName(claim))),
  block: (client, until) => operations.block(client, until),
  async unblock(client) {
    await operations.unblock(client)
  },
  revoke: (principal, until) => operations.revoke(principal, until),
  async forget(route, key) {
    await operations.forget(route, key)
  },
})
