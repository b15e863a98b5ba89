/** Recent Communications, newest first, in the site's own time. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { Clock } from '../../replica/clock.ts'
import { attachmentLinks } from '../attachments/links.ts'
import { attachmentList, listed } from '../attachments/parts.ts'
import { served } from '../attachments/serving.ts'
import { inEnglish, nothing, type Content } from '../look/html.ts'
import { empty } from '../look/notice.ts'
import { table } from '../look/show.ts'
import type { Communication } from './site-operations.ts'
import { deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'

export function recentPage({ site, store, clock }: ConsoleParts & { readonly clock: Clock }): Hono<ConsoleEnv> {
  const links = attachmentLinks(clock)
  const app = new Hono<ConsoleEnv>()
  app.get('/recent', async (c) => {
    store.audit.noted(deedOf(c, 'viewed', { of: 'recent' }))
    const [{ items, cut }, zone] = [await site.recent(), await site.zone()]
    const reader = c.get('reader')
    const { menu, recent } = reader.words.console
    const { when, direction, patient, subject, state } = recent.columns
    const filesOf = async ({ entry, subject: said }: Communication): Promise<Content> => {
      if (entry === undefined) return said
      const hrefOf = (place: number): string => links.to(c.get('csrf'), entry, place)
      return html`${said} ${attachmentList(reader, await listed(site.chunks, await site.attachmentsOf(entry), hrefOf))}`
    }
    const subjects = await Promise.all(items.map(filesOf))
    const rows = items.map((item, i) => [
      reader.instant(Date.parse(item.at), zone),
      inEnglish(item.direction),
      item.patient === null ? '' : String(item.patient),
      subjects[i]!,
      inEnglish(item.state),
    ])
    const main =
      items.length === 0
        ? empty(recent.none, recent.noneNext, 'mail')
        : [
            cut ? html`<p class="soft">${recent.cut(items.length)}</p>` : nothing,
            table(menu.recent, [when, direction, patient, subject, state], rows),
          ]
    return c.html(framed(c, site, menu.recent, '/recent', main))
  })
  app.get('/attachments/:entry/:place', async (c) => {
    const { attachments: words, problems } = c.get('reader').words
    const { entry, place } = c.req.param()
    const { until = '', mark = '' } = c.req.query()
    if (!links.stands(c.get('csrf'), entry, Number(place), { until, mark }))
      return c.html(failed(c, site, words.linkOver), 403)
    const attachment = (await site.attachmentsOf(entry))[Number(place)]
    if (!attachment) return c.html(failed(c, site, problems.noConsolePage), 404)
    const answer = await served(c, site.chunks, attachment)
    if (!answer) return c.html(failed(c, site, words.waits), 503)
    store.audit.record(deedOf(c, 'attachment opened', { of: entry }))
    return answer
  })
  return app
}
