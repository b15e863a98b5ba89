/** The console's open pages: told at once that something changed, by the session alone, and only while it stands. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { closeServer, listen } from '../../src/server/listen.ts'
import { consoleSessions } from '../../src/server/console/console-app.ts'
import { consoleLive, type ConsoleLive } from '../../src/server/console/console-live.ts'
import { openConsoleWorld, staffPassword } from '../browser/console-pages.ts'
import { browserOf, type Browser } from './world.ts'

let world: Awaited<ReturnType<typeof openConsoleWorld>>
let served: Awaited<ReturnType<typeof listen>>
let live: ConsoleLive
const providers: WebsocketProvider[] = []
beforeAll(async () => {
  world = await openConsoleWorld()
  const { site, staff: store, clock } = world
  live = consoleLive({ site, store, session: consoleSessions({ site, store, clock }), clock, log: () => {} })
  served = await listen(world.app.fetch, { port: 0, host: '127.0.0.1' })
  served.server.on('upgrade', live.upgrade)
})
afterAll(async () => {
  for (const one of providers) one.destroy()
  live.close()
  await closeServer(served.server)
  await world.close()
})
async function signedIn(): Promise<Browser> {
  const host = new URL(served.url).host
  const staff = browserOf(world.app, '127.0.0.1', host)
  await staff.post('/sign-in', { name: 'Jo Desk', password: staffPassword })
  // A code is good once: the next one is of a minute later.
  world.clock.advance(60_000)
  expect((await staff.post('/sign-in/code', { code: world.authenticator.code() })).headers.get('location')).toBe('/')
  return staff
}
function join(cookie: string, origin = served.url): { doc: Y.Doc; provider: WebsocketProvider; codes: number[] } {
  class BrowserSocket extends WebSocket {
    constructor(url: string) {
      super(url, { headers: { origin, ...(cookie ? { cookie } : {}) } })
    }
  }
  const doc = new Y.Doc()
  const provider = new WebsocketProvider(`${served.url.replace('http', 'ws')}/live`, 'desk', doc, { WebSocketPolyfill: BrowserSocket as never, disableBc: true }) // prettier-ignore
  const codes: number[] = []
  provider.on('closed', ({ code }) => void codes.push(code))
  providers.push(provider)
  return { doc, provider, codes }
}
const digestOf = (doc: Y.Doc): unknown => doc.getMap('page').get('digest')
const cookieOf = ({ cookies }: Browser): string => [...cookies].map((pair) => pair.join('=')).join('; ')

it('a page is up to date by its digest, and out of date as soon as something was said', async () => {
  const staff = await signedIn()
  const { doc } = join(cookieOf(staff))
  // The link may still be settling: what changes by time alone is looked at every ten seconds.
  const isCurrent = async (): Promise<boolean> => {
    world.clock.advance(10_000)
    return /data-live="desk" data-digest="([^"]+)"/.exec((await staff.get('/recent')).text)?.[1] === digestOf(doc)
  }
  await expect.poll(isCurrent).toBe(true)
  const shown = digestOf(doc)
  await world.site.message({ patient: 1, subject: 'One more', text: 'And this.' })
  await expect.poll(() => digestOf(doc), { timeout: 5_000 }).not.toBe(shown)
  await expect.poll(isCurrent).toBe(true)
})

it('who is not signed in is told so and nothing else, and a page of elsewhere is refused', async () => {
  const nobody = join('')
  await expect.poll(() => nobody.codes).toEqual([4401])
  expect(digestOf(nobody.doc)).toBeUndefined()
  const elsewhere = join(cookieOf(await signedIn()), 'https://elsewhere.example')
  let refused = 0
  elsewhere.provider.on('connection-error', () => void refused++)
  await expect.poll(() => refused).toBeGreaterThan(0)
  expect(digestOf(elsewhere.doc)).toBeUndefined()
  elsewhere.provider.destroy()
})

it('signing out ends the view at once', async () => {
  const staff = await signedIn()
  const { doc, codes } = join(cookieOf(staff))
  await expect.poll(() => digestOf(doc)).toEqual(expect.any(String))
  await staff.submit('/recent', '/sign-out')
  await expect.poll(() => codes).toEqual([4401])
})
