/** `npm run soak -- year`: 30,000 patients and 200 events a day for a year of virtual time, or as many days as asked for. */
import { expect, it } from 'vitest'
import { practiceThatTexts } from '../texts/year.ts'
import { countOfRun } from './story.ts'

it('a year of texts breaks no promise', async () => {
  const seed = Number(process.env['FAULTS_SEED'] ?? 20_270_101)
  const done = await practiceThatTexts({ from: Date.parse('2027-01-01T12:00:00Z'), days: countOfRun(365), families: 10_000, eventsPerDay: 200, seed }) // prettier-ignore
  process.stdout.write(`${JSON.stringify({ seed, ...done })}\n`)
  expect(done.texts).toBeGreaterThan(countOfRun(365) * 5)
})
