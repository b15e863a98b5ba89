/** M5: what one more connected, idle site costs the portal: resident memory after the garbage is gone, by difference. */
import { join } from 'node:path'
import type { OursPortal } from '../sides/ours-portal.ts'
import type { OursSite } from '../sides/ours-site.ts'
import { copyFile } from '../transfers.ts'
import { thousands, type Measure } from './measure.ts'

const mostMiB = 1
/** Sites before the first look, so that code and buffers that all share are paid, and sites between the two looks. */
const before = 2
const between = 10
/** What each site changes before it is idle: a cache that was never filled would look small. */
const changes = 100

export const idleSite: Measure = {
  id: 'M5',
  target: `at most ${mostMiB} MiB`,
  job: (documents) => `memory of the portal for one more connected, idle site of ${thousands(documents)} documents`,
  async run({ documents, dir, processes, transfers }) {
    const met = await transfers.met(documents)
    const site = processes.start<OursSite>('sides/ours-site.ts', 'idle-sites')
    const portal = processes.start<OursPortal>('sides/ours-portal.ts', 'idle-portal')
    const connect = async (number: number): Promise<void> => {
      const files = { site: join(dir, `idle-site-${number}.sqlite`), portal: join(dir, `idle-portal-${number}.sqlite`) }
      for (const role of ['site', 'portal'] as const) copyFile(met[role], files[role])
      await site.call('open', met.pair, files.site, await portal.call('open', met.pair, files.portal))
      await site.call('catchUp')
      await site.call('change', Math.min(changes, documents))
    }
    for (let number = 0; number < before; number++) await connect(number)
    const first = await portal.call('memory')
    for (let number = before; number < before + between; number++) await connect(number)
    const second = await portal.call('memory')
    await site.call('close')
    await portal.call('close')
    await Promise.all([site.end(), portal.end()])
    const mebibytes = (bytes: number): number => bytes / between / 1024 / 1024
    const [resident, heap] = [mebibytes(second.resident - first.resident), mebibytes(second.heap - first.heap)]
    return {
      ours: `${resident.toFixed(2)} MiB resident, of it ${heap.toFixed(2)} MiB heap`,
      against: '',
      comesTo: `${resident.toFixed(2)} MiB`,
      met: resident <= mostMiB,
      json: { ours: resident, heap, unit: 'MiB' },
    }
  },
}
