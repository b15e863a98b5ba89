import { it } from 'vitest'
import { dryRunIsTrue } from './foreseen.ts'

it('[TEXT-14] the list of the dry run is what is then sent, for random rule sets and schedules', { timeout: 300_000 }, async () => {
  await dryRunIsTrue(100, 20_270_310)
}) // prettier-ignore
