import { describe, expect, it } from 'vitest'
import { LATE } from '../../../src/lib/wait.ts'
import { FAILURES_TO_OPEN } from '../../../src/state/isolate/breaker.ts'
import { guard } from '../../../src/state/isolate/guard.ts'
import { type State, StateError } from '../../../src/state/state.ts'
import { admitted, never, requestOf, scripted } from './states.ts'

const down = async (): Promise<never> => {
  throw new StateError('not reachable')
}
const notAsked = new StateError('not asked: it failed before')

function guarded(store: Partial<Pick<State, 'recall' | 'keep' | 'findApiKey'>> = {}) {
  const asked: string[] = []
  const backend = scripted()
  const state = guard({
    ...backend,
    admit: backend.admit,
    recall: async () => 'text',
    findApiKey: async (digest) => {
      asked.push(digest)
      return '{}'
    },
    ...store,
  })
  return { backend, state, asked }
}

describe('the store behind the breaker', () => {
  it('hands calls on, with their signal', async () => {
    const seen: unknown[] = []
    const { signal } = new AbortController()
    const { state } = guarded({
      keep: async (...args) => {
        seen.push(args)
      },
    })
    await state.keep('name', 'text', 1000, signal)
    expect(seen).toEqual([['name', 'text', 1000, signal]])
    expect(await state.recall('name')).toBe('text')
    expect(await state.findApiKey('digest')).toBe('{}')
  })

  it('is not asked while the state is taken for dead, but for one probe', async () => {
    let end = (_: string): void => {}
    const { backend, state } = guarded({
      findApiKey: () =>
        new Promise((resolve) => {
          end = resolve
        }),
    })
    backend.answer = down
    for (let i = 0; i < FAILURES_TO_OPEN; i++) await expect(state.admit(requestOf())).rejects.toThrow()
    const probe = state.findApiKey('probe')
    for (let i = 0; i < 10; i++) await expect(state.recall('name')).rejects.toThrow(notAsked)
    end('{}')
    expect(await probe).toBe('{}')
    backend.answer = async () => admitted
    expect(await state.admit(requestOf())).toEqual(admitted)
    expect(await state.recall('name')).toBe('text')
  })

  it('takes the state for dead when it fails, for admits too', async () => {
    const { state } = guarded({ findApiKey: down })
    for (let i = 0; i < FAILURES_TO_OPEN; i++) {
      await expect(state.findApiKey('digest')).rejects.toThrow('not reachable')
    }
    const probe = state.admit(requestOf({ token: 'probe' }))
    await expect(state.admit(requestOf())).rejects.toThrow(notAsked)
    await probe
    expect(await state.admit(requestOf())).toEqual(admitted)
  })

  it('learns nothing from a call that nobody waited for any longer', async () => {
    const { state, backend } = guarded({ recall: never })
    for (let i = 0; i < 3 * FAILURES_TO_OPEN; i++) {
      const aborter = new AbortController()
      state.recall('name', aborter.signal).catch(() => undefined)
      aborter.abort(LATE)
    }
    await Promise.all([state.admit(requestOf()), state.admit(requestOf())])
    expect(backend.asked).toHaveLength(2)
  })
})
