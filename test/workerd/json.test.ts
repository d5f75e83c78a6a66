import { expect, it } from 'vitest'
import { parseJson } from '../../src/lib/json.ts'

// A fact about V8: where it takes an escaped name for another one that it parsed before (nodejs/node#63785 tells of versions
// that do), a duplicate would pass as two members, and schema and origin would read two different documents.
it('finds a duplicate whose second spelling is escaped, whatever was parsed before', () => {
  const parse = (text: string) =>
    parseJson(new TextEncoder().encode(text), { maxDepth: 8, maxNodes: 500 }, { exactNumbers: true })
  expect(Object.keys([JSON.parse('{"h":[],"\\\\":0}'), JSON.parse('{"h":1,"\\"":2}')][1])).toEqual(['h', '"'])
  for (let i = 0; i < 3; i++) expect(parse('{"role":"user","\\\\u00":1}').ok).toBe(true)
  expect(parse('{"role":"user","\\u0072ole":"admin"}')).toEqual({ ok: false, fault: 'duplicate-key' })
})
