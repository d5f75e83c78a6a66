import { Redis } from '@upstash/redis/cloudflare'
import { expect, test, vi } from 'vitest'
import { Redis as SlimRedis } from '../../src/state/upstash/slim/redis.ts'
import './upstash-contract.test.ts'

// All of that suite once more, with the client that the aliases of wrangler.toml put into the Worker.
vi.mock('@upstash/redis/cloudflare', () => import('../../src/state/upstash/slim/redis.ts'))

test('the client is the slim one', () => {
  expect(Redis).toBe(SlimRedis)
})
