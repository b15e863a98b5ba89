/** A portal and a site of it in this process, with an InSched database of synthetic people; the console's app over its real stores, its time held. */
import Database from 'better-sqlite3'
import { join } from 'node:path'
import type { Hono } from 'hono'
import { createReferenceDatabase } from '../../src/bridges/insched/create-sqlite.ts'
import { openPortal } from '../../src/portal.ts'
import type { Portal } from '../../src/portal/portal-face.ts'
import { systemClock } from '../../src/replica/clock.ts'
import { consoleApp } from '../../src/server/console/console-app.ts'
import type { ConsoleEnv } from '../../src/server/console/frame.ts'
import { openStaffStore, type StaffStore } from '../../src/server/console/staff-store-sqlite.ts'
import { enroll } from '../../src/enrolling.ts'
import { openSite, type Site } from '../../src/site.ts'
import { folder, master } from '../replica/world.ts'
import { heldClock, type HeldClock } from './world.ts'

export interface SiteWorld {
  readonly portal: Portal
  readonly site: Site
  readonly insched: Database.Database
  readonly dir: string
  readonly app: Hono<ConsoleEnv>
  readonly staff: StaffStore
  readonly clock: HeldClock
  readonly setupCode: string
  readonly log: string[]
  close(): Promise<void>
}

export async function openSiteWorld(patients = 12): Promise<SiteWorld> {
  const dir = folder()
  const file = join(dir, 'insched.db')
  const clock = heldClock(systemClock.now())
  const log: string[] = []
  await createReferenceDatabase(file, { patients, now: systemClock.now() })
  const portal = await openPortal({ dir: join(dir, 'portal'), master, clock: systemClock, log: (line) => void log.push(line) }) // prettier-ignore
  const url = await portal.listen({ port: 0, host: '127.0.0.1' })
  const { practiceId } = await portal.addPractice({ name: 'Desert Bloom', zone: 'America/Phoenix' })
  const { enrollmentCode } = portal.addSite({ practice: practiceId, name: 'Mesa' })
  const where = { dir: join(dir, 'site'), master, clock: systemClock }
  await enroll({ ...where, portal: url, code: enrollmentCode, insched: `sqlite:${file}` })
  const site = await openSite(where)
  await site.upload()
  const staff = openStaffStore(join(where.dir, 'staff.sqlite'), master, clock)
  const setupCode = 'the code that was printed'
  return {
    portal,
    site,
    insched: new Database(file),
    dir,
    app: consoleApp({ site, store: staff, setupCode, clock, log: (line) => void log.push(line) }),
    staff,
    clock,
    setupCode,
    log,
    async close() {
      staff.close()
      await site.close()
      await portal.close()
    },
  }
}
