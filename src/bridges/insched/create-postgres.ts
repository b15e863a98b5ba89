/** A reference InSched database in PostgreSQL, filled with the same synthetic people as one in SQLite. */
import pg from 'pg'
import { referenceRows, type Created, type CreateOptions } from './create-sqlite.ts'
import { postgresAuditTriggers, postgresReferenceTables } from './reference-postgres.ts'
import { InSchedRefused } from './refused.ts'

/** Rows of one statement: a parameter each, of which there are at most 65,535. */
const atOnce = 500

/** Creates the tables in an empty database; rejects where it has a table of them. Resolves with the counts of rows. */
export async function createReferenceInPostgres(url: string, options: CreateOptions): Promise<Created> {
  const { created, rows } = referenceRows(options)
  const client = new pg.Client(url)
  await client.connect()
  try {
    const { rowCount } = await client.query(
      "select from pg_tables where tablename in ('patients', 'events', 'audit_trail')",
    )
    if (rowCount !== 0) throw new InSchedRefused('This database has tables of an InSched database already. Name an empty one.') // prettier-ignore
    await client.query('begin')
    for (const statement of postgresReferenceTables) await client.query(statement)
    for (const [table, all] of rows) {
      for (let from = 0; from < all.length; from += atOnce) {
        const some = all.slice(from, from + atOnce)
        const columns = Object.keys(some[0]!)
        const places = some.map((_, i) => `(${columns.map((_, j) => `$${i * columns.length + j + 1}`).join(', ')})`)
        await client.query(`insert into ${table}(${columns.join(', ')}) values ${places.join(', ')}`, some.flatMap((row) => Object.values(row))) // prettier-ignore
      }
      const key = `${table.replace(/ies$/, 'y').replace(/s$/, '')}_id`
      if (all.length > 0 && key in all[0]!) await client.query(`select setval(s, (select max(${key}) from ${table})) from pg_get_serial_sequence('${table}', '${key}') s where s is not null`) // prettier-ignore
    }
    // What was there before the trail began has no rows in it: the triggers come after the people.
    for (const statement of postgresAuditTriggers) await client.query(statement)
    await client.query('commit')
    return created
  } finally {
    await client.end()
  }
}
