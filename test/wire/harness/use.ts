import { afterAll, beforeAll, beforeEach } from 'vitest'
import { startGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts'

/**
 * The gateway that a file's tests share: started before the first, ended after the last; its origin forgets before each, and
 * so does the test Worker where `forgets` names the door for it.
 */
export function useGateway(options: TestGatewayOptions & { forgets?: string } = {}): TestGateway {
  const { forgets, ...rest } = options
  let started: TestGateway | undefined
  beforeAll(async () => {
    started = await startGateway(rest)
  })
  afterAll(() => started?.close())
  beforeEach(async () => {
    started?.origin.clear()
    if (forgets !== undefined) await started?.door(forgets)
  })
  return new Proxy({} as TestGateway, {
    get(_, name) {
      if (!started) throw new Error('the gateway of this file runs within its tests only')
      return Reflect.get(started, name)
    },
  })
}
