/** Status in words, with Upload Records and Download Online Communications. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import { button, instantText, type Html } from '../layout.ts'
import { deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'

export function statusPage({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  app.get('/', async (c) => {
    store.audit.noted(deedOf(c, 'viewed', { of: 'status' }))
    const { state, since, lastContact, problems, notes, queues } = await site.status()
    const zone = await site.zone()
    const inWords = (at: string): string => instantText(Date.parse(at), zone)
    const csrf = c.get('csrf')
    return c.html(
      framed(c, site, 'Status', '/', [
        html`<section class="card">
          <p class="when" role="status">${state.startsWith('Down since') ? `Down since ${inWords(since)}` : state}</p>
          <p>
            Last contact with the portal: ${lastContact === null ? 'none yet' : inWords(lastContact)}. Waiting for the
            portal: ${queues.toPortal}. Reviews: <a href="/reviews">${queues.reviews}</a>.
          </p>
          ${notes.map((note) => html`<p>${note}</p>`)}
          ${problems.map((problem) => html`<p class="fault">${problem}</p>`)}
        </section>`,
        html`<section class="card actions">
          ${button('/upload', 'Upload Records', { csrf }, '', 'main')}
          ${button('/download', 'Download Online Communications', { csrf })}
        </section>`,
      ]),
    )
  })

  const upload = async (): Promise<Html> => {
    const { patients, plans, stages, events, seconds } = await site.upload()
    return html`<p>
      The portal has all records: ${patients} patients, ${plans} plans, ${stages} stages, ${events} events; it took
      ${seconds.toFixed(1)} s.
    </p>`
  }
  const download = async (): Promise<Html> => {
    const { messages, confirmations } = await site.download()
    return html`<p>InSched has all: ${messages} new messages, ${confirmations} new confirmations.</p>`
  }
  const jobs = [
    ['/upload', 'Upload Records', 'records uploaded', upload],
    ['/download', 'Download Online Communications', 'communications downloaded', download],
  ] as const
  for (const [path, title, did, run] of jobs)
    app.post(path, async (c) => {
      try {
        const done = await run()
        store.audit.record(deedOf(c, did))
        return c.html(framed(c, site, title, '', done))
      } catch (error) {
        return c.html(failed(c, site, title, (error as Error).message), 503)
      }
    })
  return app
}
