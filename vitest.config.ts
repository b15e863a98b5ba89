import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/folder-of-run.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // A fact is waited for as long as a loaded machine may take; none is slept for.
    expect: { poll: { timeout: 20_000 } },
  },
})
