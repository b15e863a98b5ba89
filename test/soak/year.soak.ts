/**
 * `npm run soak -- year`: 30,000 patients and 200 events a day for a year of virtual time, or `--count` days of it. A seed that
 * is a date, as 20270401, is the day on which it begins, so that a year can be played in pieces. What was counted is recorded
 * every month, so that a year which is broken off has not been in vain.
 */
import { expect, it } from 'vitest'
import { practiceThatTexts } from '../texts/year.ts'
import { record } from './record.ts'
import { countOfRun } from './story.ts'

const seed = Number(process.env['FAULTS_SEED'] ?? 20_270_101)
const date = String(seed).replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')
const from = Date.parse(`${Number.isNaN(Date.parse(date)) ? '2027-01-01' : date}T12:00:00Z`)

it(`a year of texts breaks no promise (seed ${seed})`, async () => {
  try {
    const done = await practiceThatTexts({ from, days: countOfRun(365), families: 10_000, eventsPerDay: 200, seed, told: { every: 30, of: (counts) => record({ soak: 'year', seed, counts, faults: [] }) } }) // prettier-ignore
    expect(done.texts).toBeGreaterThan(done.days * 5)
  } catch (error) {
    record({ soak: 'year', seed, counts: {}, faults: [(error as Error).message] })
    throw error
  }
})
