import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: import.meta.dirname,
  // One worker for all files: each would load all the SDKs again.
  test: {
    include: ['**/*.test.ts'],
    maxWorkers: 1,
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
})
