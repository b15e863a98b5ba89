/** The product's practice site in a process of its own, over InSched's database. */
import { defaultSettings, passes } from '../../src/mirror/policy.ts'
import { systemClock as clock } from '../../src/replica/clock.ts'
import { enroll } from '../../src/enrolling.ts'
import { openSite } from '../../src/site.ts'
import { answer } from '../processes.ts'
import { master } from './ours-pair.ts'
import type { IndexedRow } from './portal.ts'

let site: Awaited<ReturnType<typeof openSite>>
const views = { patients: 'patient', plans: 'plan', events: 'event' } as const

export type Site = typeof handlers
const handlers = {
  async enroll(dir: string, portal: string, code: string, insched: string): Promise<void> {
    await enroll({ dir, master, clock, portal, code, insched })
  },
  /** Upload Records; resolves with the counts, and per collection the document that goes to the portal last. */
  async upload(dir: string) {
    site = await openSite({ dir, master, clock })
    const uploaded = await site.upload()
    const newest: IndexedRow[] = []
    for (const collection of ['patients', 'plans', 'events'] as const) {
      const heads = await site.replica.list(collection, undefined, 10_000_000)
      const question = { collection, direction: 'up', site: site.settings.siteId, now: clock.now() } as const
      const sent = heads.filter(({ facts }) => passes(defaultSettings, { ...question, facts }).passes)
      const last = sent.reduce((newer, head) => (head.seq > newer.seq ? head : newer))
      newest.push([views[collection], last.key])
    }
    return { uploaded, newest }
  },
  close: async (): Promise<void> => site.close(),
}
answer(handlers)
