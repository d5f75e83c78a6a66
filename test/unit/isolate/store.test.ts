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

  it('is not asked while it is taken for dead, but for one probe', async () => {
    let answer: () => Promise<string> = down
    const { state } = guarded({ findApiKey: () => answer() })
    for (let i = 0; i < FAILURES_TO_OPEN; i++) await expect(state.findApiKey('digest')).rejects.toThrow()
    let end = (_: string): void => {}
    answer = () =>
      new Promise((resolve) => {
        end = resolve
      })
    const probe = state.findApiKey('probe')
    for (let i = 0; i < 10; i++) await expect(state.recall('name')).rejects.toThrow(notAsked)
    end('{}')
    expect(await probe).toBe('{}')
    expect(await state.recall('name')).toBe('text')
  })

  it('that fails keeps no admit from being asked, and a dead state no look-up', async () => {
    const { state, backend } = guarded({ findApiKey: down })
    for (let i = 0; i < 3 * FAILURES_TO_OPEN; i++) {
      await expect(state.findApiKey('digest')).rejects.toThrow()
    }
    for (let i = 0; i < 10; i++) expect(await state.admit(requestOf())).toEqual(admitted)
    backend.answer = down
    for (let i = 0; i < 3 * FAILURES_TO_OPEN; i++) await expect(state.admit(requestOf())).rejects.toThrow()
    expect(await state.recall('name')).toBe('text')
  })

  it('that answers does not keep a dead state from being taken for dead', async () => {
    const { state, backend } = guarded()
    backend.answer = down
    for (let i = 0; i < FAILURES_TO_OPEN; i++) {
      await expect(state.admit(requestOf())).rejects.toThrow('not reachable')
      await state.recall('name')
    }
    const probe = state.admit(requestOf({ token: 'probe' }))
    await expect(state.admit(requestOf())).rejects.toThrow(notAsked)
    await expect(probe).rejects.toThrow('not reachable')
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
