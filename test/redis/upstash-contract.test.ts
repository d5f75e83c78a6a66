import { afterAll, beforeAll, vi } from 'vitest'
import type { State } from '../../src/state/state.ts'
import { describeState } from '../contract/suite.ts'
import { useRedis, withClock } from './redis.ts'

/** Everything in the database is older by `ms`: what the server's own clock would have expired is gone. */
const AGE = `
for _, key in ipairs(redis.call('KEYS', '*')) do
  local ttl = redis.call('PTTL', key)
  local left = ttl - tonumber(ARGV[1])
  if left > 0 then redis.call('PEXPIRE', key, left) elseif ttl >= 0 then redis.call('DEL', key) end
end`

beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
})
afterAll(() => {
  vi.useRealTimers()
})

// Scripts read the stopped clock that `advance` moves; everything else about them and the server is real.
const tested = useRedis({
  redis: { persist: true },
  rewriteScript: (source) => withClock(source, Date.now()),
})

/** The server has no address yet while the suite is being described. */
function lateState(): State {
  let made: State | undefined
  const state = () => {
    made ??= tested.isolate()
    return made
  }
  return {
    admit: (request) => state().admit(request),
    settle: (settlement) => state().settle(settlement),
    giveBack: (request) => state().giveBack(request),
    knowsBlocked: (client, now) => state().knowsBlocked(client, now),
    recall: (name, signal) => state().recall(name, signal),
    keep: (name, text, ttlMs, signal) => state().keep(name, text, ttlMs, signal),
    findApiKey: (digest, signal) => state().findApiKey(digest, signal),
  }
}

describeState('upstash', lateState, {
  now: () => Date.now(),
  async advance(ms) {
    vi.setSystemTime(Date.now() + ms)
    await tested.front.raw(['EVAL', AGE, '0', String(ms)])
  },
  restart: () => tested.redis.restart(),
  operations: () => tested.operations(),
})
