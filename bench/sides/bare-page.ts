/** The floor of a page: a Hono app, served as the product serves its own, that answers the same bytes with the same headers. */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { answer } from '../processes.ts'
import type { Page } from './browsers.ts'

let server: ReturnType<typeof serve>

export type BarePage = typeof handlers
const handlers = {
  /** Serves the page at every path; resolves with the address. */
  async open({ headers, body }: Page): Promise<string> {
    const app = new Hono()
    app.get('*', (c) => c.body(body, 200, headers))
    server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  },
  close: (): void => void server.close(),
}
answer(handlers)
