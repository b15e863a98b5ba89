/**
 * `npm run soak -- recent`: Recent Communications over 1,000,000 entries (or as many as asked for) that the product itself
 * wrote, beside one of 10,000: pages of every filter, near the newest and far back, each 50 entries as the console asks
 * for them. A page may cost no more of this thread's work where there is a hundred times as much.
 */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Edit } from '../../src/replica/replica-face.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { openDesk } from '../../src/server/console/desk-sqlite.ts'
import type { Communication, CommunicationQuery } from '../../src/server/console/site-views.ts'
import { indexedCollections, pageIndex } from '../../src/server/page-index.ts'
import { communicationsOf } from '../../src/site/communications.ts'
import { seedOfRun } from '../faults/harness/chance.ts'
import { clock, factsOf, folder, master, ulid } from '../replica/world.ts'
import { record } from './record.ts'
import { countOfRun } from './story.ts'

/** What one patient has: 18 texts and 6 mails of the practice, 6 replies, 20 messages. */
const ofPatient = 50
const year = 365 * 86_400_000
const perPage = 50
const [rounds, tries] = [5, 40]

interface Filled {
  readonly replica: OpenReplica
  readonly page: (query: CommunicationQuery) => Promise<Communication[]>
  close(): Promise<void>
}

async function filled(entries: number): Promise<Filled> {
  const dir = folder()
  const replica = await openReplica({
    store: await openSqliteStore({ file: join(dir, 'replica.sqlite'), master }),
    practice: ulid(),
    id: ulid(),
    clock,
  })
  const index = replica.follow({ name: 'index', collections: indexedCollections, handle: pageIndex(replica) })
  const site = ulid()
  const patients = Math.ceil(entries / ofPatient)
  const from = clock.now() - 3 * year
  for (let done = 0; done < patients; done += 200) {
    const edits = Array.from({ length: Math.min(200, patients - done) }, (_, i) => editsOf(site, done + i, from)).flat()
    await replica.change(edits)
  }
  await index.caughtUp()
  const desk = openDesk(join(dir, 'desk.sqlite'), master, clock)
  const bridge = { documentOf: async (_: string, local: number) => keys[local], localOf: async () => 1 }
  const keys = (await replica.list('messages', undefined, 10)).map((head) => head.key)
  const communications = communicationsOf({ replica, bridge, index, desk, hl7: { walk: () => [] } })
  return {
    replica,
    async page(query) {
      const found: Communication[] = []
      for await (const one of communications(query)) if (found.push(one) === perPage) break
      return found
    },
    async close() {
      await replica.close()
      desk.close()
    },
  }
}

function editsOf(site: string, patientNumber: number, from: number): Edit[] {
  const patient = ulid()
  const facts = factsOf(patient, site)
  const by = { role: 'portal' as const, id: site }
  const recipient = `key ${patientNumber}`
  const at = (i: number): number => from + Math.floor(((patientNumber * 7_919 + i * 104_729) % 1_000_003) * ((3 * year) / 1_000_003)) // prettier-ignore
  const said: Record<string, unknown> = {}
  for (let i = 0; i < 24; i++) {
    const id = ulid()
    const text = { at: at(i), by, what: 'reminder', recipient, body: 'Ann: this is a reminder of your appointment at Desert Bloom, Wed, Mar 10, 2:30 PM.' } // prettier-ignore
    said[id] = i < 18 ? { kind: 'text', to: '+14805550101', ...text } : { kind: 'email', subject: 'Desert Bloom: a reminder', ...text } // prettier-ignore
    // One text of a thousand failed: a filter that few pass.
    const state = i >= 18 ? 'sent' : (patientNumber * 18 + i) % 1_000 === 0 ? 'failed' : 'delivered'
    said[`state:${id}:${state}`] = { kind: 'state', at: at(i), by, message: id, state }
    if (i < 6) said[ulid()] = { kind: 'received', at: at(i) + 60_000, by: { role: 'patient', id: recipient }, from: '+14805550101', recipient, body: 'C', outcome: 'answered' } // prettier-ignore
  }
  const thread = ulid()
  const messages = Array.from({ length: 20 }, (_, i) => [
    ulid(),
    { kind: 'message', at: at(30 + i), by: i % 2 ? { role: 'patient', id: 'a' } : { role: 'site', id: site }, thread, subject: 'Before your visit', text: 'Come ten minutes early.' }, // prettier-ignore
  ])
  return [
    { collection: 'communications', key: patient, facts, add: said },
    { collection: 'messages', key: patient, facts, add: Object.fromEntries(messages) },
  ] as Edit[]
}

/** What the filters of the page let through, near the newest and two years back. */
const filters: Readonly<Record<string, CommunicationQuery>> = {
  all: {},
  'texts in': { channel: 'text', direction: 'in' },
  email: { channel: 'email' },
  out: { direction: 'out' },
  failed: { state: 'failed' },
  'portal in, received': { channel: 'portal', direction: 'in', state: 'received' },
  patient: { patient: 1 },
  'a patient’s texts': { patient: 1, channel: 'text' },
}

/** This thread's own work for a page, milliseconds, by filter: the least of some rounds, each of many pages. */
async function measured({ page }: Filled): Promise<Record<string, number>> {
  const own = (): number => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1_000
  }
  const took: Record<string, number> = {}
  for (const [name, query] of Object.entries(filters))
    for (const [where, until] of [['', undefined], [', two years back', clock.now() - 2 * year]] as const) {
      const last = (await page({ ...query, until })).at(-1)
      const after = last && { at: Date.parse(last.at), id: last.id }
      const times: number[] = []
      for (let round = 0; round < rounds; round++) {
        const began = own()
        for (let i = 0; i < tries; i++) await page({ ...query, until, ...(i % 2 ? { after } : {}) })
        times.push((own() - began) / tries)
      }
      took[name + where] = Number(Math.min(...times).toFixed(2))
    } // prettier-ignore
  return took
}

it('a page of Recent Communications costs no more where there is a hundred times as much', async () => {
  const entries = countOfRun(1_000_000)
  const few = await filled(10_000)
  const base = await measured(few)
  await few.close()
  const many = await filled(entries)
  const took = await measured(many)
  expect(await many.replica.indexCount({ view: 'communication' })).toBeGreaterThanOrEqual(entries)
  await many.close()
  // Of 10,000 a rare filter fills no page: a full one costs what any page does.
  const bound = (name: string): number => 2 * Math.max(base[name]!, base['all']!) + 1
  const faults = Object.entries(took).flatMap(([name, ms]) => (ms > bound(name) ? [`${name}: ${ms} ms of ${entries} and ${base[name]} ms of 10,000`] : [])) // prettier-ignore
  const slowest = (of: Record<string, number>): number => Math.max(...Object.values(of))
  process.stdout.write(`${JSON.stringify({ few: base, many: took })}\n`)
  record({
    soak: 'recent',
    seed: seedOfRun(),
    counts: { entries, 'pages of 50': 4 * rounds * tries * Object.keys(filters).length },
    worst: { 'own ms of a page by the slowest filter': slowest(took), 'the same of 10,000 entries': slowest(base) },
    faults,
  })
  expect(faults).toEqual([])
})
