import { describe, expect, it } from 'vitest'
import { compilePattern } from '../../src/pattern.ts'
import { resembles } from '../../src/unmatched.ts'

const declared = ['/orders', '/hooks/pay.php', '/v1.0/*', '/users/:id/keys'].map(compilePattern)

describe('a path that an origin may take for a declared one', () => {
  it.each([
    '/ORDERS',
    '/orders/',
    '/orders.',
    '/orders%20',
    '/orders%C2%A0',
    '/orders;x',
    '/orders.json',
    '/orders.a-b',
    '/orders._',
    '/orders.~',
    '/orders.a.b',
    '/orders..json',
    '/orders.j%C3%A9',
    '/orders/.json',
    '/order%C5%BF',
    '/%256Frders',
    '/%25256Frders',
    '/hooks/PAY.PHP',
    '/Hooks/pay.php',
    '/hooks/pay.php/',
    '/hooks/pay.php;x',
    '/hooks/pay.php.',
    '/hooks/pay',
    '/hooks/pay.php/x',
    '/hooks/pay.json',
    '/V1.0',
    '/V1.0/',
    '/v1.0;a/',
    '/V1.0/x',
    '/users/7/KEYS',
    '/users/7/keys.json',
    '/USERS/7/keys',
  ])('is recognised: %s', (path) => {
    expect(resembles(path, declared)).toBe(true)
  })

  it.each([
    '/',
    '/order',
    '/ordering',
    '/orders/7',
    '/hooks',
    '/hooks/payments',
    '/v1',
    '/v2.0/x',
    '/users/7',
    '/users/7/keys/8',
    '/%25',
    '/%25zz',
    '/%F0%9F%98%80',
  ])('and this is none: %s', (path) => {
    expect(resembles(path, declared)).toBe(false)
  })
})
