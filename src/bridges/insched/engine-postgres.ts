/**
 * InSched in PostgreSQL. The address may hold a password: it is given to the client and to nothing else. Every session is
 * named `patientconnection`, speaks UTC, waits for no lock and for no statement without end, and is closed when the
 * database is let go of.
 */
import { PostgresDialect, sql, type RawBuilder } from 'kysely'
import pg from 'pg'
import type { Db } from './agent-rows.ts'
import type { Engine } from './engine.ts'
import { InSchedRefused } from './refused.ts'

/** How long a connection may take to be made, a lock to be had, a statement to run, a transaction to idle: milliseconds. */
const limits = { connecting: 5_000, locking: 1_000, running: 120_000, idling: 60_000 }
/** One for what is read or written, and some for people's questions meanwhile. */
const mostSessions = 3

/** Values as text or as numbers: what a date is, the mapping says. */
const asNumber = new Set<number>([pg.types.builtins.INT8, pg.types.builtins.INT4, pg.types.builtins.INT2, pg.types.builtins.NUMERIC, pg.types.builtins.FLOAT4, pg.types.builtins.FLOAT8]) // prettier-ignore
const loopback = new Set(['localhost', '127.0.0.1', '[::1]', '::1'])
const boolean: number = pg.types.builtins.BOOL
const types = {
  getTypeParser(type: number): (value: string) => unknown {
    if (asNumber.has(type)) return Number
    return type === boolean ? (value) => value === 't' : (value) => value
  },
}

async function asked(on: Db, question: RawBuilder<unknown>): Promise<string> {
  const { rows } = await sql<{ answer: string }>`select ${question} as answer`.execute(on)
  return rows[0]!.answer
}

/** The snapshot that others have after a transaction whose number and snapshot these are; one that nobody has where another number was drawn between the two. */
function snapshotAfter(text: string): string {
  const [own, snapshot] = text.split(' ') as [string, string]
  const [, next, running] = snapshot.split(':') as [string, string, string]
  if (own !== next) return 'unknown'
  const after = String(BigInt(own) + 1n)
  return `${running === '' ? after : running.split(',')[0]!}:${after}:${running}`
}

/** Opens `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; throws InSchedRefused where it is no such address. */
export function postgresEngine(url: string, { readonly = false } = {}): Engine {
  const address = URL.canParse(url) ? new URL(url) : undefined
  if (!address || address.pathname.length < 2)
    throw new InSchedRefused('This names no PostgreSQL database. Write postgres://USER:PASSWORD@HOST:PORT/DATABASE.')
  const name = `${address.host}${address.pathname}`
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'patientconnection',
    max: mostSessions,
    connectionTimeoutMillis: limits.connecting,
    idleTimeoutMillis: limits.idling,
    statement_timeout: limits.running,
    lock_timeout: limits.locking,
    idle_in_transaction_session_timeout: limits.idling,
    options: `-c timezone=UTC${readonly ? ' -c default_transaction_read_only=on' : ''}`,
    keepAlive: true,
    // Beyond this machine nothing goes without TLS, unless the address itself says sslmode=disable.
    ssl: loopback.has(address.hostname) ? false : { rejectUnauthorized: true },
    types: types as never,
  })
  // A session that the server ends is replaced by the next that is needed; who is in the middle of a statement is told by it.
  pool.on('error', () => {})
  pool.on('connect', (client) => void client.on('error', () => {}))
  return {
    name,
    dialect: new PostgresDialect({ pool }),
    commitsInOrder: false,
    // What others commit after it began is not seen, and whoever changes the same rows first wins: the other tries again.
    begins: {
      write: 'begin isolation level repeatable read',
      read: 'begin isolation level repeatable read read only',
    },
    forUpdate: sql`for update`,
    turn: () => Promise.resolve(),
    among: (column, values) =>
      sql`${column} = any(${values}::${sql.raw(typeof values[0] === 'string' ? 'text' : 'bigint')}[])`,
    each: (list) => sql`jsonb_array_elements(${JSON.stringify(list)}::jsonb) as each(value)`,
    unindexed: (column) => column,
    // All of it: also the end of a transaction that was running makes another snapshot, though no number grows by it.
    version: (on) => asked(on, sql`pg_current_snapshot()::text`),
    versionAfter: async (on) => snapshotAfter(await asked(on, sql`pg_current_xact_id()::text || ' ' || pg_current_snapshot()::text`)), // prettier-ignore
    moment: (on) => asked(on, sql`pg_snapshot_xmax(pg_current_snapshot())::text`),
    hasEnded: async (on, moment) => (await asked(on, sql`(pg_snapshot_xmin(pg_current_snapshot()) >= ${moment}::xid8)::text`)) === 'true', // prettier-ignore
    // Nothing waits for this process's turn: a lock may be waited for as long as the session says.
    isReplaced: () => false,
    setPatience: () => {},
    refusal(error) {
      const { code } = error as { code?: string }
      if (code === '28P01' || code === '28000')
        return `The server of ${name} does not let this user in. Check the user and the password of --insched.`
      if (code === '3D000')
        return `There is no database ${address.pathname.slice(1)} at ${address.host}. Check the address of --insched.`
      if (code === '42501') return `The user of ${name} may not do this there: ${(error as Error).message}. The agent needs to read what the mapping names, to write what it may write, and to create its own tables (pc_...).` // prettier-ignore
      return undefined
    },
  }
}
