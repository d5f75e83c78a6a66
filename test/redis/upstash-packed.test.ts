import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plainScripts } from '../../src/state/upstash/scripts/index.ts'
import { written } from '../../src/state/upstash/scripts/pack.ts'
import { useRedis, withClock } from './redis.ts'

/** What is sent does, call for call, what is written: the same answers, the same keys and values, the same times to live. */
const tested = useRedis()
const START = Date.UTC(2026, 0, 31, 23, 59)
const DAY = 86_400_000

const token = fc.constantFrom('A', 'B')
const ms = fc.constantFrom(1, 900, 60_000, 31 * DAY)
const limit = fc.record({
  algorithm: fc.constantFrom('s', 'f', 'm', 'b'),
  max: fc.integer({ min: 0, max: 6 }),
  window: ms,
  refill: fc.integer({ min: 1, max: 4 }),
  cost: fc.integer({ min: 0, max: 3 }),
  mode: fc.constantFrom('0', '1'),
})
/** The claim and the token's record have to be there where the scripts take them for given. */
const layout = fc.constantFrom('ct', 'ctb', 'ctbrr', 't', 'tb', 'tr')
const limits = fc.uniqueArray(limit, {
  maxLength: 3,
  selector: ({ algorithm, window }) => algorithm + window,
})
const texts = (...parts: unknown[]) => parts.map(String)
const KEYS: Readonly<Record<string, string>> = { c: 'claim', b: 'block', r: 'revocation' }
const keysOf = (layout: string, by: string, counted: readonly { algorithm: string; window: number }[]) => [
  ...[...layout].map((letter) => KEYS[letter] ?? `token ${by}`),
  ...counted.map(({ algorithm, window }) => `limit ${algorithm} ${window}`),
]

const gate = fc
  .record({ by: token, round: fc.nat(3), kind: fc.constantFrom('-', 'delivery', 'once'), layout, limits })
  .chain(({ by, round, kind, layout, limits }) =>
    fc
      .tuple(ms, fc.constantFrom('0', '1'), fc.constantFrom('-', String(START)))
      .map(([lease, copies, issued]) => ({
        name: 'gate' as const,
        keys: keysOf(layout, by, limits),
        args: [
          ...texts(
            by,
            round,
            layout.includes('c') ? kind : '-',
            lease,
            lease * 2,
            'request',
            copies,
            layout,
            issued,
          ),
          ...limits.flatMap((one) =>
            texts(one.algorithm, one.max, one.window, one.refill, one.cost, one.mode),
          ),
        ],
      })),
  )
const giveBack = fc
  .record({ by: token, round: fc.nat(3), layout, limits })
  .map(({ by, round, layout, limits }) => ({
    name: 'giveBack' as const,
    keys: keysOf(layout, by, limits),
    args: [
      ...texts(by, round, layout),
      ...limits.flatMap((one) => texts(one.algorithm, one.window, one.refill, one.cost)),
    ],
  }))
const release = token.map((by) => ({ name: 'release' as const, keys: ['claim', `token ${by}`], args: [by] }))
const forget = fc.constantFrom(0, START, START + DAY).map((since) => ({
  name: 'forget' as const,
  keys: ['claim', 'other'],
  args: texts(since),
}))
const refuse = fc
  .tuple(
    fc.constantFrom('block', 'revocation'),
    ms,
    fc.constantFrom('-', String(START - 1), String(START + 1)),
  )
  .map(([key, until, before]) => ({
    name: 'refuse' as const,
    keys: [key],
    args: texts(until, before, 'reason'),
  }))
const apiKey = fc.tuple(token, fc.constantFrom('digest 1', 'digest 2')).map(([id, digest]) => ({
  name: 'putApiKey' as const,
  keys: ['keys', 'ids'],
  args: [digest, id, 'record', '1'],
}))
const removeApiKey = token.map((id) => ({ name: 'removeApiKey' as const, keys: ['keys', 'ids'], args: [id] }))

/** The middle of the protocol, which no script does: the claim of a token is done. */
const commit = token.map((by) => ({
  name: 'commit' as const,
  keys: [],
  args: ['claim', `D ${by} request ${START}`],
}))

const steps = fc.array(
  fc.record({
    call: fc.oneof(
      { arbitrary: gate, weight: 6 },
      { arbitrary: giveBack, weight: 3 },
      release,
      forget,
      refuse,
      apiKey,
      removeApiKey,
      commit,
    ),
    pause: fc.constantFrom(0, 1, 700, 61_000, DAY),
  }),
  { minLength: 1, maxLength: 14 },
)
type Steps = typeof steps extends fc.Arbitrary<infer T> ? T : never

/** Before a script: notes every command, and takes the wall clock out of those that end or ask how long something lives. */
const NOTED = `local function noted(...)
local command = { ... }
redis.call('RPUSH', 'noted', table.concat(command, ' '))
for i = 1, #command do if command[i] == 'PX' then command[i + 1] = '9000000000' end end
if command[1] == 'PTTL' then return 50000 end
return redis.call(unpack(command))
end
`
const instrumented = (source: string, now: number) =>
  NOTED + withClock(source, now).replaceAll('redis.call(', 'noted(')

/** Each answer, then each command, then what is stored in the end. */
async function runs(source: (name: keyof typeof written) => string, of: Steps): Promise<unknown[]> {
  const { front } = tested
  await front.raw(['FLUSHALL'])
  const told: unknown[] = []
  let now = START
  for (const { call, pause } of of) {
    now += pause
    if (call.name === 'commit') {
      told.push(await front.raw(['SET', ...call.args]))
      continue
    }
    const text = instrumented(source(call.name), now)
    const answer = front.raw(['EVAL', text, String(call.keys.length), ...call.keys, ...call.args])
    // Whatever one refuses, the other has to refuse; the messages quote lines and digests.
    told.push(await answer.catch((error: Error) => `refused: ${/^[A-Z]+/.exec(error.message)?.[0]}`))
  }
  told.push(await front.raw(['LRANGE', 'noted', '0', '-1']))
  for (const key of ((await front.raw(['KEYS', '*'])) as unknown[]).map(String).sort()) {
    const type = String(await front.raw(['TYPE', key]))
    if (type !== 'list') told.push([key, await front.raw([type === 'hash' ? 'HGETALL' : 'GET', key])])
  }
  return told
}

/** What a step came to, by its script: enough of these show that the steps go everywhere. */
const outcomeOf = (name: string, answer: unknown): string =>
  `${name}: ${Array.isArray(answer) ? answer[0] : answer}`

test('whatever is asked in whatever order, packed and written scripts do the same', {
  timeout: 120_000,
}, async () => {
  const outcomes = new Set<string>()
  await fc.assert(
    fc.asyncProperty(steps, async (of) => {
      const packed = await runs((name) => plainScripts[name].source, of)
      expect(packed).toEqual(await runs((name) => written[name], of))
      for (const [at, { call }] of of.entries()) outcomes.add(outcomeOf(call.name, packed[at]))
    }),
    // Known steps, so that the list below holds each time.
    { numRuns: 300, seed: 2026 },
  )
  expect([...outcomes].sort()).toEqual([
    'commit: OK',
    ...['forget: 0', 'forget: 1'],
    ...['admitted', 'blocked', 'done', 'leased', 'limited', 'revoked', 'withdrawn'].map(
      (one) => `gate: ${one}`,
    ),
    ...['giveBack: 0', 'giveBack: 1'],
    ...['putApiKey: 0', 'putApiKey: 1', 'putApiKey: 2'],
    'refuse: 1',
    ...['release: 0', 'release: 1'],
    ...['removeApiKey: 0', 'removeApiKey: 1'],
  ])
})
