/**
 * A reference InSched database filled with synthetic people: the same for the same seed and day. Some have no phone or
 * no email, some are children with guarantors, plans stand in every stage, events in every status and class, and blocks
 * and day notes have no patient. Telephone numbers are from the fictional 555-01xx range (NANPA), addresses at example.com.
 */
import Database from 'better-sqlite3'
import { existsSync } from 'node:fs'
import { Temporal } from 'temporal-polyfill'
import { createAuditTriggers, createReferenceTables } from './reference-sqlite.ts'
import { referenceTables, type ReferenceTable } from './reference-tables.ts'

export interface CreateOptions {
  readonly patients?: number
  readonly seed?: number
  /** The time around which the events lie, milliseconds UTC. */
  readonly now: number
}
export interface Created {
  readonly patients: number
  readonly plans: number
  readonly stages: number
  readonly events: number
}

const firstNames = ['Ann', 'Tom', 'María', 'Jaime', 'Grace', 'Omar', 'Li', 'Nora', 'Peter', 'Aisha', 'José', 'Ruth', 'Ivan', 'Zoë', 'Carl', 'Mei'] // prettier-ignore
const lastNames = ['Abbott', 'Okafor', 'García', 'Nguyen', "O'Neill", 'Schmidt', 'Patel', 'Rossi', 'Kim', 'Dubois', 'Haddad', 'Larsen', 'Ortiz', 'Young', 'Bauer', 'Reyes'] // prettier-ignore
const locations = [
  [1, 'Mesa', 'America/Phoenix', '1 E Main St, Mesa, AZ', '+1 480 555 0100'],
  [2, 'Denver', 'America/Denver', '20 Colfax Ave, Denver, CO', '+1 303 555 0101'],
  [3, 'Chicago', 'America/Chicago', '300 W Lake St, Chicago, IL', '+1 312 555 0102'],
] as const
const eventTypes = [
  ['CONS', 'Consultation rhinoplasty', 'Consult', 45, 'Consultation'],
  ['SURG', 'Surgery rhinoplasty', 'Surgery', 180, 'Procedure visit'],
  ['POST', 'Post-op check', 'Procedure', 20, 'Follow-up visit'],
  ['LASR', 'Laser series', 'Ongoing Service', 30, 'Treatment visit'],
  ['INJ', 'Injectables internal', 'Procedure', 30, ''],
  ['BLK', 'Block', 'Block', 60, ''],
  ['NOTE', 'Day note', 'Other', 15, ''],
] as const
const stageNames = [
  ['Inquiry', ''],
  ['Appointment Made', 'Appointment made'],
  ['Consultation', 'Consultation'],
  ['Surgery Scheduled', 'Procedure scheduled'],
  ['Surgery Completed', 'Procedure completed'],
  ['Follow-up', 'Follow-up'],
] as const
const statuses = ['None', 'Checked In', 'Checked Out', 'Check Back', 'No Show', 'Canceled'] as const

/** Creates `file`; rejects where it exists. Resolves with the counts of rows. */
export async function createReferenceDatabase(file: string, options: CreateOptions): Promise<Created> {
  if (existsSync(file)) throw new Error(`${file} exists already. Name a file that does not exist yet.`)
  const db = new Database(file)
  try {
    return fill(db, options)
  } finally {
    db.close()
  }
}

/** The rows of such a database, table by table in the order of their columns, for another engine. */
export function referenceRows(options: CreateOptions): {
  readonly created: Created
  readonly rows: ReadonlyMap<ReferenceTable, readonly Row[]>
} {
  // prettier-ignore
  const db = new Database(':memory:')
  try {
    const created = fill(db, options)
    const tables = Object.keys(referenceTables) as ReferenceTable[]
    return {
      created,
      rows: new Map(tables.map((table) => [table, db.prepare(`select * from ${table}`).all() as Row[]])),
    }
  } finally {
    db.close()
  }
}
export type Row = Readonly<Record<string, string | number | null>>

function fill(db: Database.Database, options: CreateOptions): Created {
  const patients = options.patients ?? 300
  const random = mulberry(options.seed ?? 1)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  createReferenceTables(db)
  const today = Temporal.Instant.fromEpochMilliseconds(options.now).toZonedDateTimeISO('America/Phoenix').toPlainDate()
  const day = (offset: number): string => today.add({ days: offset }).toString()
  const days = new Map<number, string>()
  const dayOf = (offset: number): string => days.get(offset) ?? days.set(offset, day(offset)).get(offset)!
  // What was there before the trail began has no rows in it: the triggers come after the people.
  db.transaction(() => {
    db.prepare('insert into practice values (?, ?, ?, ?, ?)').run(
      'Desert Bloom Surgery',
      'REF-0001',
      'America/Phoenix',
      '+1 480 555 0100',
      '1 E Main St, Mesa, AZ',
    )
    for (const row of locations) db.prepare('insert into locations values (?, ?, ?, ?, ?)').run(...row)
    for (const row of eventTypes) db.prepare('insert into event_types values (?, ?, ?, ?, ?)').run(...row)
    const addPatient =
      db.prepare(`insert into patients(last_name, first_name, middle_name, birth_date, sex, address1, address2, city, state, zip, home_phone,
      cell_phone, email, language, text_consent, email_consent, portal_enabled, guarantor_id, special_issues, balance_due_cents) values (${'?, '.repeat(19)}?)`)
    const addRelation = db.prepare('insert into relations values (?, ?, ?)')
    const addPlan =
      db.prepare(`insert into plans(patient_id, plan_type, patient_words, plan_status, starts_on, ends_on, next_appointment_on, procedure_on, interest_level)
      values (?, ?, ?, ?, ?, null, null, ?, ?)`)
    const addStage = db.prepare(
      'insert into stages(plan_id, position, name, patient_words, completed, completed_on) values (?, ?, ?, ?, ?, ?)',
    )
    const addEvent =
      db.prepare(`insert into events(event_type, patient_id, plan_id, location_id, starts_at, minutes, resources, status, last_confirmed_date,
      confirmation_type, alert_notes) values (?, ?, ?, ?, ?, ?, ?, ?, null, null, ?)`)
    for (let i = 1; i <= patients; i++) {
      const [first, last] = [pick(firstNames), pick(lastNames)]
      // Number 1 is whole and reachable, so that there is always somebody to try things with.
      const child = i > 1 && random() < 0.08
      const guarantor = child ? 1 + Math.floor(random() * (i - 1)) : null
      const born = today.subtract({
        days: child ? 365 * 4 + Math.floor(random() * 4_000) : 365 * 19 + Math.floor(random() * 20_000),
      })
      const phone = `+1 480 555 01${String(i % 100).padStart(2, '0')}`
      const patient = addPatient.run(
        last, first, random() < 0.3 ? pick(['A', 'B', 'M']) : null, born.toString(), pick(['F', 'M']), `${i} Saguaro Rd`, null, 'Mesa', 'AZ', '85201',
        random() < 0.3 ? phone : null, i === 1 || random() < 0.9 ? phone : null, i === 1 || random() < 0.85 ? `patient${i}@example.com` : null,
        random() < 0.2 ? 'es' : 'en', i === 1 ? 1 : pick([1, 1, 0, null]), i === 1 ? 1 : pick([1, 1, 0, null]), i === 1 || random() < 0.85 ? 1 : 0,
        guarantor, random() < 0.2 ? 'SPECIAL-ISSUE latex allergy, call spouse first' : '', Math.floor(random() * 4) * 12_500,
      ).lastInsertRowid // prettier-ignore
      if (guarantor !== null) addRelation.run(patient, guarantor, 'parent')
      let plan: number | bigint | null = null
      if (i === 1 || random() < 0.8) {
        const words = pick(['Nose procedure', 'Skin treatment', 'Laser treatment'])
        plan = addPlan.run(
          patient,
          'Rhinoplasty internal',
          words,
          'Active',
          dayOf(-60),
          dayOf(30),
          pick(['hot', 'warm', 'cold']),
        ).lastInsertRowid
        const done = Math.floor(random() * 7)
        stageNames.forEach(([name, patientWords], position) =>
          addStage.run(
            plan,
            position + 1,
            name,
            patientWords,
            position < done ? 1 : 0,
            position < done ? dayOf(-50 + position * 7) : null,
          ),
        )
      }
      const events = i === 1 ? 2 : Math.floor(random() * 3)
      for (let e = 0; e < events; e++) {
        // The last event is ahead and open for number 1; the others lie anywhere in a year and a half.
        const offset = i === 1 ? (e === 0 ? -20 : 3) : Math.floor(random() * 500) - 120
        const type = i === 1 ? eventTypes[0] : pick(eventTypes.slice(0, 5))
        const status = i === 1 || offset > 0 ? (i !== 1 && random() < 0.05 ? 'Canceled' : 'None') : pick(statuses)
        const time = `${String(8 + Math.floor(random() * 9)).padStart(2, '0')}:${pick(['00', '15', '30', '45'])}`
        addEvent.run(type[0], patient, plan, i === 1 ? 1 : pick(locations)[0], `${dayOf(offset)}T${time}`, type[3], JSON.stringify([pick(['Dr. Vale', 'Dr. Stone']), 'Room 1']),
          status, random() < 0.2 ? 'ALERT-NOTE consent form missing' : '') // prettier-ignore
      }
    }
    for (let d = -5; d < 20; d++) {
      addEvent.run('BLK', null, null, 1, `${dayOf(d)}T12:00`, 60, '["Dr. Vale"]', 'None', '')
      if (d % 4 === 0)
        addEvent.run('NOTE', null, null, null, `${dayOf(d)}T08:00`, 15, '[]', 'None', 'ALERT-NOTE staff meeting')
    }
  })()
  createAuditTriggers(db)
  const count = (table: string): number => db.prepare(`select count(*) from ${table}`).pluck().get() as number
  return { patients: count('patients'), plans: count('plans'), stages: count('stages'), events: count('events') }
}

/** Mulberry32: small, repeatable, good enough for people who do not exist. */
function mulberry(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
