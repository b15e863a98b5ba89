/** A PostgreSQL server for one test file, started when the first test needs it. */
import pg from 'pg'
import { afterAll } from 'vitest'
import { folder } from '../replica/world.ts'
import { startPostgres, type PostgresServer } from './postgres-server.ts'

let starting: Promise<PostgresServer> | undefined

afterAll(async () => (await starting)?.stop())

/** A new database, as a copy of another or empty; its address with the password. */
export async function createDatabase(name: string, template = 'template0'): Promise<string> {
  // What a test writes need not outlive it.
  const server = await (starting ??= startPostgres(folder(), ['fsync=off']))
  const client = new pg.Client(server.url('postgres'))
  await client.connect()
  await client.query(`create database ${name} template ${template}`)
  await client.end()
  return server.url(name)
}

/** Runs statements on a database, one after the other. */
export async function runOn(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}
