/**
 * What is kept of a station beside its replica: which document each of its records is (DOM-17), and an upload from its first
 * byte until the replica has it. Records of an upload are sealed; in clear stand numbers alone. An upload counts when it
 * was taken as a whole: then it is done to its end, whatever dies in between, and before that it is nothing.
 */
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import { openSealedFile } from '../../replica/sealed-file-sqlite.ts'
import type { Sealer } from '../../replica/sealing.ts'
import type { UploadRecord } from './exchange-records.ts'
import { XmlRefused } from './xml-reader.ts'

export type StationTable = 'patients' | 'plans' | 'events'
export type StationStore = ReturnType<typeof openStationStore>
/** A record that waits to be done, in its order. */
export interface Waiting<R extends UploadRecord = UploadRecord> {
  readonly number: number
  readonly record: R
}
export interface Identity {
  readonly document: string
  readonly table: StationTable
  readonly id: number
  /** Whose it is; of a Donor the Survivor. */
  readonly patient: number | null
}

const keyPlace = 'station'
export const tableOf = { patient: 'patients', plan: 'plans', event: 'events' } as const
/** What a record hangs on comes before it. */
const ranks: Readonly<Record<UploadRecord['what'], number>> = { practice: 0, location: 0, patient: 1, plan: 2, event: 3, removed: 4 } // prettier-ignore

export function openStationStore(file: string, master: Sealer, clock: Clock) {
  const { db, sql, sealer } = openSealedFile(file, master, keyPlace, `
    create table if not exists identities(document text primary key, name text not null, id integer not null, occurrence text not null, patient integer, gone integer not null default 0) without rowid;
    create unique index if not exists identity_of on identities(name, id, occurrence) where gone = 0;
    create index if not exists identities_of_patient on identities(patient) where patient is not null;
    create table if not exists incoming(number integer primary key autoincrement, rank integer not null, what text not null, id integer not null, occurrence text not null, patient integer,
      document text, sealed blob not null, unique(what, id, occurrence));
    create index if not exists incoming_in_order on incoming(rank, number);
    create table if not exists upload(only integer primary key check (only = 1), taken integer not null, whole integer not null, at integer not null);`)
  const placeOf = (what: string, id: number): string => `${what} ${id}`
  const drop = db.transaction((): void => {
    sql('delete from upload').run()
    sql('delete from incoming').run()
  })
  const isTaken = (): boolean => sql('select 1 from upload where taken = 1').get() !== undefined
  // What had not come whole when the process died is nothing.
  if (!isTaken()) drop()
  const identityColumns = 'document, name as "table", id, patient'

  return {
    /** Drops what is left of an upload that was not taken, and begins another. */
    begin: db.transaction((whole: boolean): void => {
      drop()
      sql('insert into upload values (1, 0, ?, ?)').run(whole ? 1 : 0, clock.now())
    }),
    /** Keeps records; throws XmlRefused where one stands there already. */
    keep: db.transaction((records: readonly UploadRecord[]): void => {
      for (const record of records) {
        const occurrence = ('occurrence' in record ? record.occurrence : undefined) ?? ''
        const [what, id] = record.what === 'removed' ? [`removed ${record.record}`, record.id] : [record.what, 'id' in record ? record.id : 0] // prettier-ignore
        // Whom it hangs on: of a Donor the Survivor.
        const patient = record.what === 'patient' ? record.survivor : 'patient' in record ? record.patient : null
        const sealed = sealer.seal(Buffer.from(JSON.stringify(record)), placeOf(what, id))
        if (sql('insert or ignore into incoming(rank, what, id, occurrence, patient, sealed) values (?, ?, ?, ?, ?, ?)').run(ranks[record.what], what, id, occurrence, patient, sealed).changes === 0) throw new XmlRefused(`${what} ${id}: stands in the upload twice.`) // prettier-ignore
      }
    }),
    /** A sentence for what does not hang together: a plan, an event or a Donor of a patient whom nobody knows. */
    loose(): string | undefined {
      const row = sql(`select what, id, patient from incoming i where patient is not null
        and not exists (select 1 from incoming p where p.what = 'patient' and p.id = i.patient)
        and not exists (select 1 from identities k where k.name = 'patients' and k.gone = 0 and k.id = i.patient
          and not exists (select 1 from incoming r where r.what = 'removed patient' and r.id = i.patient)
          and (select whole from upload) = 0) limit 1`).get() as { what: string; id: number; patient: number } | undefined // prettier-ignore
      if (row) return `${row.what} ${row.id}: names patient ${row.patient}, who is neither in this upload nor in an earlier one.` // prettier-ignore
      const both = sql("select i.what, i.id from incoming i join incoming r on r.what = 'removed ' || i.what and r.id = i.id and r.occurrence = i.occurrence limit 1").get() as { what: string; id: number } | undefined // prettier-ignore
      return both && `${both.what} ${both.id}: stands in the upload, and is removed in it.`
    },
    /** Mints the documents of what is new, and takes the upload: from here on it is done to its end. */
    take: db.transaction((): void => {
      const rows = sql("select number, what, id, occurrence, patient from incoming where what in ('patient', 'plan', 'event')").all() as { number: number; what: keyof typeof tableOf; id: number; occurrence: string; patient: number | null }[] // prettier-ignore
      for (const { number, what, id, occurrence, patient } of rows) {
        const known = sql('select document from identities where name = ? and id = ? and occurrence = ? and gone = 0').pluck().get(tableOf[what], id, occurrence) as string | undefined // prettier-ignore
        const document = known ?? mintUlid(clock)
        if (known === undefined) sql('insert into identities values (?, ?, ?, ?, ?, 0)').run(document, tableOf[what], id, occurrence, patient) // prettier-ignore
        else sql('update identities set patient = ? where document = ?').run(patient, document)
        sql('update incoming set document = ? where number = ?').run(document, number)
      }
      sql('update upload set taken = 1').run()
    }),
    /** The upload that is being done; undefined where none is. */
    taken: (): { readonly whole: boolean; readonly at: number } | undefined => {
      const row = sql('select whole, at from upload where taken = 1').get() as { whole: number; at: number } | undefined // prettier-ignore
      return row && { whole: row.whole === 1, at: row.at }
    },
    /** Its next records of one kind, in order. */
    next<K extends UploadRecord['what']>(what: K, after: number, limit: number): (Waiting<Extract<UploadRecord, { what: K }>> & { readonly document: string })[] {
      const rows = sql('select number, what, id, document, sealed from incoming where rank = ? and (what = ? or what like ?) and number > ? order by number limit ?').all(ranks[what], what, `${what} %`, after, limit) as { number: number; what: string; id: number; document: string; sealed: Uint8Array }[]
      return rows.map((row) => ({ number: row.number, document: row.document, record: JSON.parse(Buffer.from(sealer.open(row.sealed, placeOf(row.what, row.id))).toString()) as Extract<UploadRecord, { what: K }> }))
    },
    /** One record of the upload. */
    named(what: 'patient', id: number): Extract<UploadRecord, { what: 'patient' }> | undefined {
      const row = sql('select sealed from incoming where what = ? and id = ?').get(what, id) as { sealed: Uint8Array } | undefined
      return row && (JSON.parse(Buffer.from(sealer.open(row.sealed, placeOf(what, id))).toString()) as Extract<UploadRecord, { what: 'patient' }>)
    },
    /** What an upload of all records does not name, in order of document, after `after`. */
    unnamed: (table: StationTable, after: string, limit: number): Identity[] =>
      sql(`select ${identityColumns} from identities k where name = ? and gone = 0 and document > ?
        and not exists (select 1 from incoming i where i.what || 's' = k.name and i.id = k.id and i.occurrence = k.occurrence) order by document limit ?`).all(table, after, limit) as Identity[],
    /** The upload is done. */
    done: drop,
    identity: (table: StationTable, id: number, occurrence = ''): Identity | undefined =>
      sql(`select ${identityColumns} from identities where name = ? and id = ? and occurrence = ? and gone = 0`).get(table, id, occurrence) as Identity | undefined,
    /** The record of a document that is not removed. */
    recordOf: (document: string): Identity | undefined =>
      sql(`select ${identityColumns} from identities where document = ? and gone = 0`).get(document) as Identity | undefined,
    /** Whether a document was of a record that was removed. */
    isRemoved: (document: string): boolean => sql('select 1 from identities where document = ? and gone = 1').get(document) !== undefined,
    /** The plans and events of a patient. */
    hanging: (patient: number): Identity[] =>
      sql(`select ${identityColumns} from identities where patient = ? and gone = 0 and name <> 'patients'`).all(patient) as Identity[],
    markGone: db.transaction((documents: readonly string[]): void => {
      for (const document of documents) sql('update identities set gone = 1 where document = ?').run(document)
    }),
    count: (what: string): number => sql('select count(*) from incoming where what = ?').pluck().get(what) as number,
    close: (): void => void db.close(),
  }
} // prettier-ignore
