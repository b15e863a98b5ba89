/** `npm run soak -- dryrun`: the list of the dry run beside what is then sent, for 1,000 random rule sets or as many as asked for. */
import { expect, it } from 'vitest'
import { dryRunIsTrue } from '../texts/foreseen.ts'

it('what the dry run lists is what is sent', async () => {
  const count = Number(process.env['SOAK_COUNT'] ?? 1_000)
  const { sent } = await dryRunIsTrue(count, Number(process.env['FAULTS_SEED'] ?? 20_270_310))
  expect(sent).toBeGreaterThan(count / 2)
})
