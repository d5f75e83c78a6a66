import { expect, test } from 'vitest'
import type { ApiKeyRecord } from '../../src/state/operations.ts'
import { hexKey, type Suite } from './suite.ts'

export function describeStore({ makeState, tools }: Suite): void {
  const state = makeState()
  const keyOf = (parts: Partial<ApiKeyRecord> = {}): ApiKeyRecord => {
    const id = `key_${hexKey().slice(0, 12)}`
    return { id, digest: hexKey(), text: JSON.stringify({ id, scopes: ['orders:write'] }), ...parts }
  }
  const listed = async (): Promise<ApiKeyRecord[]> => {
    const all: ApiKeyRecord[] = []
    let cursor: string | undefined
    do {
      const page = await tools.operations().listApiKeys(cursor)
      all.push(...page.records)
      cursor = page.cursor
    } while (cursor !== undefined)
    return all
  }

  test('recalls in any isolate what one has kept, until its time is over', async () => {
    const name = `keys:${hexKey()}`
    expect(await state.recall(name)).toBeUndefined()
    await state.keep(name, '{"a":"ä𝄞"}', 10_000)
    expect(await makeState().recall(name)).toBe('{"a":"ä𝄞"}')
    expect(await state.recall(`${name} `)).toBeUndefined()
    await tools.advance(9000)
    expect(await state.recall(name)).toBe('{"a":"ä𝄞"}')
    await tools.advance(1000)
    expect(await state.recall(name)).toBeUndefined()
  })

  test('keeps the newest text and its time, an empty one and numbers too', async () => {
    const name = hexKey()
    await state.keep(name, 'old', 1000)
    for (const text of ['new', '', '17', 'null', '{"not":"parsed"}']) {
      await state.keep(name, text, 60_000)
      expect(await state.recall(name)).toBe(text)
    }
    await tools.advance(2000)
    expect(await state.recall(name)).toBe('{"not":"parsed"}')
  })

  test('keeps 128 KiB, and refuses a byte more, a name of 201 characters and a TTL that is none', async () => {
    const name = 'n'.repeat(200)
    const largest = `${'ä'.repeat(65_535)}xy`
    await state.keep(name, largest, 60_000)
    expect((await state.recall(name)) === largest).toBe(true)
    for (const [wrong, text, ttlMs] of [
      [name, `${largest}z`, 1000],
      [`${name}n`, 'text', 1000],
      ['', 'text', 1000],
      [name, 'text', 0],
      [name, 'text', 1.5],
      [name, 'text', Number.NaN],
      [name, 'text', 401 * 86_400_000],
    ] as const) {
      await expect(state.keep(wrong, text, ttlMs)).rejects.toThrow(TypeError)
    }
    await expect(state.recall(`${name}n`)).rejects.toThrow(TypeError)
  })

  test('finds an API key by its digest, and not by its id or a part of the digest', async () => {
    const key = keyOf()
    await tools.operations().putApiKey(key)
    expect(await state.findApiKey(key.digest)).toBe(key.text)
    expect(await makeState().findApiKey(key.digest)).toBe(key.text)
    expect(await state.findApiKey(hexKey())).toBeUndefined()
    expect(await state.findApiKey(key.digest.slice(0, 63))).toBeUndefined()
  })

  test('puts a record in place of the one with its id, whatever its digest', async () => {
    const key = keyOf()
    const renewed = keyOf({ id: key.id, text: 'renewed' })
    await tools.operations().putApiKey(key)
    await tools.operations().putApiKey(renewed)
    expect(await state.findApiKey(key.digest)).toBeUndefined()
    expect(await state.findApiKey(renewed.digest)).toBe('renewed')
    await tools.operations().putApiKey({ ...renewed, text: 'again' })
    expect(await state.findApiKey(renewed.digest)).toBe('again')
    expect((await listed()).filter(({ id }) => id === key.id)).toEqual([{ ...renewed, text: 'again' }])
    // Also with a digest that it had before.
    expect(await tools.operations().putApiKey(key)).toBe(true)
    expect(await tools.operations().findApiKeys({ id: key.id })).toEqual([key])
    expect(await tools.operations().findApiKeys({ digest: renewed.digest })).toEqual([])
  })

  test('takes no digest that is stored under another id, until that one is removed', async () => {
    const key = keyOf()
    const other = keyOf({ digest: key.digest })
    expect(await tools.operations().putApiKey(key)).toBe(true)
    expect(await tools.operations().putApiKey(other)).toBe(false)
    expect(await state.findApiKey(key.digest)).toBe(key.text)
    expect(await tools.operations().findApiKeys({ id: other.id })).toEqual([])
    // Nor does the id lose the key that it has.
    const kept = keyOf()
    await tools.operations().putApiKey(kept)
    expect(await tools.operations().putApiKey({ ...other, id: kept.id })).toBe(false)
    expect(await tools.operations().findApiKeys({ id: kept.id })).toEqual([kept])
    await tools.operations().removeApiKey(key.id)
    expect(await tools.operations().putApiKey(other)).toBe(true)
  })

  test('finds what is stored by the id, or by the digest', async () => {
    const key = keyOf({ text: '{"text":"a b\\nä"}' })
    await tools.operations().putApiKey(key)
    expect(await tools.operations().findApiKeys({ id: key.id })).toEqual([key])
    expect(await tools.operations().findApiKeys({ digest: key.digest })).toEqual([key])
    expect(await tools.operations().findApiKeys({ id: `${key.id}x` })).toEqual([])
    expect(await tools.operations().findApiKeys({ digest: hexKey() })).toEqual([])
  })

  test('keeps one of the keys that are stored under one id at once, and it is the one that is found', async () => {
    for (let round = 0; round < 5; round++) {
      const { id } = keyOf()
      const before = keyOf({ id })
      if (round > 2) await tools.operations().putApiKey(before)
      const keys = Array.from({ length: 12 }, (_, i) => keyOf({ id, text: `text ${i}` }))
      const stored = await Promise.all(keys.map((key) => tools.operations().putApiKey(key)))
      expect(stored).toEqual(keys.map(() => true))
      const texts = await Promise.all(keys.map(({ digest }) => state.findApiKey(digest)))
      const found = keys.filter((_, i) => texts[i] !== undefined)
      expect(found).toHaveLength(1)
      expect(await state.findApiKey(before.digest)).toBeUndefined()
      expect(await tools.operations().findApiKeys({ id })).toEqual(found)
      // Whatever came of it, the next one takes its place.
      const next = keyOf({ id })
      await tools.operations().putApiKey(next)
      expect(await tools.operations().findApiKeys({ id })).toEqual([next])
    }
  })

  test('lists every API key in pages, and removes one by its id', async () => {
    const keys = Array.from({ length: 250 }, () => keyOf({ text: `{"text":"a b\\nä"}` }))
    for (const key of keys) await tools.operations().putApiKey(key)
    const ids = new Set((await listed()).map(({ id }) => id))
    expect(keys.filter(({ id }) => !ids.has(id))).toEqual([])
    expect((await listed()).find(({ id }) => id === keys[7]?.id)).toEqual(keys[7])
    const { id = '', digest = '' } = keys[3] ?? {}
    expect(await tools.operations().removeApiKey(id)).toBe(true)
    expect(await tools.operations().removeApiKey(id)).toBe(false)
    expect(await state.findApiKey(digest)).toBeUndefined()
    expect((await listed()).some((key) => key.id === id)).toBe(false)
  })

  test('keeps API keys for a year', async () => {
    const key = keyOf()
    await tools.operations().putApiKey(key)
    await tools.advance(366 * 86_400_000)
    expect(await state.findApiKey(key.digest)).toBe(key.text)
  })

  test.each([
    ['an id with a space', { id: 'a b' }],
    ['an empty id', { id: '' }],
    ['an id of 65 characters', { id: 'i'.repeat(65) }],
    ['a digest in capitals', { digest: hexKey().toUpperCase().replace(/^./, 'A') }],
    ['the key in place of its digest', { digest: 'acme_live_0123456789' }],
    ['a record of more than 8 KiB', { text: 'ä'.repeat(4097) }],
  ])('refuses %s', async (_, parts) => {
    await expect(tools.operations().putApiKey(keyOf(parts))).rejects.toThrow(TypeError)
  })

  test.each(['x', '-1', '', `${'1'.repeat(65)}`])(
    'refuses the cursor %j, which no page came with',
    async (cursor) => {
      await expect(tools.operations().listApiKeys(cursor)).rejects.toThrow(TypeError)
    },
  )
}
