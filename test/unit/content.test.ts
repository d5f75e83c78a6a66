import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import type { Authenticated } from '../../src/contract.ts'
import { anonymous, defineRoute } from '../../src/index.ts'
import { validate } from '../../src/stages/validate/index.ts'

const FORM = 'application/x-www-form-urlencoded'

/** What validate makes of a body on a route that takes forms and JSON. */
function validated(
  { type = FORM, ...sent }: { type?: string; body: string; json?: Authenticated['json'] },
  {
    schema = v.looseObject({}),
    signed = false,
    mode = 'enforce',
  }: { schema?: v.GenericSchema; signed?: boolean; mode?: 'enforce' | 'report' } = {},
) {
  const route = defineRoute({
    method: 'POST',
    path: '/',
    owner: 'platform',
    sensitivity: 'public',
    authenticate: { ...anonymous(), signsBody: signed },
    body: { schema, mediaType: [FORM, 'application/json'], mode },
    forward: { to: 'ORIGIN_URL' },
  })
  const facts = {
    headers: new Map([['content-type', type]]),
    params: {},
    search: '',
    body: new TextEncoder().encode(sent.body),
    ...(sent.json && { json: sent.json }),
  } as unknown as Authenticated
  const result = validate(facts, route)
  if (!result.ok) return { denial: result.denial }
  const { payload, ...rest } = result.value
  return { ...rest, payload: payload && new TextDecoder().decode(payload) }
}

describe('the body of a form', () => {
  it('that is empty is a form of nothing, and goes on as no body', () => {
    for (const signed of [false, true]) {
      expect(validated({ body: '' }, { signed })).toMatchObject({ payload: undefined, payloadKind: 'none' })
    }
  })

  it('is never taken for the JSON that a scheme saw in it', () => {
    const json = { ok: true, value: { forged: true } } as const
    expect(validated({ body: 'a=1', json }, { signed: true })).toMatchObject({ input: { a: '1' } })
    expect(validated({ body: '{}', type: 'application/json', json }, { signed: true })).toMatchObject({
      input: { forged: true },
    })
  })

  it('is what was sent where its schema only reports', () => {
    const schema = v.strictObject({ b: v.string() })
    expect(validated({ body: 'a=%31' }, { schema, mode: 'report' })).toMatchObject({
      input: { a: '1' },
      payload: 'a=%31',
      payloadKind: 'verbatim',
      reported: [{ code: 'input_invalid' }],
    })
  })

  it('with too many parameters is refused with its measure', () => {
    expect(validated({ body: 'a=&'.repeat(1001) })).toEqual({
      denial: {
        code: 'malformed_body',
        reason: 'the form is refused: parameters',
        measure: { limit: 1000, actual: 1001, unit: 'count' },
      },
    })
  })
})
