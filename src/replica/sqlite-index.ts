/** The index behind the pages in SQLite, and the cursors of the followers that write it. Bodies are sealed. */
import type Database from 'better-sqlite3'
import type { IndexQuery, IndexRow } from './replica-face.ts'
import type { Sealer } from './sealing.ts'
import { statementsOf } from './sqlite-statements.ts'

export interface SqliteIndex {
  cursorOf(follower: string): number
  /** Moves a follower; to be called in a transaction, as is `project`. */
  setCursor(follower: string, cursor: number): void
  /** Replaces the rows of the document of a number. */
  project(document: number, rows: readonly IndexRow[]): void
  query(query: IndexQuery): IndexRow[]
  count(query: Omit<IndexQuery, 'descending' | 'limit'>): number
  find(view: string, id: string): IndexRow | undefined
}

interface IndexRecord { view: string; id: string; patient: string | null; state: string; at: number; sealed: Uint8Array } // prettier-ignore

const columns = 'view, id, patient, state, at, sealed'
const contextOf = (view: string, id: string): string => `index/${view}/${id}`

/** The index in the tables `page_index` and `followers` of `db`. */
export function sqliteIndex(db: Database.Database, sealer: Sealer): SqliteIndex {
  const sql = statementsOf(db)
  const cursorOf = db.prepare('select cursor from followers where name = ?').pluck()
  const setCursor = db.prepare('insert or replace into followers values (?, ?)')
  const remove = db.prepare('delete from page_index where document = ?')
  const put = db.prepare('insert or replace into page_index values (?, ?, ?, ?, ?, ?, ?)')
  const find = db.prepare(`select ${columns} from page_index where view = ? and id = ?`)

  const opened = ({ view, id, patient, state, at, sealed }: IndexRecord): IndexRow => {
    const body = JSON.parse(Buffer.from(sealer.open(sealed, contextOf(view, id))).toString()) as IndexRow['body']
    return { view, id, patient, state, at, body }
  }

  return {
    cursorOf: (follower) => (cursorOf.get(follower) as number | undefined) ?? 0,
    setCursor: (follower, cursor) => void setCursor.run(follower, cursor),
    project(document, rows) {
      remove.run(document)
      for (const { view, id, patient, state, at, body } of rows) {
        const sealed = sealer.seal(Buffer.from(JSON.stringify(body)), contextOf(view, id))
        put.run(view, id, document, patient, state, at, sealed)
      }
    },
    query(query) {
      const { where, values } = conditionsOf(query)
      const order = query.descending ? 'desc' : 'asc'
      const text = `select ${columns} from page_index where ${where} order by at ${order}, id ${order} limit ?`
      return (sql(text).all(...values, query.limit ?? -1) as IndexRecord[]).map(opened)
    },
    count(query) {
      const { where, values } = conditionsOf(query)
      return (sql(`select count(*) as rows from page_index where ${where}`).get(...values) as { rows: number }).rows
    },
    find(view, id) {
      const record = find.get(view, id) as IndexRecord | undefined
      return record && opened(record)
    },
  }
}

function conditionsOf(query: IndexQuery): { where: string; values: unknown[] } {
  const conditions = ['view = ?']
  const values: unknown[] = [query.view]
  const where = (condition: string, value: unknown): void => {
    if (value === undefined) return
    conditions.push(condition)
    values.push(value)
  }
  where('patient = ?', query.patient)
  // One patient has few rows, and a state may have a million: with both asked for, the patient's index is the one to walk.
  where(query.patient === undefined ? 'state = ?' : '+state = ?', query.state)
  where('at >= ?', query.from)
  where('at < ?', query.before)
  return { where: conditions.join(' and '), values }
}
