import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import { durableObjectState } from '../../src/state/durable-object/index.ts'
import { namespaceOf } from '../../src/state/durable-object/namespace.ts'
import type { AdmitRequest } from '../../src/state/state.ts'

export const bindings = { ...env }
export const objects = namespaceOf(bindings, 'SALLYPORT_STATE')
export const state = durableObjectState()(bindings)
const later: Promise<unknown>[] = []

export const advance = (ms: number) => vi.setSystemTime(Date.now() + ms)
export const background = () => Promise.all(later.splice(0))
export const request = (parts: Partial<AdmitRequest> = {}): AdmitRequest => ({
  token: crypto.randomUUID(),
  now: Date.now(),
  limits: [],
  background: (promise) => {
    later.push(promise)
  },
  ...parts,
})
export const inside = <T>(name: string, run: (storage: DurableObjectStorage) => T | Promise<T>) =>
  runInDurableObject(objects.getByName(name), (_, { storage }) => run(storage))
export const tables = (name: string) =>
  inside(
    name,
    ({ sql }) =>
      sql
        .exec("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'")
        .toArray().length,
  )
export const rows = (name: string, table: string) =>
  inside(name, ({ sql }) => sql.exec<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`).one().n)
// An RPC promise is a thenable that rejects once more by itself: only a real promise can be expected to reject.
export const settled = async (call: unknown) => await call

/** Stops the clock that objects read; only `advance` moves it. */
export const stopClock = () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
}
