import { expect, it } from 'vitest'
import { practiceThatTexts } from './year.ts'

it('[TEXT-1] [TEXT-2] [TEXT-3] [TEXT-6] [TEXT-11] in weeks of virtual time no text goes out twice, at night, after STOP or for what moved away, and every line of why is true', { timeout: 300_000 }, async () => {
  // The clocks of two of the four zones go forward in between.
  const done = await practiceThatTexts({ from: Date.parse('2027-03-05T16:00:00Z'), days: 14, families: 30, eventsPerDay: 8, seed: 7 })
  expect(done.texts).toBeGreaterThan(50)
  expect(done.together).toBeGreaterThan(5)
  expect(done.moved).toBeGreaterThan(5)
  expect(done.restarts).toBeGreaterThan(0)
}) // prettier-ignore
