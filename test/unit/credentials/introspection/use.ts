import { afterAll, beforeAll, beforeEach } from 'vitest'
import { startIntrospection } from './server.ts'
import { active } from './tokens.ts'

type Introspection = Awaited<ReturnType<typeof startIntrospection>>

/** The endpoint that a file's tests share: before each it forgets what it was asked, and says that every token is active. */
export function useIntrospection(): Introspection {
  let started: Introspection | undefined
  beforeAll(async () => {
    started = await startIntrospection()
  })
  afterAll(() => started?.close())
  beforeEach(() => {
    if (started) started.asked.length = 0
    started?.answer(active())
  })
  return new Proxy({} as Introspection, {
    get(_, name) {
      if (!started) throw new Error('the endpoint of this file runs within its tests only')
      return Reflect.get(started, name)
    },
  })
}
