import { createHash } from 'node:crypto'
import type { Fault } from '../../../src/dev/redis/faults.ts'
import type { RedisFront } from '../../../src/dev/redis/front.ts'
import { lockingScripts } from '../../../src/state/upstash/scripts/index.ts'

/** The test routes' deadline, and longer than any of their waits. */
export const DEADLINE_MS = 800
const LATE_MS = 1200

export interface NamedFault {
  fault: Fault
  /** What the record says of it. */
  told: string
  /** Whether the database did what it was asked although nobody heard of it. */
  executed: boolean
}

const page = { status: 503, contentType: 'text/html', body: '<html><body>Service Unavailable</body></html>' }

/** Every way in which a call to the database goes wrong. */
export const faults: Record<string, NamedFault> = {
  'a hang': { fault: { kind: 'hang' }, told: 'no answer in time', executed: false },
  'a hang after the work': { fault: { kind: 'hang-after' }, told: 'no answer in time', executed: true },
  'latency beyond the deadline': {
    fault: { kind: 'latency', ms: LATE_MS },
    told: 'no answer in time',
    executed: true,
  },
  'an answer beyond the deadline': {
    fault: { kind: 'late-reply', ms: LATE_MS },
    told: 'no answer in time',
    executed: true,
  },
  'a closed socket': { fault: { kind: 'closed' }, told: 'not reachable', executed: false },
  'a lost reply': { fault: { kind: 'lost-reply' }, told: 'not reachable', executed: true },
  'a truncated answer': { fault: { kind: 'truncated' }, told: 'not reachable', executed: true },
  'truncated JSON': { fault: { kind: 'cut-json' }, told: 'answer not understood', executed: true },
  'an HTML page': { fault: { kind: 'html' }, told: 'answer not understood', executed: false },
  'an answer of null': { fault: { kind: 'null-result' }, told: 'answer not understood', executed: false },
  'a wrong credential': {
    fault: { kind: 'status', status: 401, body: '{"error":"WRONGPASS invalid or missing auth token"}' },
    told: 'credential refused',
    executed: false,
  },
  'a quota that is used up (429)': {
    fault: { kind: 'status', status: 429 },
    told: 'over its quota',
    executed: false,
  },
  '500': { fault: { kind: 'status', status: 500 }, told: 'failed', executed: false },
  '503 as a page': { fault: { kind: 'status', ...page }, told: 'answer not understood', executed: false },
  'a full database': {
    fault: {
      kind: 'status',
      status: 400,
      body: '{"error":"OOM command not allowed when used memory > \'maxmemory\'."}',
    },
    told: 'out of memory',
    executed: false,
  },
}

/** Faults after which the call still waits: the others are known at once. */
export const isSlow = ({ told }: NamedFault): boolean => told === 'no answer in time'

const texts = (name: keyof typeof lockingScripts) => {
  const { source } = lockingScripts[name]
  return [createHash('sha1').update(source).digest('hex'), source]
}
const words = {
  admit: texts('gate'),
  'give-back': texts('giveBack'),
  release: texts('release'),
}

/** Aims a fault at one kind of call, of one route where one is named. */
export function plan(
  front: RedisFront,
  point: 'admit' | 'commit' | 'release' | 'give-back',
  { fault }: NamedFault,
  times: number,
  route?: string,
): void {
  front.faults.plan({
    fault,
    times,
    match: (commands) =>
      commands.some(
        (command) =>
          (point === 'commit'
            ? command[0]?.toUpperCase() === 'SET'
            : words[point].some((text) => command[1] === text)) &&
          (route === undefined || command.some((word) => word.includes(`:c:${route}:`))),
      ),
  })
}
