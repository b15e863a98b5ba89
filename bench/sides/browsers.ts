/** Patients' browsers, each on a connection that it keeps: sign in, and load the home page again and again. */
import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { answer } from '../processes.ts'
import type { Invitation } from './records-of-pages.ts'

/** A page as the portal answered it, without what each connection says for itself. */
export interface Page {
  readonly headers: Record<string, string>
  readonly body: string
}
interface Answer {
  readonly head: IncomingMessage
  readonly body: Buffer
}

const agent = new Agent({ keepAlive: true })
/** The cookie of each browser that is signed in. */
const cookies: string[] = []

async function ask(url: URL, headers: Record<string, string>, form?: Record<string, string>): Promise<Answer> {
  const body = form && new URLSearchParams(form).toString()
  const type = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }
  const asked = request(url, { agent, method: form ? 'POST' : 'GET', headers: { ...headers, ...type } })
  asked.end(body)
  const [head] = (await once(asked, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of head) chunks.push(chunk as Buffer)
  return { head, body: Buffer.concat(chunks) }
}

/** The header Cookie after an answer; of a cookie that is set twice the last counts. */
function cookieOf({ head }: Answer): string {
  const set = (head.headers['set-cookie'] ?? []).map((one) => one.split(';')[0]!.split('=', 2))
  return [...new Map(set.map(([name, value]) => [name, value]))].map((pair) => pair.join('=')).join('; ')
}

async function load(url: URL, cookie: string, bytes: number, pages: number): Promise<number[]> {
  const times: number[] = []
  for (let page = 0; page < pages; page++) {
    const began = performance.now()
    const { head, body } = await ask(url, { cookie })
    times.push((performance.now() - began) / 1000)
    // All patients of the bench have pages of about one size: an answer of another one is no home page.
    if (head.statusCode !== 200 || Math.abs(body.length - bytes) > bytes / 10)
      throw new Error(`A page was answered with ${head.statusCode} and ${body.length} bytes, not ${bytes}`)
  }
  return times
}

export type Browsers = typeof handlers
const handlers = {
  /** A browser for each invitation; resolves with the home page of the first. */
  async signIn(portal: string, invitations: readonly Invitation[]): Promise<Page> {
    for (const { path, birthDate } of invitations) {
      const url = new URL(path, portal)
      const before = cookieOf(await ask(url, {}))
      const entered = await ask(url, { cookie: before }, { date: birthDate })
      if (entered.head.statusCode !== 303) throw new Error(`Signing in answered ${entered.head.statusCode}`)
      cookies.push(cookieOf(entered))
    }
    const { head, body } = await ask(new URL(portal), { cookie: cookies[0]! })
    const { date: _, connection: __, 'keep-alive': ___, ...headers } = head.headers
    return { headers: headers as Record<string, string>, body: body.toString() }
  },
  /** Seconds of each of so many pages, each browser asking for its next one when it has the last. */
  async load(server: string, bytes: number, pages: number): Promise<number[]> {
    return (await Promise.all(cookies.map((cookie) => load(new URL(server), cookie, bytes, pages)))).flat()
  },
  close: (): void => agent.destroy(),
}
answer(handlers)
