import { expect, it } from 'vitest'
import { carrierOverHttp } from './carriers.ts'
import { practiceThatTexts } from './year.ts'

it('[TEXT-1] [TEXT-2] [TEXT-3] [TEXT-6] [TEXT-11] in weeks of virtual time no text goes out twice, at night, after STOP or for what moved away, and every line of why is true', { timeout: 300_000 }, async () => {
  // The clocks of two of the four zones go forward in between.
  const done = await practiceThatTexts({ from: Date.parse('2027-03-05T16:00:00Z'), days: 14, families: 30, eventsPerDay: 8, seed: 7 })
  expect(done.texts).toBeGreaterThan(50)
  expect(done['texts for several']).toBeGreaterThan(5)
  for (const what of ['moves', 'cancels', 'STOPs', 'outages', 'lost answers', 'rule edits', 'deaths'] as const) expect(done[what], what).toBeGreaterThan(3)
}) // prettier-ignore

it('[TEXT-1] [TEXT-2] [TEXT-3] [TEXT-6] [TEXT-9] [TEXT-11] the same in some days over HTTP, through Twilio’s SDK, the sandbox and its webhooks', { timeout: 120_000 }, async () => {
  const done = await practiceThatTexts({ from: Date.parse('2027-03-11T16:00:00Z'), days: 6, families: 30, eventsPerDay: 20, seed: 3, carrier: carrierOverHttp })
  expect(done.texts).toBeGreaterThan(50)
  for (const what of ['texts for several', 'STOPs', 'outages', 'lost answers', 'deaths'] as const) expect(done[what], what).toBeGreaterThan(0)
}) // prettier-ignore
