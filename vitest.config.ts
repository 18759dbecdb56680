import { defineConfig } from 'vitest/config'

/** Limits end what hangs; they do not measure. A busy machine takes many times as long as a free one. */
const TEST = 300_000 // ms
const POLL = 30_000

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: TEST,
    hookTimeout: TEST,
    expect: { poll: { timeout: POLL } },
    pool: 'forks',
    maxWorkers: 2,
    globalSetup: ['test/web/say-no-browser.ts'],
    setupFiles: ['test/seeded-laws.ts'],
  },
})
