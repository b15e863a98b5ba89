/** M4: one live edit at a time until it is durable at the peer: two syncs to disk, as the floor has them. */
import { join } from 'node:path'
import type { FloorSide } from '../sides/floor-side.ts'
import type { OursPortal } from '../sides/ours-portal.ts'
import type { OursSite } from '../sides/ours-site.ts'
import { copyFile } from '../transfers.ts'
import { factor, inWords, type Measure } from './measure.ts'

const most = 2
const rounds = 5
const editsPerRound = 200

export const liveEdit: Measure = {
  id: 'M4',
  target: `p50 and p99 at most ${most} x the floor`,
  job: () => 'live edit until it is durable at the peer, p50 and p99',
  async run({ documents, dir, processes, transfers }) {
    const met = await transfers.met(documents)
    const files = { ...met, site: join(dir, 'live-site.sqlite'), portal: join(dir, 'live-portal.sqlite') }
    const plain = { site: join(dir, 'live-floor-site.sqlite'), portal: join(dir, 'live-floor-portal.sqlite') }
    for (const role of ['site', 'portal'] as const) {
      copyFile(met[role], files[role])
      copyFile(await transfers.plain(documents), plain[role])
    }
    const site = processes.start<OursSite>('sides/ours-site.ts', 'live-edit-site')
    const portal = processes.start<OursPortal>('sides/ours-portal.ts', 'live-edit-portal')
    const floorSite = processes.start<FloorSide>('sides/floor-side.ts', 'floor')
    const floorPortal = processes.start<FloorSide>('sides/floor-side.ts', 'floor')
    await site.call('open', files.pair, files.site, await portal.call('open', files.pair, files.portal))
    await floorSite.call('open', plain.site, documents, await floorPortal.call('serve', plain.portal, documents))
    await site.call('catchUp')
    await floorSite.call('catchUp')
    const times: { ours: number[]; floor: number[] } = { ours: [], floor: [] }
    // In turns, so that both meet the same disk; the first round of each only warms up.
    for (let round = 0; round <= rounds; round++) {
      const [ours, floor] = [
        await site.call('edits', editsPerRound, round),
        await floorSite.call('edits', editsPerRound),
      ]
      if (round > 0) times.ours.push(...ours)
      if (round > 0) times.floor.push(...floor)
    }
    for (const side of [site, portal, floorSite, floorPortal]) {
      await side.call('close')
      await side.end()
    }
    const at = (part: number) => {
      const of = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length * part)]!
      const [ours, floor] = [of(times.ours), of(times.floor)]
      return { ours, floor, ratio: ours / floor }
    }
    const [p50, p99] = [at(0.5), at(0.99)]
    return {
      ours: `${inWords(p50.ours)} and ${inWords(p99.ours)}`,
      against: `floor ${inWords(p50.floor)} and ${inWords(p99.floor)}`,
      comesTo: `${factor(p50.ratio)} and ${factor(p99.ratio)}`,
      met: p50.ratio <= most && p99.ratio <= most,
      json: { ...p50, p50, p99 },
    }
  },
}
