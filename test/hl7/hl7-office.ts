/** A practice with its portal and one site over an InSched database, and a channel on which another system speaks to it. */
import Database from 'better-sqlite3'
import { join } from 'node:path'
import { createReferenceDatabase } from '../../src/bridges/insched/create-sqlite.ts'
import { enroll } from '../../src/enrolling.ts'
import { openPortal } from '../../src/portal.ts'
import type { Replica } from '../../src/replica/replica-face.ts'
import { openSite, type Site } from '../../src/site.ts'
import { clock, folder, master } from '../replica/world.ts'

export interface Hl7Office {
  readonly dir: string
  readonly site: Site
  /** The practice's replica at the portal. */
  readonly portal: Replica
  /** Another program on InSched's file. */
  readonly staff: Database.Database
  /** The port of a channel. */
  port(channel: string): Promise<number>
  reviews(): Promise<{ kind: string; why: string; patient: number | null; event: number | null }[]>
  close(): Promise<void>
}

export async function openHl7Office(
  channel: object = {},
  prepare: (staff: Database.Database) => void = () => {},
): Promise<Hl7Office> {
  const dir = folder()
  const file = join(dir, 'insched.db')
  await createReferenceDatabase(file, { patients: 12, now: clock.now() })
  const staff = new Database(file)
  prepare(staff)
  const portal = await openPortal({ dir: join(dir, 'portal'), master, clock, log: () => {} })
  const url = await portal.listen({ port: 0, host: '127.0.0.1' })
  const { practiceId } = await portal.addPractice({ name: 'Bloom', zone: 'America/Phoenix' })
  const { enrollmentCode: code } = portal.addSite({ practice: practiceId, name: 'Mesa' })
  await enroll({ dir: join(dir, 'site'), master, clock, portal: url, code, insched: `sqlite:${file}` })
  const site = await openSite({ dir: join(dir, 'site'), master, clock })
  await site.upload()
  await site.hl7.add({ name: 'ehr', direction: 'in', to: { by: 'mllp', host: '127.0.0.1', port: 0 }, eventTypes: { OFFICE: 'CONS' }, answersQueries: true, ...channel }) // prettier-ignore
  site.openChannels()
  return {
    dir,
    site,
    portal: portal.replicaOf(practiceId)!,
    staff,
    async port(name) {
      for (;;) {
        const found = site.hl7.channels().find((one) => one.name === name)!
        if (found.port !== null) return found.port
        if (found.problem !== null) throw new Error(found.problem)
        await new Promise((resolve) => void setImmediate(resolve))
      }
    },
    async reviews() {
      const { items } = await site.reviews()
      return items.map(({ kind, why, patient, event }) => ({ kind, why, patient, event }))
    },
    async close() {
      await site.close()
      await portal.close()
      staff.close()
    },
  }
}
