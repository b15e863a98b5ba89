/**
 * How a command talks to a running portal or site: over loopback, with a token that only the folder's owner can read.
 * `control.json` in the folder says where; one whose process is gone means not running.
 */
import { Hono } from 'hono'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { timingSafeEqual } from 'node:crypto'
import * as v from 'valibot'
import type { Json } from '../replica/json.ts'

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
    const operation = operations[c.req.param('name')]
    if (!operation) return c.json({ error: 'This command is not known here.' }, 404)
    try {
      return c.json((await operation(v.parse(v.record(v.string(), v.unknown()), await c.req.json()))) as Json)
    } catch (error) {
      return c.json({ error: (error as Error).message }, 422)
    }
  })
  return app
}

/** Says in the folder where this process is reached. */
export function announce(dir: string, url: string, token: string): () => void {
  const file = join(dir, 'control.json')
  rmSync(file, { force: true })
  writeFileSync(file, JSON.stringify({ url, pid: process.pid, token }), { mode: 0o600 })
  return () => rmSync(file, { force: true })
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
  try {
    answer = await fetch(`${url}/control/${name}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(input),
    })
  } catch (cause) {
    // Another process has the number of the one that is gone.
    if ((cause as Error & { cause?: { code?: string } }).cause?.code === 'ECONNREFUSED') return undefined
    throw cause
  }
  const body = (await answer.json()) as { error?: string }
  if (!answer.ok) throw new Error(body.error ?? `The running process answered ${answer.status}.`)
  return body
}
