/**
 * An InSched database in SQLite, in the reference schema: the statements of the bridge on the practice's tables. Short
 * transactions only. Whatever changes is reached through `write` alone, which asserts the fence of the lease in the same
 * transaction, so an agent that lost its lease changes nothing. A database that another program holds is reported as
 * busy, which is transient. Opened once per bridge and closed when the bridge lets go of it.
 */
import Database from 'better-sqlite3'
import { existsSync } from 'node:fs'
import { agentChanges, agentReads } from './agent-tables-sqlite.ts'
import { agentTables, referenceTables } from './reference-sqlite.ts'

export interface PatientRow {
  patient_id: number
  last_name: string | null
  first_name: string | null
  middle_name: string | null
  birth_date: string | null
  home_phone: string | null
  cell_phone: string | null
  email: string | null
  language: string | null
  text_consent: number | null
  email_consent: number | null
  portal_enabled: number | null
  balance_due_cents: number | null
  survivor_id: number | null
}
export interface PlanRow {
  plan_id: number
  patient_id: number
  patient_words: string | null
  plan_status: string | null
  starts_on: string | null
  ends_on: string | null
}
export interface StageRow {
  stage_id: number
  plan_id: number
  position: number
  patient_words: string | null
  completed: number | null
  completed_on: string | null
}
export interface EventRow {
  event_id: number
  patient_id: number | null
  location_id: number | null
  starts_at: string
  minutes: number
  status: string
  last_confirmed_date: string | null
  confirmation_type: string | null
  patient_words: string | null
}
export interface AuditRow {
  audit_id: number
  checkpoint: string
  at_utc: string
  table_name: string
  row_id: string
  change: 'added' | 'modified' | 'deleted'
  before_json: string | null
  after_json: string | null
}
/** An audit row without its contents: what lies ahead in the trail. */
export type AuditMark = Pick<AuditRow, 'audit_id' | 'table_name' | 'row_id' | 'change'>

/** A database that is missing, is not InSched's, or cannot be used; the message is for people. */
export class InSchedRefused extends Error {
  override readonly name: string = 'InSchedRefused'
}

/** Another agent holds the lease, at least until `until` (milliseconds UTC). */
export class LeaseHeld extends InSchedRefused {
  override readonly name = 'LeaseHeld'
  readonly until: number
  constructor(message: string, until: number) {
    super(message)
    this.until = until
  }
}

/** Another agent holds the lease now. */
export class LeaseLost extends InSchedRefused {
  override readonly name = 'LeaseLost'
}

export type InSched = ReturnType<typeof openInSched>
/** What a write transaction may do. */
export type Changes = Parameters<Parameters<InSched['write']>[0]>[0]

const patientColumns = `patient_id, last_name, first_name, middle_name, birth_date, home_phone, cell_phone, email, language, text_consent,
  email_consent, portal_enabled, balance_due_cents, survivor_id`
const planColumns = 'plan_id, patient_id, patient_words, plan_status, starts_on, ends_on'
const stageColumns = 'stage_id, plan_id, position, patient_words, completed, completed_on'
const eventColumns = `e.event_id, e.patient_id, e.location_id, e.starts_at, e.minutes, e.status, e.last_confirmed_date, e.confirmation_type,
  t.patient_words`
const eventTables = 'events e left join event_types t on t.event_type = e.event_type'

/** How long opening waits for another program that holds the database, milliseconds. */
const patienceToOpen = 5_000

/** Opens `sqlite:FILE`; throws InSchedRefused with a sentence where there is none or it is not InSched's. */
export function openInSched(url: string) {
  const file = /^sqlite:(.+)$/.exec(url)?.[1]
  if (file === undefined) throw new InSchedRefused(`${url} names no InSched database. Write sqlite:FILE.`)
  if (!existsSync(file))
    throw new InSchedRefused(
      `There is no InSched database at ${file}. Check the path, or make one with: patientconnection insched create ${file}`,
    )
  const db = new Database(file, { timeout: patienceToOpen })
  try {
    const tables = new Set(db.prepare("select name from sqlite_master where type = 'table'").pluck().all() as string[])
    const missing = [...Object.keys(referenceTables), 'audit_trail'].filter((table) => !tables.has(table))
    if (missing.length > 0)
      throw new InSchedRefused(
        `${file} is not an InSched database of the reference schema: it has no table ${missing.join(', ')}.`,
      )
    db.exec(agentTables)
    for (const columns of [
      `${patientColumns} from patients`,
      `${planColumns} from plans`,
      `${stageColumns} from stages`,
      `${eventColumns} from ${eventTables}`,
    ])
      // prettier-ignore
      db.prepare(`select ${columns}`)
  } catch (error) {
    db.close()
    if (error instanceof Database.SqliteError && error.message.startsWith('no such column'))
      throw new InSchedRefused(`${file} is not an InSched database of the reference schema: it has ${error.message}.`, {
        cause: error,
      })
    if (error instanceof Database.SqliteError && error.code === 'SQLITE_NOTADB')
      throw new InSchedRefused(`${file} is not an SQLite database.`, { cause: error })
    if (isBusy(error))
      throw new InSchedRefused(
        `The InSched database ${file} is locked by another program. Try again when that one is done.`,
        { cause: error },
      )
    throw error
  }
  const prepared = new Map<string, Database.Statement>()
  const sql = (text: string): Database.Statement =>
    prepared.get(text) ?? prepared.set(text, db.prepare(text)).get(text)!
  const list = (ids: readonly number[]): string => JSON.stringify(ids)
  const own = agentReads(sql)
  const changes = {
    ...agentChanges(sql),
    confirm: (event: number, lastConfirmed: string, type: string) =>
      sql('update events set last_confirmed_date = ?, confirmation_type = ? where event_id = ?').run(
        lastConfirmed,
        type,
        event,
      ),
    addCommunication: (row: {
      patient: number
      event: number | null
      direction: 'in' | 'out'
      at: string
      subject: string
      body: string
      state: string
      initials: string
      externalId: string
    }) =>
      sql(`insert into communications(patient_id, event_id, channel, direction, at_utc, subject, body, state, initials, external_id)
        values (?, ?, 'portal', ?, ?, ?, ?, ?, ?, ?)`).run(
        row.patient, row.event, row.direction, row.at, row.subject, row.body, row.state, row.initials, row.externalId), // prettier-ignore
    setContact: (patient: number, column: 'home_phone' | 'cell_phone' | 'email' | 'language', value: string | null) =>
      sql(`update patients set ${column} = ? where patient_id = ?`).run(value, patient),
    /** Marks the audit rows of the agent's own statements (DOM-15). */
    stamp: (after: number, checkpoint: string, station: string) =>
      sql("update audit_trail set checkpoint = ?, station = ?, initials = 'PC' where audit_id > ?").run(
        checkpoint,
        station,
        after,
      ),
  }
  let fence: number | undefined
  const assertFence = (): void => {
    if (fence !== undefined && own.fence() !== fence)
      throw new LeaseLost(
        `Another agent has taken over the InSched database ${file}. This one neither reads nor writes it any more. Stop one of the two, then start this one again.`,
      )
  }

  return {
    file,
    close: () => void db.close(),
    /** How long a statement may hold up this process for a database that another program holds, milliseconds. */
    setPatience: (ms: number) => void db.pragma(`busy_timeout = ${ms}`),
    /** From now on every `write` asserts this fence. */
    holdFence: (held: number) => void (fence = held),
    /** Throws LeaseLost where another agent holds the lease. */
    assertFence,
    /** Runs `work` in one transaction that takes the write lock first. Throws LeaseLost, and changes nothing, without the lease. */
    write: <T>(work: (change: typeof changes) => T): T =>
      db
        .transaction(() => {
          assertFence()
          return work(changes)
        })
        .immediate(),
    /** Runs `work` on one state of the database: what other programs commit meanwhile is not seen. */
    read: <T>(work: () => T): T => db.transaction(work).deferred(),
    /** Changes whenever another connection commits. */
    version: () => db.pragma('data_version', { simple: true }) as number,

    practice: () =>
      sql('select practice_name, time_zone, phone, address from practice limit 1').get() as
        { practice_name: string; time_zone: string; phone: string | null; address: string | null } | undefined,
    locations: () =>
      sql('select location_id, name, time_zone, address, phone from locations order by location_id').all() as {
        location_id: number
        name: string
        time_zone: string
        address: string | null
        phone: string | null
      }[],

    patientsAfter: (after: number, limit: number) =>
      sql(`select ${patientColumns} from patients where patient_id > ? order by patient_id limit ?`).all(
        after,
        limit,
      ) as PatientRow[],
    patients: (ids: readonly number[]) =>
      sql(`select ${patientColumns} from patients where patient_id in (select value from json_each(?))`).all(
        list(ids),
      ) as PatientRow[],
    plansAfter: (after: number, limit: number) =>
      sql(`select ${planColumns} from plans where plan_id > ? order by plan_id limit ?`).all(after, limit) as PlanRow[],
    plans: (ids: readonly number[]) =>
      sql(`select ${planColumns} from plans where plan_id in (select value from json_each(?))`).all(
        list(ids),
      ) as PlanRow[],
    stagesOf: (plans: readonly number[]) =>
      sql(
        `select ${stageColumns} from stages where plan_id in (select value from json_each(?)) order by plan_id, position`,
      ).all(list(plans)) as StageRow[],
    /** Events of patients in the order of their ids; the plus keeps SQLite from sorting by start for each page anew. */
    eventsAfter: (after: number, limit: number, from: string, until: string) =>
      sql(`select ${eventColumns} from ${eventTables} where e.event_id > ? and e.patient_id is not null and +e.starts_at >= ? and +e.starts_at < ?
        order by e.event_id limit ?`).all(after, from, until, limit) as EventRow[],
    /** Events of patients that start within a stretch of time, in order of start; `after` is the last one of the page before. */
    eventsStarting: (from: string, until: string, after: { starts_at: string; event_id: number }, limit: number) =>
      sql(`select ${eventColumns} from ${eventTables} where e.starts_at >= ? and e.starts_at < ? and (e.starts_at, e.event_id) > (?, ?)
        and e.patient_id is not null order by e.starts_at, e.event_id limit ?`).all(
        from,
        until,
        after.starts_at,
        after.event_id,
        limit,
      ) as EventRow[],
    events: (ids: readonly number[]) =>
      sql(`select ${eventColumns} from ${eventTables} where e.event_id in (select value from json_each(?))`).all(
        list(ids),
      ) as EventRow[],
    /** Ids of the rows that hang on another: plans and events of patients, events of a type or a place. */
    plansOfPatients: (ids: readonly number[]) =>
      sql('select plan_id from plans where patient_id in (select value from json_each(?))')
        .pluck()
        .all(list(ids)) as number[],
    eventsOfPatients: (ids: readonly number[]) =>
      sql('select event_id from events where patient_id in (select value from json_each(?))')
        .pluck()
        .all(list(ids)) as number[],
    eventsOfType: (type: string) =>
      sql('select event_id from events where event_type = ?').pluck().all(type) as number[],
    eventsAt: (location: number) =>
      sql('select event_id from events where location_id = ?').pluck().all(location) as number[],
    eventsWithoutLocation: () =>
      sql('select event_id from events where location_id is null and patient_id is not null').pluck().all() as number[],
    findPatients: (text: string, limit: number) => {
      const words = text.trim().split(/\s+/).filter(Boolean).slice(0, 4)
      const like = words.map((word) => `%${word.replaceAll(/[\\%_]/g, (c) => `\\${c}`)}%`)
      const where =
        words
          .map(() => "(coalesce(first_name, '') || ' ' || coalesce(last_name, '')) like ? escape '\\'")
          .join(' and ') || '1'
      return db
        .prepare(
          `select ${patientColumns} from patients where survivor_id is null and ${where} order by last_name, first_name limit ?`,
        )
        .all(...like, limit) as PatientRow[]
    },
    /** How many stages the plans with these documents have. */
    stageCount: (documents: readonly string[]) =>
      sql(`select count(*) from pc_identity i join stages s on s.plan_id = i.local_id
        where i.table_name = 'plans' and i.document in (select value from json_each(?))`)
        .pluck()
        .get(JSON.stringify(documents)) as number,

    lastAuditId: () => (sql('select max(audit_id) from audit_trail').pluck().get() as number | null) ?? 0,
    auditAfter: (after: number, limit: number) =>
      sql('select * from audit_trail where audit_id > ? order by audit_id limit ?').all(after, limit) as AuditRow[],
    /** Beyond `after`: which rows were deleted, and which patients were modified. */
    auditMarksAfter: (after: number) =>
      sql(`select audit_id, table_name, row_id, change from audit_trail
        where audit_id > ? and (change = 'deleted' or (change = 'modified' and table_name = 'patients')) order by audit_id`).all(
        after,
      ) as AuditMark[],
    auditRow: (id: number) => sql('select * from audit_trail where audit_id = ?').get(id) as AuditRow | undefined,
    ...own,
  }
}

/** Whether an error is that of a database held by another program: transient, to be tried again. */
export function isBusy(error: unknown): boolean {
  return (
    error instanceof Database.SqliteError &&
    (error.code.startsWith('SQLITE_BUSY') || error.code.startsWith('SQLITE_LOCKED'))
  )
}
