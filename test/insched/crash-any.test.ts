/** The agent dies at any durable step, on each schema and engine but the one that `crash.test.ts` has. */
import fc from 'fast-check'
import { it } from 'vitest'
import { deaths, playCrashesOn, steps } from './any-crash-histories.ts'
import { kinds } from './offices.ts'

it.each(kinds.slice(1))(
  '[DOM-15] killed at any durable step, the agent writes everything once ($schema schema, $engine)',
  async (kind) => {
    await fc.assert(
      fc.asyncProperty(steps, deaths, (list, when) => playCrashesOn(kind, list, when)),
      { numRuns: 4 },
    )
  },
  120_000,
)
