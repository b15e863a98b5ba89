/**
 * The statements on the practice's tables, by their mapping, on any engine: what the bridge reads of patients, plans,
 * stages and events, and the few things that it writes.
 */
import { sql, type Kysely, type RawBuilder, type SqlBool } from 'kysely'
import type { Db } from './agent-rows.ts'
import type { Engine } from './engine.ts'
import type { MappedTable } from './mapped-table.ts'
import type { contactColumns, MappedTableName } from './mapping.ts'
import type {
  CommunicationRow,
  EventRow,
  InsuranceRow,
  LocationRow,
  PatientRow,
  PlanRow,
  PracticeRow,
  RelationRow,
  StageRow,
  OccurrenceRow,
  OwnRow,
  RecurrenceRow,
  RecordTable,
} from './rows.ts'

export type PracticeTables = Readonly<Record<MappedTableName, MappedTable>>
type Tables = Kysely<Record<string, Record<string, unknown>>>

const keys = {
  patients: 'patient_id',
  plans: 'plan_id',
  stages: 'stage_id',
  events: 'event_id',
  occurrences: 'occurrence_id',
} as const

/** What may be read at any time. */
export function practiceReads(handle: Db, engine: Engine, tables: PracticeTables) {
  const db = handle as unknown as Tables
  const from = (table: MappedTable) => db.selectFrom(`${table.table!} as t`).select(table.selection('t'))
  const ref = (table: MappedTable, field: string): RawBuilder<unknown> => sql.ref(`t.${table.column(field)}`)
  const read = async <Row>(table: MappedTable, query: { execute(): Promise<Record<string, unknown>[]> }): Promise<Row[]> => (await query.execute()).map((row) => table.read(row) as Row) // prettier-ignore
  /** Rows of a table whose field is one of these. */
  const byField = async <Row>(table: MappedTable, field: string, values: readonly (number | string)[]): Promise<Row[]> =>
    values.length === 0 || !table.has(field) ? [] : read<Row>(table, from(table).where(engine.among(ref(table, field), values))) // prettier-ignore
  /** The keys of rows whose field is one of these. */
  const keysBy = async (
    table: 'plans' | 'events',
    field: string,
    condition: (column: RawBuilder<unknown>) => RawBuilder<SqlBool>,
  ): Promise<number[]> => {
    const mapped = tables[table]
    if (!mapped.has(field)) return []
    const found = await db.selectFrom(`${mapped.table!} as t`).select(mapped.selection('t', [keys[table]])).where(condition(ref(mapped, field))).execute() // prettier-ignore
    return found.map((row) => Number(row[keys[table]]))
  }
  const after = <Row>(table: 'patients' | 'plans', key: number, limit: number): Promise<Row[]> => {
    const mapped = tables[table]
    if (mapped.table === undefined) return Promise.resolve([])
    const column = ref(mapped, keys[table])
    return read<Row>(
      mapped,
      from(mapped)
        .where(sql<SqlBool>`${column} > ${key}`)
        .orderBy(column)
        .limit(limit),
    )
  }

  const {
    practice,
    locations,
    patients,
    plans,
    stages,
    events,
    relations,
    event_types: types,
    recurrences,
    occurrences,
  } = tables
  const recurs = recurrences.table !== undefined && events.has('recurrence_id')
  const typed = types.table !== undefined && events.has('event_type')
  /** Events with what patients may know of their type; a row without a start is none. */
  const selectEvents = () => {
    const columns = events.selection('t')
    if (!typed) return db.selectFrom(`${events.table!} as t`).select(columns)
    const join = db.selectFrom(`${events.table!} as t`).leftJoin(`${types.table!} as y`, (on) => on.on(sql<SqlBool>`${sql.ref(`y.${types.column('event_type')}`)} = ${ref(events, 'event_type')}`)) // prettier-ignore
    return join.select(columns).select(types.selection('y', ['patient_words']))
  }
  const readEvents = async (query: { execute(): Promise<Record<string, unknown>[]> }): Promise<EventRow[]> =>
    (await query.execute()).flatMap((raw) => {
      const row = types.read(events.read(raw)) as EventRow
      row.patient_words ??= null
      row.event_type ??= null
      row.original_on = ''
      row.status ??= 'None'
      row.minutes ??= 0
      return (row.starts_at as string | null) === null ? [] : [row]
    })
  const starts = events.ordered('starts_at', 't')
  const within = (column: RawBuilder<unknown>, range: { from: string; until: string }): RawBuilder<SqlBool> =>
    sql<SqlBool>`${column} >= ${events.toCompare('starts_at', range.from)} and ${column} < ${events.toCompare('starts_at', range.until)}` // prettier-ignore
  const ofPatients = sql<SqlBool>`${ref(events, 'patient_id')} is not null`
  /** Rows that stand for a series, and may have occurrences anywhere. */
  const ofSeries = recurs ? sql<SqlBool>`${ref(events, 'recurrence_id')} is not null` : sql<SqlBool>`1 = 0`

  return {
    /** Whether one event may stand for a series. */
    recurs,
    practice: async (): Promise<PracticeRow | undefined> => {
      // Where the mapping says all of it, there may be no such table.
      if (practice.table === undefined) return practice.read({ practice_name: null, time_zone: null, phone: null, address: null }) as PracticeRow // prettier-ignore
      return (await read<PracticeRow>(practice, from(practice).limit(1)))[0]
    },
    locations: (): Promise<LocationRow[]> =>
      locations.table === undefined ? Promise.resolve([]) : read(locations, from(locations).orderBy(ref(locations, 'location_id'))), // prettier-ignore
    patientsAfter: (key: number, limit: number) => after<PatientRow>('patients', key, limit),
    patients: (ids: readonly number[]) => byField<PatientRow>(patients, 'patient_id', ids),
    /** The insurances of a patient, the first one first; none where the practice's are not mapped. */
    insurancesOf: async (patient: number): Promise<InsuranceRow[]> =>
      tables.insurances.table === undefined ? [] : (await byField<InsuranceRow>(tables.insurances, 'patient_id', [patient])).toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0)), // prettier-ignore
    plansAfter: (key: number, limit: number) => after<PlanRow>('plans', key, limit),
    plans: (ids: readonly number[]) => byField<PlanRow>(plans, 'plan_id', ids),
    /** Relations on file of patients, as their own side names them. */
    relationsOf: (ids: readonly number[]): Promise<RelationRow[]> =>
      relations.table === undefined ? Promise.resolve([]) : byField<RelationRow>(relations, 'patient_id', ids),
    stagesOf: async (ids: readonly number[]): Promise<StageRow[]> =>
      (await byField<StageRow>(stages, 'plan_id', ids)).toSorted((a, b) => a.plan_id - b.plan_id || a.position - b.position), // prettier-ignore
    /** Events of patients in the order of their ids, within a stretch of time or recurring. */
    eventsAfter: (key: number, limit: number, range: { from: string; until: string }) => {
      const column = ref(events, 'event_id')
      const query = selectEvents().where(sql<SqlBool>`${column} > ${key}`).where(ofPatients).where(sql<SqlBool>`((${within(engine.unindexed(starts), range)}) or ${ofSeries})`) // prettier-ignore
      return readEvents(query.orderBy(column).limit(limit))
    },
    /** Recurring events of patients in the order of their ids. */
    seriesAfter: (key: number, limit: number) => {
      if (!recurs) return Promise.resolve([])
      const column = ref(events, 'event_id')
      return readEvents(selectEvents().where(sql<SqlBool>`${column} > ${key}`).where(ofPatients).where(ofSeries).orderBy(column).limit(limit)) // prettier-ignore
    },
    recurrences: (ids: readonly number[]) => byField<RecurrenceRow>(recurrences, 'recurrence_id', ids),
    /** What single occurrences of these events have otherwise than their series. */
    changedOccurrences: (ids: readonly number[]) => byField<OccurrenceRow>(occurrences, 'event_id', ids),
    eventsOfRecurrence: (recurrence: number) => keysBy('events', 'recurrence_id', (column) => sql`${column} = ${recurrence}`), // prettier-ignore
    /** Events of patients that start within a stretch of time, in order of start; `last` is the last one of the page before. */
    eventsStarting: (range: { from: string; until: string }, last: EventRow | undefined, limit: number) => {
      const column = ref(events, 'event_id')
      let query = selectEvents().where(within(starts, range)).where(ofPatients)
      if (last) query = query.where(sql<SqlBool>`(${starts}, ${column}) > (${events.toCompare('starts_at', last.starts_at)}, ${last.event_id})`) // prettier-ignore
      return readEvents(query.orderBy(starts).orderBy(column).limit(limit))
    },
    events: async (ids: readonly number[]): Promise<EventRow[]> =>
      ids.length === 0 ? [] : readEvents(selectEvents().where(engine.among(ref(events, 'event_id'), ids))),
    /** Ids of the rows that hang on another: plans and events of patients, events of a type or a place. */
    plansOfPatients: async (ids: readonly number[]) => (ids.length === 0 ? [] : keysBy('plans', 'patient_id', (column) => engine.among(column, ids))), // prettier-ignore
    eventsOfPatients: async (ids: readonly number[]) => (ids.length === 0 ? [] : keysBy('events', 'patient_id', (column) => engine.among(column, ids))), // prettier-ignore
    /** The first event type with these words for patients; undefined where there is none. */
    typeOfWords: async (words: string): Promise<string | undefined> => {
      if (!typed) return undefined
      const found = await db.selectFrom(`${types.table!} as t`).select(types.selection('t', ['event_type'])).where(sql<SqlBool>`${ref(types, 'patient_words')} = ${words}`).orderBy(ref(types, 'event_type')).limit(1).execute() // prettier-ignore
      return found[0] && String(found[0]['event_type'])
    },
    /** Whether the practice has such a table, and its rows can be written. */
    isWritable: (name: RecordTable): boolean => tables[name].table !== undefined,
    eventsOfType: (type: string) => keysBy('events', 'event_type', (column) => sql`cast(${column} as text) = ${type}`),
    eventsAt: (location: number) => keysBy('events', 'location_id', (column) => sql`${column} = ${location}`),
    eventsWithoutLocation: () => keysBy('events', 'location_id', (column) => sql`${column} is null and ${ofPatients}`),
    /** Patients that were combined into one of these. */
    combinedInto: async (ids: readonly number[]): Promise<number[]> => {
      if (ids.length === 0 || !patients.has('survivor_id')) return []
      const found = await db.selectFrom(`${patients.table!} as t`).select(patients.selection('t', ['patient_id'])).where(engine.among(ref(patients, 'survivor_id'), ids)).execute() // prettier-ignore
      return found.map((row) => Number(row['patient_id']))
    },
    /** Patients of this site by words of their names; those whom other sites share are theirs. */
    findPatients: (text: string, limit: number): Promise<PatientRow[]> => {
      const names = [...new Set(['first_name', 'last_name'].map((name) => patients.column(name)))].map((column) => sql`coalesce(${sql.ref(`t.${column}`)}, '')`) // prettier-ignore
      let query = from(patients)
      if (patients.has('survivor_id')) query = query.where(sql<SqlBool>`${ref(patients, 'survivor_id')} is null`)
      query = query.where(sql<SqlBool>`not exists (select 1 from pc_identity i join pc_shared s on s.document = i.document
        where i.table_name = 'patients' and i.gone = 0 and i.local_id = ${ref(patients, 'patient_id')} and s.site <> (select site from pc_agent))`) // prettier-ignore
      for (const word of text.trim().split(/\s+/).filter(Boolean).slice(0, 4)) {
        const like = `%${word.replaceAll(/[\\%_]/g, (c) => `\\${c}`)}%`
        query = query.where(sql<SqlBool>`lower(${sql.join(names, sql` || ' ' || `)}) like lower(${like}) escape '\\'`)
      }
      return read(patients, query.orderBy(ref(patients, 'last_name')).orderBy(ref(patients, 'first_name')).limit(limit)) // prettier-ignore
    },
    /** Local ids of a table that have an identity and no row any more. */
    missing: async (name: 'patients' | 'plans' | 'events'): Promise<number[]> => {
      const { table } = tables[name]
      if (table === undefined) return []
      const { rows } = await sql<{
        local_id: number
      }>`select distinct i.local_id from pc_identity i where i.table_name = ${name} and i.gone = 0
        and not exists (select 1 from ${sql.table(table)} t where ${ref(tables[name], keys[name])} = i.local_id)`.execute(
        db,
      )
      return rows.map((row) => row.local_id)
    },
    /** How many stages the plans with these documents have. */
    stageCount: async (documents: readonly string[]): Promise<number> => {
      if (stages.table === undefined || documents.length === 0) return 0
      const { rows } = await sql<{ stages: number }>`select count(*) as stages from pc_identity i
        join ${sql.table(stages.table)} t on ${ref(stages, 'plan_id')} = i.local_id
        where i.table_name = 'plans' and ${engine.among(sql.ref('i.document'), documents)}`.execute(db)
      return rows[0]!.stages
    },
  }
}

/** What only a write transaction may do, as far as the mapping lets it. `changed` fills with the rows that it changes. */
export function practiceChanges(handle: Db, tables: PracticeTables, changed: OwnRow[]) {
  const db = handle as unknown as Tables
  const update = async (
    name: RecordTable | 'occurrences',
    id: number,
    values: Readonly<Record<string, string | number | null>>,
  ): Promise<void> => {
    // prettier-ignore
    const table = tables[name]
    const set = table.values(values)
    // The practice may have a column for none of them.
    if (Object.keys(set).length === 0) return
    const key = sql.ref(table.column(keys[name]))
    await db
      .updateTable(table.table!)
      .set(set)
      .where(sql<SqlBool>`${key} = ${id}`)
      .execute()
    changed.push({ table: name, id })
  }
  const setEvent = async (
    event: Pick<EventRow, 'event_id' | 'original_on'>,
    set: Readonly<Record<string, string | number | null>>,
  ): Promise<void> => {
    if (event.original_on === '') return update('events', event.event_id, set)
    const of = { event_id: event.event_id, original_on: event.original_on }
    const table = tables.occurrences
    const own = Object.entries(table.values(of)).map(([column, value]) => sql<SqlBool>`${sql.ref(column)} = ${value}`)
    const key = table.column('occurrence_id')
    const found = await db.selectFrom(table.table!).select(key).where(sql<SqlBool>`${sql.join(own, sql` and `)}`).executeTakeFirst() // prettier-ignore
    if (found) return update('occurrences', Number(found[key]), set)
    const added = await db.insertInto(table.table!).values(table.values({ ...of, ...set })).returning(key).executeTakeFirstOrThrow() // prettier-ignore
    changed.push({ table: 'occurrences', id: Number(added[key]) })
  }
  return {
    /** Adds a row; resolves with its key. Columns that the practice does not have are left out. */
    addRecord: async (table: RecordTable, row: Readonly<Record<string, string | number | null>>): Promise<number> => {
      const mapped = tables[table]
      const key = mapped.column(keys[table])
      const added = await db
        .insertInto(mapped.table!)
        .values(mapped.values(row))
        .returning(key)
        .executeTakeFirstOrThrow()
      const id = Number(added[key])
      changed.push({ table, id })
      return id
    },
    /** Removes a row that nobody but the agent and other sites have a say in. */
    removeRecord: async (table: RecordTable, id: number): Promise<void> => {
      const key = sql.ref(tables[table].column(keys[table]))
      await db.deleteFrom(tables[table].table!).where(sql<SqlBool>`${key} = ${id}`).execute() // prettier-ignore
      changed.push({ table, id })
    },
    setRecord: (table: RecordTable, id: number, set: Readonly<Record<string, string | number | null>>) =>
      update(table, id, set),
    /** Writes what is said of an event, or of one occurrence. */
    setEvent,
    /** Writes the confirmation of an event, or of one occurrence. */
    confirm: (event: Pick<EventRow, 'event_id' | 'original_on'>, lastConfirmed: string, type: string) =>
      setEvent(event, { last_confirmed_date: lastConfirmed, confirmation_type: type }),
    addCommunication: async (row: CommunicationRow): Promise<void> =>
      void (await db.insertInto(tables.communications.table!).values(tables.communications.values(row)).execute()),
    /** What became of a message; left alone where its row says so, or is there no more, or has no place for it. */
    setCommunicationState: async (externalId: string, state: string): Promise<void> => {
      const table = tables.communications
      if (!table.has('state')) return
      const [id, column] = [sql.ref(table.column('external_id')), sql.ref(table.column('state'))]
      await db.updateTable(table.table!).set(table.values({ state })).where(sql<SqlBool>`${id} = ${externalId} and ${column} <> ${state}`).execute() // prettier-ignore
    },
    setContact: (patient: number, column: (typeof contactColumns)[number], value: string | null) =>
      update('patients', patient, { [column]: value }),
    setTextConsent: (patient: number, consent: 0 | 1) => update('patients', patient, { text_consent: consent }),
  }
}
