import type { Admission, AdmitRequest, LimitClaim, State } from '../../../src/state/state.ts'

/** A backend whose answers a test decides one by one. */
export interface Scripted extends State {
  /** What was asked, in order. */
  asked: AdmitRequest[]
  givenBack: AdmitRequest[]
  answer: (request: AdmitRequest) => Promise<Admission>
}

export const admitted: Admission = { outcome: 'admitted', limits: [], reported: [] }

export function scripted(answer: Scripted['answer'] = async () => admitted): Scripted {
  const state: Scripted = {
    asked: [],
    givenBack: [],
    answer,
    admit(request) {
      state.asked.push(request)
      return state.answer(request)
    },
    settle: async () => true,
    async giveBack(request) {
      state.givenBack.push(request)
    },
    knowsBlocked: () => false,
    recall: async () => undefined,
    keep: async () => {},
    findApiKey: async () => undefined,
  }
  return state
}

export const never = (): Promise<never> => new Promise(() => {})

/** As a client does that takes the signal along: rejects when it aborts. */
export const abortable = ({ signal }: AdmitRequest): Promise<never> =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))))

export const requestOf = (parts: Partial<AdmitRequest> = {}): AdmitRequest => ({
  token: crypto.randomUUID(),
  now: 0,
  limits: [],
  ...parts,
})

export const limitOf = (parts: Partial<LimitClaim> = {}): LimitClaim => ({
  owner: 'client:192.0.2.1',
  name: 'orders:client',
  mode: 'enforce',
  cost: 1,
  algorithm: 'slidingWindow',
  max: 5,
  windowMs: 60_000,
  refill: 5,
  ...parts,
})

/** The answer of a backend where every limit of the request denies, or those that `retryAfterMs` names. */
export function deniedBy(
  { limits }: AdmitRequest,
  retryAfterMs: number | Readonly<Record<string, number>> = 30_000,
): Admission {
  const waitOf = (name: string) => (typeof retryAfterMs === 'number' ? retryAfterMs : retryAfterMs[name])
  return {
    outcome: 'limited',
    limits: limits.map(({ name, max, windowMs }) => {
      const wait = waitOf(name)
      const reading = { name, max, windowMs, remaining: wait === undefined ? 3 : 0, resetSeconds: 20 }
      return wait === undefined ? reading : { ...reading, retryAfterMs: wait }
    }),
    violated: limits.map(({ name }) => name).filter((name) => waitOf(name) !== undefined),
    retryAfterSeconds: 30,
  }
}
