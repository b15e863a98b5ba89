/** The long counts of `npm run soak`: files that the normal run leaves out, one after the other, without a limit of time. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/soak/*.soak.ts'],
    globalSetup: ['test/folder-of-run.ts'],
    testTimeout: 0,
    hookTimeout: 120_000,
    fileParallelism: false,
    reporters: ['verbose'],
  },
})
