import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** The playground's tests start commands hundreds of times: within a run their types are stripped once. */
const compiled = mkdtempSync(join(tmpdir(), 'sallyport-compiled-'))
process.once('exit', () => rmSync(compiled, { recursive: true, force: true }))

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    projects: [
      {
        // Thousands of random cases: on a machine that stalls, five seconds are not enough for them.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], maxWorkers: 2, testTimeout: 60_000 },
      },
      {
        test: {
          name: 'wire',
          include: ['test/wire/**/*.test.ts'],
          exclude: ['test/wire/*-cost.test.ts'],
          maxWorkers: 2,
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'playground',
          env: { NODE_COMPILE_CACHE: compiled },
          include: ['test/playground/**/*.test.ts'],
          // Each of these starts a wrangler of its own: one at a time, after all others.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'cost',
          include: ['test/wire/*-cost.test.ts'],
          // Ratios of times: alone, once everything else has ended.
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'redis',
          include: ['test/redis/**/*.test.ts'],
          maxWorkers: 2,
          // Deadlines of half a second: a stalled machine misses one now and then, what is wrong fails each time.
          retry: 2,
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: new URL('workerd/wrangler.toml', import.meta.url).pathname },
          }),
        ],
        test: {
          name: 'workerd',
          include: ['test/workerd/**/*.test.ts'],
          maxWorkers: 2,
          testTimeout: 20_000,
        },
      },
    ],
  },
})
