/** The runs that staff began at the console, as rows: what a page says of one survives a reload, and a restart of the program. */
import type Database from 'better-sqlite3'
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import type { Json } from '../../replica/json.ts'

export const runKinds = ['upload', 'download', 'sync', 'test'] as const
export type RunKind = (typeof runKinds)[number]

export interface Run {
  readonly id: string
  readonly kind: RunKind
  /** Whoever began it. */
  readonly by: string
  readonly began: number
  readonly ended: number | null
  readonly state: 'running' | 'done' | 'failed'
  /** What has been waiting for it at most, and what waits now: `most - left` of `most` is done. */
  readonly most: number
  readonly left: number
  /** Its last line of progress, or why it failed: a sentence. */
  readonly says: string | null
  readonly result: Json
  /** Who has taken note that it failed. */
  readonly acknowledged: string | null
}
interface Row extends Omit<Run, 'result'> { readonly result: string | null } // prettier-ignore

const kept = 500

export function runTable(db: Database.Database, clock: Clock) {
  db.exec(`
    create table if not exists runs(id text primary key, kind text not null, by text not null, began integer not null, ended integer, state text not null, most integer not null default 0, left integer not null default 0, says text, result text, acknowledged text);`)
  const sql = (text: string): Database.Statement => db.prepare(text)
  const runOf = (row: Row): Run => ({ ...row, result: row.result === null ? null : (JSON.parse(row.result) as Json) })
  return {
    /** What ran when the program ended has failed; called once at a start. */
    endLeftOver: (why: string) =>
      sql("update runs set state = 'failed', ended = ?, says = ? where state = 'running'").run(clock.now(), why),
    begin(kind: RunKind, by: string): string {
      const id = mintUlid(clock)
      sql("insert into runs(id, kind, by, began, state) values (?, ?, ?, ?, 'running')").run(id, kind, by, clock.now())
      sql('delete from runs where id not in (select id from runs order by id desc limit ?)').run(kept)
      return id
    },
    waits: (id: string, left: number) =>
      sql('update runs set most = max(most, ?), left = ? where id = ?').run(left, left, id),
    says: (id: string, line: string) => sql('update runs set says = ? where id = ?').run(line, id),
    done: (id: string, result: Json) =>
      sql("update runs set state = 'done', ended = ?, says = null, left = 0, result = ? where id = ?").run(clock.now(), JSON.stringify(result), id), // prettier-ignore
    failed: (id: string, why: string) =>
      sql("update runs set state = 'failed', ended = ?, says = ? where id = ?").run(clock.now(), why, id),
    run(id: string): Run | undefined {
      const row = sql('select * from runs where id = ?').get(id) as Row | undefined
      return row && runOf(row)
    },
    /** The newest first. */
    newest: (limit: number) => (sql('select * from runs order by id desc limit ?').all(limit) as Row[]).map(runOf),
    /** The run of a kind that is under way. */
    running(kind: RunKind): Run | undefined {
      const row = sql("select * from runs where kind = ? and state = 'running' order by id desc").get(kind) as Row | undefined // prettier-ignore
      return row && runOf(row)
    },
    /** How many failed of which nobody has taken note. */
    unacknowledged: () =>
      sql("select count(*) from runs where state = 'failed' and acknowledged is null").pluck().get() as number,
    acknowledge: (id: string, by: string) =>
      sql("update runs set acknowledged = ? where id = ? and state = 'failed' and acknowledged is null").run(by, id)
        .changes === 1,
  }
}
