import { describe, expect, test } from 'vitest'
import { dpop } from '../../../../src/credentials/dpop/index.ts'
import { compileRules } from '../../../../src/credentials/dpop/options.ts'

const compile = (options: unknown) => compileRules(options as never)

test('has defaults that hold without an option', () => {
  expect(compile({})).toEqual({
    required: false,
    nonceMs: undefined,
    algorithms: ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'],
    maxAgeMs: 60_000,
  })
})

test('reads what is given', () => {
  expect(compile({ required: true, nonce: '1 m', algorithms: ['ES384'], maxAge: '2 m' })).toEqual({
    required: true,
    nonceMs: 60_000,
    algorithms: ['ES384'],
    maxAgeMs: 120_000,
  })
  expect(compile({ nonce: true }).nonceMs).toBe(300_000)
})

test('tells clients the algorithms in the challenge', () => {
  expect(dpop({ algorithms: ['ES256', 'EdDSA'] }).challenge).toEqual({
    scheme: 'DPoP',
    parameters: { algs: 'ES256 EdDSA' },
  })
})

describe('refuses at load', () => {
  test.each([
    ['what is no object', true, 'dpop: options: is true; write an object'],
    ['a misspelt option', { require: true }, 'dpop: require: is not an option'],
    ['a text for required', { required: 'yes' }, "dpop: required: is 'yes'; use true or false"],
    ['a number for nonce', { nonce: 300 }, 'dpop: nonce: 300 is not a duration'],
    ['a short nonce', { nonce: '9 s' }, "use '10 s' to '1 h'"],
    ['a long nonce', { nonce: '61 m' }, "use '10 s' to '1 h'"],
    ['no algorithm', { algorithms: [] }, 'dpop: algorithms: must name at least one'],
    ['an algorithm as a text', { algorithms: 'ES256' }, 'dpop: algorithms: must name at least one'],
    ['none', { algorithms: ['none'] }, "dpop: algorithms: 'none' is not known; use ES256"],
    ['a shared secret', { algorithms: ['ES256', 'HS256'] }, "'HS256' is not known"],
    ['what objects inherit', { algorithms: ['constructor'] }, "'constructor' is not known"],
    ['a long age', { maxAge: '11 m' }, "use at most '10 m'"],
    ['an age that is a number', { maxAge: 60 }, 'dpop: maxAge: 60 is not a duration'],
  ])('%s', (_, options, message) => {
    expect(() => compile(options)).toThrow(TypeError)
    expect(() => compile(options)).toThrow(message)
  })
})
