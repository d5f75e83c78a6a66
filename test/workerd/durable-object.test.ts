import { evictDurableObject } from 'cloudflare:test'
import { afterAll, beforeAll, vi } from 'vitest'
import { durableObjectOperations, durableObjectState } from '../../src/state/durable-object/index.ts'
import { deliveryName } from '../../src/state/durable-object/names.ts'
import { describeState } from '../contract/suite.ts'
import { advance, bindings, objects, stopClock } from './objects.ts'

const operations = durableObjectOperations(bindings)

beforeAll(stopClock)
afterAll(() => {
  vi.useRealTimers()
})

describeState('durable object', () => durableObjectState()(bindings), {
  now: () => Date.now(),
  async advance(ms) {
    advance(ms)
  },
  restart: (claim) => evictDurableObject(objects.getByName(deliveryName(claim))),
  operations: () => operations,
})
