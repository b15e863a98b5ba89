/**
 * M9: many practices reconnect to one portal at the same time, against one site with as many changes in all. The portal
 * is the product's, with its policy and its index; the sites share a process. Fresh processes, from dialing.
 */
import { join } from 'node:path'
import { factor, inWords, thousands, type Bench, type Measure } from './measure.ts'
import type { Offices } from '../sides/offices.ts'
import type { Portal } from '../sides/portal.ts'

const most = 5
const practicesOf = (documents: number): number => Math.max(2, Math.round(documents / 150))
const changesEach = 100

export const manyPractices: Measure = {
  id: 'M9',
  target: `at most ${most} x the one site`,
  job: (documents) => {
    const practices = practicesOf(documents)
    return `${practices} practices reconnect at once, ${changesEach} changes each, against one site with ${thousands(practices * changesEach)}`
  },
  async run(bench) {
    const practices = practicesOf(bench.documents)
    const one = await reconnected(bench, 1, practices * changesEach)
    const many = await reconnected(bench, practices, changesEach)
    const ratio = many / one
    return {
      ours: inWords(many),
      against: `one site ${inWords(one)}`,
      comesTo: factor(ratio),
      met: ratio <= most,
      json: { ours: many, one, ratio },
    }
  },
}

async function reconnected({ dir, processes }: Bench, practices: number, changes: number): Promise<number> {
  const folder = join(dir, `practices-${practices}`)
  const start = () => ({
    portal: processes.start<Portal>('sides/portal.ts', `practices-${practices}-portal`),
    offices: processes.start<Offices>('sides/offices.ts', `practices-${practices}-sites`),
  })
  const end = async ({ portal, offices }: ReturnType<typeof start>): Promise<void> => {
    await offices.call('close')
    await portal.call('close')
    await Promise.all([offices.end(), portal.end()])
  }
  const first = start()
  const url = await first.portal.call('open', folder)
  const enrolments = await first.portal.call('add', practices)
  const { sites, newest } = await first.offices.call('prepare', folder, url, enrolments, changes)
  for (const [number, { practice }] of enrolments.entries())
    await first.portal.call('indexed', practice, [newest[number]!])
  await end(first)
  const again = start()
  const address = await again.portal.call('open', folder)
  await again.offices.call('open', sites)
  const seconds = await again.offices.call('reconnect', address)
  await end(again)
  return seconds
}
