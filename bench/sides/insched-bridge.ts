/**
 * The product's bridge in a process of its own, over an InSched database of a number of events, with a replica on disk; and
 * staff, who work with that database by a connection of theirs.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kysely, sql } from 'kysely'
import { bind } from '../../src/bridges/insched/binding.ts'
import { startInSchedBridge, type InSchedBridge } from '../../src/bridges/insched/bridge.ts'
import { createReferenceInPostgres } from '../../src/bridges/insched/create-postgres.ts'
import { createReferenceDatabase } from '../../src/bridges/insched/create-sqlite.ts'
import { openEngine } from '../../src/bridges/insched/engines.ts'
import { openInSched } from '../../src/bridges/insched/insched.ts'
import { daysLater, wallClockOf } from '../../src/mirror/wall-clock.ts'
import { systemClock as clock } from '../../src/replica/clock.ts'
import { mintUlid } from '../../src/replica/ids.ts'
import type { Edit } from '../../src/replica/replica-face.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { startPostgres, type PostgresServer } from '../../test/insched/postgres-server.ts'
import { answer } from '../processes.ts'
import { newPair, openRole } from './ours-pair.ts'

const zone = 'America/Phoenix'
/** How many of the events are staff's to change and the patients' to confirm. */
const perPatient = 3

let server: PostgresServer | undefined
let home: string | undefined
let staff: Kysely<Record<string, never>>
let replica: OpenReplica
let bridge: InSchedBridge
let polls = false

export type InSchedSide = typeof handlers
const handlers = {
  /** Makes a database of so many events to come and starts the bridge on it; resolves with the seconds of the first full read. */
  async open(dir: string, engine: 'SQLite' | 'PostgreSQL', events: number): Promise<number> {
    mkdirSync(dir, { recursive: true })
    const size = { patients: Math.ceil(events / perPatient), now: clock.now() }
    let url = `sqlite:${join(dir, 'insched.db')}`
    if (engine === 'PostgreSQL') {
      // Beside the others: whom the server runs as may not read there.
      home = mkdtempSync(join(tmpdir(), 'patientconnection-bench-server-'))
      chmodSync(home, 0o711)
      server = await startPostgres(join(home, 'server'))
      url = server.url('postgres')
      await createReferenceInPostgres(url, size)
    } else await createReferenceDatabase(join(dir, 'insched.db'), size)
    staff = new Kysely<Record<string, never>>({ dialect: openEngine(url).dialect })
    // As many as were asked for, all ahead; what stands before the agent comes has no trail.
    const start = daysLater(wallClockOf(clock.now(), zone), 7)
    await sql`delete from events`.execute(staff)
    const patients = size.patients
    await sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${sql.lit(events)})
      insert into events(event_id, event_type, patient_id, location_id, starts_at, minutes, status)
      select i, 'CONS', 1 + i % ${sql.lit(patients)}, 1, ${start}, 30, 'None' from n`.execute(staff)
    await sql`delete from audit_trail`.execute(staff)
    const pair = newPair()
    const site = { key: pair.site as string, name: 'Mesa' }
    replica = await openRole(pair, 'site', join(dir, 'site.sqlite'))
    const insched = await openInSched(url, { clock })
    await bind(insched, { practice: pair.practice, site: site.key, replica: replica.id })
    await insched.close()
    bridge = await startInSchedBridge({ url, replica, practice: pair.practice, site, holder: 'bench', station: 'BENCH', clock, polls: () => polls }) // prettier-ignore
    const began = performance.now()
    const read = await bridge.readNow()
    if (read.events !== events) throw new Error(`The first read found ${read.events} of ${events} events`)
    return (performance.now() - began) / 1000
  },
  /** The share of one processor that the bridge takes while nothing happens and it looks by itself. */
  async atRest(seconds: number): Promise<number> {
    polls = true
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    const [before, began] = [process.cpuUsage(), performance.now()]
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
    const { user, system } = process.cpuUsage(before)
    polls = false
    await bridge.readNow()
    return (user + system) / 1_000 / (performance.now() - began)
  },
  /** Staff change so many events in one statement; resolves with the seconds from the look of the bridge until the replica has them durably. */
  async capture(rows: number, minutes: number): Promise<number> {
    await sql`update events set minutes = ${minutes} where event_id <= ${rows}`.execute(staff)
    const began = performance.now()
    await bridge.readNow()
    const seconds = (performance.now() - began) / 1000
    for (let event = 1; event <= rows; event++) {
      const { fields } = (await replica.record('events', (await bridge.documentOf('events', event))!))!
      if (fields['minutes'] !== minutes) throw new Error(`The change of event ${event} was not read`)
    }
    return seconds
  },
  /** Patients confirm so many events, from `after` on; resolves with the seconds until each is in InSched and read back. */
  async writeBack(count: number, after: number): Promise<number> {
    const edits: Edit[] = []
    for (let event = after + 1; event <= after + count; event++) {
      const key = (await bridge.documentOf('events', event))!
      const { at: _, ...facts } = (await replica.head('events', key))!.facts
      const startsAt = (await replica.record('events', key))!.fields['startsAt'] as string
      edits.push({ collection: 'confirmations', key, facts, add: { [mintUlid(clock)]: { kind: 'answered', at: clock.now(), by: { role: 'patient', id: 'a' }, channel: 'portal', patient: facts.patient!, startsAt } } }) // prettier-ignore
    }
    const began = performance.now()
    await replica.change(edits)
    await bridge.written()
    const seconds = (performance.now() - began) / 1000
    const { rows } = await sql<{ confirmed: number }>`select count(*) as confirmed from events where event_id > ${after} and event_id <= ${after + count} and confirmation_type = 'Portal'`.execute(staff) // prettier-ignore
    if (rows[0]!.confirmed !== count) throw new Error(`${rows[0]!.confirmed} of ${count} confirmations are in InSched`) // prettier-ignore
    return seconds
  },
  async close(): Promise<void> {
    await bridge.stop()
    await replica.close()
    await staff.destroy()
    await server?.stop()
    if (home !== undefined) rmSync(home, { recursive: true })
  },
}
answer(handlers)
