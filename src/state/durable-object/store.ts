import { checkKept, checkName, StateError, type Store } from '../state.ts'
import { apiKeysName, textsName } from './names.ts'
import type { SallyportState } from './object.ts'

/** What objects keep for credentials. Their calls take no signal: who waits no longer leaves one behind. */
export const storeOf = (objects: DurableObjectNamespace<SallyportState>): Store => ({
  async recall(name) {
    checkName(name)
    const object = objects.getByName(await textsName(name))
    return answered(async () => object.recall(name))
  },
  async keep(name, text, ttlMs) {
    checkKept(name, text, ttlMs)
    const object = objects.getByName(await textsName(name))
    await answered(async () => object.keep(name, text, ttlMs))
  },
  async findApiKey(digest) {
    const object = objects.getByName(apiKeysName(digest))
    return answered(async () => object.findApiKey(digest))
  },
})

/** The platform's own errors say nothing that a caller could act on. */
async function answered<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch {
    throw new StateError('failed')
  }
}
