/**
 * M10: patients' home pages under load, against a bare Hono page of the same bytes and headers. Portal, bare page and
 * browsers are processes of their own; the portal has the store of a practice and patients who signed in.
 */
import { join } from 'node:path'
import type { BarePage } from '../sides/bare-page.ts'
import type { Browsers } from '../sides/browsers.ts'
import type { Portal } from '../sides/portal.ts'
import { median } from '../transfers.ts'
import { factor, inWords, thousands, type Measure } from './measure.ts'

const most = 5
/** Browsers, each a patient of its own on a connection of its own that asks for the next page when it has the last. */
const browsersAtOnce = 16
const rounds = 5

export const homePage: Measure = {
  id: 'M10',
  target: `p99 at most ${most} x a bare page`,
  job: (documents) =>
    `a patient's home page, ${browsersAtOnce} browsers without a pause at a portal of ${thousands(documents)} patients, p99`,
  async run({ documents, dir, processes }) {
    const portal = processes.start<Portal>('sides/portal.ts', 'home-page-portal')
    const bare = processes.start<BarePage>('sides/bare-page.ts', 'home-page-bare')
    const browsers = processes.start<Browsers>('sides/browsers.ts', 'home-page-browsers')
    const ours = await portal.call('open', join(dir, 'home-page-portal'))
    const page = await browsers.call('signIn', ours, await portal.call('furnish', documents, browsersAtOnce))
    const bytes = Buffer.byteLength(page.body)
    const floor = await bare.call('open', page)
    const each = Math.max(10, Math.min(150, Math.round(documents / 20)))
    const load = async (server: string, pages: number): Promise<{ p50: number; p99: number }> => {
      const times = (await browsers.call('load', server, bytes, pages)).toSorted((a, b) => a - b)
      return { p50: times[Math.floor(times.length * 0.5)]!, p99: times[Math.floor(times.length * 0.99)]! }
    }
    // What runs for the first time is compiled first: that is no load.
    for (const server of [ours, floor]) await load(server, each)
    const seen: { ours: { p50: number; p99: number }; floor: { p50: number; p99: number } }[] = []
    // In turns, so that both meet the same machine.
    for (let round = 0; round < rounds; round++)
      seen.push({ ours: await load(ours, each), floor: await load(floor, each) })
    for (const side of [browsers, bare, portal]) {
      await side.call('close')
      await side.end()
    }
    const at = (part: 'p50' | 'p99') => {
      const [mine, its] = [median(seen.map((one) => one.ours[part])), median(seen.map((one) => one.floor[part]))]
      return { ours: mine, floor: its, ratio: mine / its }
    }
    const [p50, p99] = [at('p50'), at('p99')]
    return {
      ours: `${inWords(p99.ours)}, p50 ${inWords(p50.ours)}`,
      against: `bare page of ${thousands(bytes)} bytes ${inWords(p99.floor)}, p50 ${inWords(p50.floor)}`,
      comesTo: factor(p99.ratio),
      met: p99.ratio <= most,
      json: { ...p99, p50, bytes },
    }
  },
}
