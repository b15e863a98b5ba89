/** One agent on one InSched database: who lost the lease changes nothing any more, and says so. */
import type Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import type { Clock } from '../../src/replica/clock.ts'
import { clock, ulid } from '../replica/world.ts'
import { closers, confirm, openOffice, say, start } from './office.ts'

const taken = /Another agent has taken over the InSched database/
/** A clock on which every wait is short, so that a lease is renewed at once. */
const hasty: Clock = { ...clock, after: (ms, run) => clock.after(Math.min(ms, 20), run) }
const agentTables = (staff: Database.Database) =>
  ['pc_agent', 'pc_identity', 'pc_effects', 'communications'].map((table) => staff.prepare(`select * from ${table}`).all()) // prettier-ignore

it('[DOM-15] an agent that lost its lease changes nothing at all in InSched’s database, and the status says so', async () => {
  const at = await openOffice()
  at.staff.exec("update pc_agent set fence = fence + 1, holder = 'elsewhere'")
  const before = agentTables(at.staff)
  at.staff.exec("insert into patients(first_name, last_name, portal_enabled) values ('New', 'One', 1); update events set minutes = 99") // prettier-ignore
  await say(at.replica, (await at.bridge.documentOf('patients', 1))!, 'm')
  await confirm(at)
  await expect(at.bridge.readNow()).rejects.toThrow(taken)
  await expect.poll(() => at.bridge.status().problem).toMatch(taken)
  expect(agentTables(at.staff)).toEqual(before)
  expect(await at.replica.record('events', (await at.bridge.documentOf('events', 2))!)).not.toMatchObject({
    fields: { minutes: 99 },
  })
  await at.bridge.stop()
  expect(agentTables(at.staff)).toEqual(before)
})

it('[DOM-15] the lease lost in the middle of a read changes nothing more', async () => {
  const at = await openOffice()
  at.staff.exec("insert into patients(first_name, last_name, portal_enabled) values ('New', 'One', 1)")
  await at.bridge.readNow()
  await at.bridge.stop()
  at.staff.exec("insert into patients(first_name, last_name, portal_enabled) values ('Newer', 'One', 1)")
  let before: unknown
  // The replica takes the change; before the cursor can move, another agent takes the lease.
  const between = {
    ...at.replica,
    async change(edits: Parameters<typeof at.replica.change>[0]) {
      await at.replica.change(edits)
      at.staff.exec("update pc_agent set fence = fence + 1, holder = 'elsewhere'")
      before = agentTables(at.staff)
    },
  }
  const again = await start(at.file, between)
  closers.push(() => again.stop())
  await expect.poll(() => again.status().problem).toMatch(taken)
  expect(agentTables(at.staff)).toEqual(before)
})

it('a lease that cannot be renewed is a problem in words, not the end of the process, and is over when it can', async () => {
  const at = await openOffice({ clock: hasty })
  at.staff.exec('alter table pc_agent rename to elsewhere')
  await expect.poll(() => at.bridge.status().problem).toMatch(/lease on InSched’s database could not be renewed/)
  at.staff.exec('alter table elsewhere rename to pc_agent')
  await expect.poll(() => at.bridge.status().problem).toBeNull()
})

it('a lease that another agent took is met at the next renewal, without any change', async () => {
  const at = await openOffice({
    clock: { ...clock, after: (ms, run) => clock.after(ms === 10_000 ? 20 : 60_000, run) },
  })
  at.staff.exec("update pc_agent set fence = fence + 1, holder = 'elsewhere'")
  await expect.poll(() => at.bridge.status().problem).toMatch(taken)
})

it('a stopped agent gives the lease back, so that another may start at once', async () => {
  const at = await openOffice()
  await at.bridge.stop()
  const other = await start(at.file, at.replica, { holder: `elsewhere ${ulid()}` })
  closers.push(() => other.stop())
  expect(other.status().problem).toBeNull()
})
