/** Status in words, with Upload Records and Download Online Communications. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import { oneButton } from '../look/form.ts'
import { inEnglish } from '../look/html.ts'
import { notice } from '../look/notice.ts'
import { card, facts } from '../look/show.ts'
import type { Reader } from '../look/reader.ts'
import { deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'

export function statusPage({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  app.get('/', async (c) => {
    store.audit.noted(deedOf(c, 'viewed', { of: 'status' }))
    const { state, since, lastContact, problems, notes, queues } = await site.status()
    const zone = await site.zone()
    const reader = c.get('reader')
    const { menu, status } = reader.words.console
    const inWords = (at: string): string => reader.instant(Date.parse(at), zone)
    const csrf = c.get('csrf')
    const word = state.startsWith('Down since') ? status.downSince(inWords(since)) : inEnglish(state)
    return c.html(
      framed(c, site, menu.status, '/', [
        card(
          [
            html`<p class="when" role="status">${word}</p>`,
            facts([
              [status.lastContact, lastContact === null ? status.noContact : inWords(lastContact)],
              [status.waiting, reader.number(queues.toPortal)],
              [status.reviews, html`<a href="/reviews">${reader.number(queues.reviews)}</a>`],
            ]),
          ],
          { lead: true },
        ),
        ...problems.map((problem) => notice('bad', inEnglish(problem))),
        ...notes.map((note) => notice('info', inEnglish(note))),
        html`<div class="row">
          ${oneButton('/upload', status.upload, { csrf }, 'main')} ${oneButton('/download', status.download, { csrf })}
        </div>`,
      ]),
    )
  })

  const upload = async ({ words, number }: Reader): Promise<string> => {
    const { seconds, ...counts } = await site.upload()
    return words.console.status.uploaded(counts, number(Math.round(seconds * 10) / 10))
  }
  const download = async ({ words }: Reader): Promise<string> => {
    const { messages, confirmations } = await site.download()
    return words.console.status.downloaded(messages, confirmations)
  }
  const jobs = [
    ['/upload', 'upload', 'records uploaded', upload],
    ['/download', 'download', 'communications downloaded', download],
  ] as const
  for (const [path, name, did, run] of jobs)
    app.post(path, async (c) => {
      const reader = c.get('reader')
      const { status } = reader.words.console
      try {
        const done = await run(reader)
        store.audit.record(deedOf(c, did))
        return c.html(framed(c, site, status[name], '', notice('good', done)))
      } catch (error) {
        const cause = inEnglish((error as Error).message)
        return c.html(failed(c, site, { title: status[name], cause, next: status.failedNext }), 503)
      }
    })
  return app
}
