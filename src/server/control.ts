/**
 * How a command talks to a running portal or site: over a listener of its own on loopback, never the one of the pages,
 * with a token that only the folder's owner can read. `control.json` in the folder says where; one whose process is gone
 * means not running.
 */
import { Hono } from 'hono'
import { timingSafeEqual } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import type { Clock } from '../replica/clock.ts'
import type { Json } from '../replica/json.ts'
import { writeWhole } from '../replica/whole-file.ts'
import { closeServer, listen } from './listen.ts'

export type Operations = Readonly<Record<string, (input: Readonly<Record<string, unknown>>) => Promise<unknown>>>

const controlSchema = v.object({ url: v.string(), pid: v.number(), token: v.string() })

/** `POST /control/<operation>` for whoever has the token; an error becomes a sentence with status 422. */
export function controlRoutes(token: string, operations: Operations): Hono {
  const app = new Hono()
  app.post('/control/:name', async (c) => {
    const given = Buffer.from(c.req.header('authorization') ?? '')
    const wanted = Buffer.from(`Bearer ${token}`)
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
      return c.json({ error: 'This is for the commands of this machine.' }, 401)
    const name = c.req.param('name')
    if (!Object.hasOwn(operations, name)) return c.json({ error: 'This command is not known here.' }, 404)
    try {
      return c.json((await operations[name]!(v.parse(v.record(v.string(), v.unknown()), await c.req.json()))) as Json)
    } catch (error) {
      return c.json({ error: (error as Error).message }, 422)
    }
  })
  return app
}

/** Serves the commands of a folder on a free port of loopback and says in the folder where; resolves with what ends it. */
export async function serveControl(dir: string, operations: Operations, clock: Clock): Promise<() => Promise<void>> {
  const token = Buffer.from(clock.bytes(32)).toString('base64url')
  const { server, url } = await listen(controlRoutes(token, operations).fetch, { port: 0, host: '127.0.0.1' })
  const file = join(dir, 'control.json')
  writeWhole(file, JSON.stringify({ url, pid: process.pid, token }))
  return () => {
    rmSync(file, { force: true })
    return closeServer(server)
  }
}

/** Calls an operation of the process that runs on a folder; undefined where none does. Throws the sentence of a failure. */
export async function callControl(
  dir: string,
  name: string,
  input: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const file = join(dir, 'control.json')
  if (!existsSync(file)) return undefined
  const { url, pid, token } = v.parse(controlSchema, JSON.parse(readFileSync(file, 'utf8')))
  try {
    process.kill(pid, 0)
  } catch {
    // The process that wrote it is gone without a word: nothing runs here.
    return undefined
  }
  let answer: Response
  let body: { error?: string }
  try {
    answer = await fetch(`${url}/control/${name}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(input),
    })
    body = (await answer.json()) as { error?: string }
  } catch (cause) {
    // Another process has the number of the one that is gone.
    if ((cause as Error & { cause?: { code?: string } }).cause?.code === 'ECONNREFUSED') return undefined
    throw new Error(
      `The process that runs on ${dir} ended before it answered. Whether this was done is not known: look before you do it again.`,
      { cause },
    )
  }
  if (!answer.ok) throw new Error(body.error ?? `The running process answered ${answer.status}.`)
  return body
}
