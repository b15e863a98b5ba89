/**
 * `npm run soak -- sandbox`: ten days of the year of `year.soak.ts`, or `--count` days, over HTTP: Twilio's SDK, the text sandbox
 * and its signed webhooks on real sockets.
 */
import { expect, it } from 'vitest'
import { seedOfRun } from '../faults/harness/chance.ts'
import { carrierOverHttp } from '../texts/carriers.ts'
import { practiceThatTexts } from '../texts/year.ts'
import { record } from './record.ts'
import { countOfRun } from './story.ts'

const seed = seedOfRun()
// In these days the clocks of two of the four zones change.
const from = Date.parse('2027-03-08T12:00:00Z')

it(`days of texts over HTTP break no promise (seed ${seed})`, async () => {
  try {
    const counts = await practiceThatTexts({ from, days: countOfRun(10), families: 10_000, eventsPerDay: 200, seed, carrier: carrierOverHttp }) // prettier-ignore
    record({ soak: 'sandbox', seed, counts, faults: [] })
    expect(counts.texts).toBeGreaterThan(counts.days * 5)
  } catch (error) {
    record({ soak: 'sandbox', seed, counts: {}, faults: [(error as Error).message] })
    throw error
  }
})
