import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { connectionNominated, fieldKey } from '../../../src/lib/headers.ts'

describe('fieldKey', () => {
  test.each(['x-forwarded-for', 'X-Forwarded-For', 'X_Forwarded_For', 'X_Forwarded.For', 'x.forwarded~for'])(
    'sees x-forwarded-for in %j',
    (name) => {
      expect(fieldKey(name)).toBe('x-forwarded-for')
    },
  )

  test('keeps different names apart', () => {
    expect(fieldKey('x-forwarded-for')).not.toBe(fieldKey('x-forwardedfor'))
    expect(fieldKey('x-forwarded-for')).not.toBe(fieldKey('x--forwarded-for'))
    expect(fieldKey('x-forwarded-for-1')).not.toBe(fieldKey('x-forwarded-for-2'))
  })

  test('does not take a Kelvin sign or a dotted capital I for a letter', () => {
    expect(fieldKey('x-\u212aey')).toBe('x--ey')
    expect(fieldKey('x-\u0130d')).toBe('x--d')
  })

  test('is stable, and only letters, digits and hyphens', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(fieldKey(name)).toMatch(/^[a-z0-9-]*$/)
        expect(fieldKey(fieldKey(name))).toBe(fieldKey(name))
        expect(fieldKey(name).length).toBe(name.length)
      }),
    )
  })
})

describe('connectionNominated', () => {
  test('finds every nominated header in any case and with any space', () => {
    expect(connectionNominated('close, X-Gateway-Auth,\tAuthorization ,, Cookie')).toEqual(
      new Set(['close', 'x-gateway-auth', 'authorization', 'cookie']),
    )
  })

  test('finds none in an absent or empty value', () => {
    expect(connectionNominated(null)).toEqual(new Set())
    expect(connectionNominated('')).toEqual(new Set())
    expect(connectionNominated(' , ,')).toEqual(new Set())
  })

  test('finds every name of a list, whatever stands beside it', () => {
    fc.assert(
      fc.property(fc.string(), fc.stringMatching(/^[A-Za-z-]{1,20}$/), fc.string(), (before, name, after) => {
        expect(connectionNominated(`${before},${name},${after}`).has(name.toLowerCase())).toBe(true)
      }),
    )
  })
})
