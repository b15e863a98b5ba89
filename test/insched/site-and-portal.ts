/** A portal and a site with an InSched file of synthetic people, and a connection of staff to it. */
import Database from 'better-sqlite3'
import { join } from 'node:path'
import { createReferenceDatabase } from '../../src/bridges/insched/create-sqlite.ts'
import { openPortal } from '../../src/portal.ts'
import { enroll } from '../../src/enrolling.ts'
import { openSite } from '../../src/site.ts'
import { clock, folder, master } from '../replica/world.ts'
import { closers } from './office.ts'

export async function openAll() {
  const dir = folder()
  const file = join(dir, 'insched.db')
  await createReferenceDatabase(file, { patients: 40, now: clock.now() })
  const portal = await openPortal({ dir: join(dir, 'portal'), master, clock, log: () => {} })
  const url = await portal.listen({ port: 0, host: '127.0.0.1' })
  const { practiceId } = await portal.addPractice({ name: 'Bloom', zone: 'America/Phoenix' })
  const { enrollmentCode: code } = portal.addSite({ practice: practiceId, name: 'Mesa' })
  await enroll({ dir: join(dir, 'site'), master, clock, portal: url, code, insched: `sqlite:${file}` })
  const staff = new Database(file)
  const site = await openSite({ dir: join(dir, 'site'), master, clock })
  closers.push(
    () => portal.close(),
    () => site.close(),
    () => void staff.close(),
  )
  return { site, staff, portal: portal.replicaOf(practiceId)!, dir: join(dir, 'site') }
}
