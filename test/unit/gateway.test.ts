import { expect, it } from 'vitest'
import { anonymous, createGateway, defineRoute, type State } from '../../src/index.ts'

const state: State = {
  admit: async () => ({ outcome: 'admitted', limits: [], reported: [] }),
  settle: async () => true,
  giveBack: async () => {},
  knowsBlocked: () => false,
  recall: async () => undefined,
  keep: async () => {},
  findApiKey: async () => undefined,
}
const route = defineRoute({
  method: 'GET',
  path: '/',
  owner: 'platform',
  sensitivity: 'public',
  authenticate: anonymous(),
  forward: { to: 'ORIGIN_URL' },
})
const bindings = { PUBLIC_HOSTS: 'gw.test', TRUST: 'none', STATE: 'upstash', OTHER: {} }

it('keeps what the isolate remembers when an app hands on a copy of its bindings', async () => {
  const made: unknown[] = []
  const gateway = createGateway(
    { route },
    {
      state: {
        upstash: (env) => {
          made.push(env.OTHER)
          return state
        },
      },
    },
  )
  const log = console.log
  console.log = () => {}
  try {
    const ask = (env: object) =>
      gateway.fetch(new Request('http://gw.test/elsewhere', { headers: { host: 'gw.test' } }), env, {
        waitUntil: () => {},
      })
    for (const env of [bindings, { ...bindings }, bindings, { ...bindings }]) await ask(env)
    expect(made).toHaveLength(1)
    await ask({ ...bindings, OTHER: {} })
    await ask({ ...bindings, MORE: '1' })
    expect(made).toHaveLength(3)
  } finally {
    console.log = log
  }
})
