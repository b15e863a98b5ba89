/**
 * The portal over HTTP for stations, which speak the exchange XML: upload, download, acknowledgement. Deny by default: each
 * request shows the station's token, wrong ones are throttled by address, and nothing else of the portal is here. What is
 * refused is told by a sentence, and nothing of it was done.
 */
import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { downloadDocument, type Download } from '../bridges/xml/exchange-items.ts'
import { rootStart } from '../bridges/xml/exchange-form.ts'
import { XmlRefused, xmlText } from '../bridges/xml/xml-reader.ts'
import type { Receipt } from '../bridges/xml/station-source.ts'
import type { Clock } from '../replica/clock.ts'
import { StoreFull } from '../replica/store.ts'
import type { AuditTrail } from './audit-sqlite.ts'
import { failureOf } from './failure.ts'
import { pageHeaders } from './look/headers.ts'
import { callerOf, type Incoming, type NamedProxies } from './reverse-proxy.ts'
import { throttle } from './throttle.ts'

/** A station as this needs it. */
export interface ExchangeStation {
  upload(bytes: AsyncIterable<Uint8Array>): Promise<Receipt>
  download(since?: number, limit?: number): Promise<Download>
  acknowledge(bytes: Uint8Array): Promise<number>
}
export interface ExchangeAppOptions {
  /** The site of a token, and its station. */
  readonly siteOf: (token: string) => string | undefined
  readonly stationOf: (site: string) => ExchangeStation | undefined
  readonly practiceOf: (site: string) => string | undefined
  readonly audit: AuditTrail
  readonly secure: boolean
  readonly proxies: NamedProxies | undefined
  readonly clock: Clock
  readonly log: (line: string) => void
}
interface Env { Bindings: { incoming: Incoming }; Variables: { site: string; station: ExchangeStation } } // prettier-ignore

const mostAcknowledged = 8 * 1024 * 1024
const root = (name: string, values: Readonly<Record<string, number>>): string => `${rootStart(name, values).trimEnd().slice(0, -1)}/>\n` // prettier-ignore

export function exchangeApp(options: ExchangeAppOptions): Hono<Env> {
  const { siteOf, stationOf, audit, clock } = options
  const app = new Hono<Env>()
  const tries = throttle(clock)
  const xml = (c: Context<Env>, status: 200 | 401 | 403 | 404 | 413 | 422 | 429 | 500 | 503, body: string): Response => c.body(body, status, { 'content-type': 'application/xml; charset=utf-8' }) // prettier-ignore
  const refused = (c: Context<Env>, status: 401 | 403 | 404 | 413 | 422 | 429 | 500 | 503, sentence: string): Response => xml(c, status, `${rootStart('refusal').trimEnd()}${xmlText(sentence)}</refusal>\n`) // prettier-ignore
  const noted = (c: Context<Env>, did: 'station uploaded' | 'station downloaded' | 'station acknowledged', of: readonly string[] = []): void => {
    const site = c.get('site')
    audit.record({ did, by: site, practice: options.practiceOf(site), of: [site, ...of] })
  } // prettier-ignore

  app.onError((error, c) => {
    if (error instanceof XmlRefused) return refused(c, 422, error.message)
    options.log(failureOf(error, c))
    if (error instanceof StoreFull) return refused(c, 503, 'There is no room for this at present. Send it again later.')
    return refused(c, 500, 'This failed at the portal. Send it again; what was done already is not done twice.')
  })
  app.use(pageHeaders(options.secure))
  app.use(async (c, next) => {
    const caller = callerOf(c.env.incoming, options.proxies)
    if (options.proxies && !caller.https) return refused(c, 403, 'This portal answers over https only.')
    const token = /^Bearer ([\w-]{1,200})$/.exec(c.req.header('authorization') ?? '')?.[1]
    const site = token === undefined ? undefined : siteOf(token)
    const station = site === undefined ? undefined : stationOf(site)
    if (site === undefined || !station) {
      const { address } = caller
      const wait = token === undefined ? 0 : tries.take({ name: `station at ${address}`, address })
      if (wait > 0) return refused(c, 429, `There were too many wrong tokens. Try again in ${wait} seconds.`)
      audit.noted({ did: 'station refused', of: c.req.method })
      return refused(c, 401, 'Send the token of the station, as: Authorization: Bearer TOKEN')
    }
    c.set('site', site)
    c.set('station', station)
    return next()
  })
  app.post('/exchange/upload', async (c) => {
    const body = c.req.raw.body
    if (!body) throw new XmlRefused('The request has no XML.')
    const receipt = await c.get('station').upload(body)
    noted(c, 'station uploaded', [`${receipt.patients} patients`, `${receipt.plans} plans`, `${receipt.events} events`, `${receipt.removed} removed`]) // prettier-ignore
    return xml(c, 200, root('receipt', { ...receipt }))
  })
  app.get('/exchange/download', async (c) => {
    const [since, limit] = [numberIn(c, 'since'), numberIn(c, 'limit')]
    const download = await c.get('station').download(since, limit)
    noted(c, 'station downloaded', [String(download.since), String(download.to)])
    return new Response(streamOf(downloadDocument(download)), { headers: { 'content-type': 'application/xml; charset=utf-8', 'cache-control': 'no-store' } }) // prettier-ignore
  })
  app.post('/exchange/acknowledgement', bodyLimit({ maxSize: mostAcknowledged, onError: (c) => refused(c as Context<Env>, 413, 'The acknowledgement is larger than is taken.') }), async (c) => {
    const to = await c.get('station').acknowledge(new Uint8Array(await c.req.arrayBuffer()))
    noted(c, 'station acknowledged', [String(to)])
    return xml(c, 200, root('receipt', { to }))
  }) // prettier-ignore
  app.notFound((c) => refused(c, 404, 'There are /exchange/upload, /exchange/download and /exchange/acknowledgement, and nothing else.')) // prettier-ignore
  return app
}

function streamOf(parts: Iterable<string>): ReadableStream<Uint8Array> {
  const iterator = parts[Symbol.iterator]()
  const encoder = new TextEncoder()
  return new ReadableStream({
    pull(controller) {
      const { done, value } = iterator.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
  })
}

function numberIn(c: Context<Env>, name: string): number | undefined {
  const given = c.req.query(name)
  if (given === undefined) return undefined
  if (!/^\d{1,15}$/.test(given)) throw new XmlRefused(`${name} takes the number of an item.`)
  return Number(given)
}
