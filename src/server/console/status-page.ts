/** How the site is, in full: its problems with what to do, what waits, the backup windows, Upload Records and Download Online Communications, and the runs. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { choices } from '../../bridges/insched/put-back.ts'
import { oneButton } from '../look/form.ts'
import { inEnglish, nothing, type Content } from '../look/html.ts'
import { empty, notice } from '../look/notice.ts'
import { badge, card, facts, table } from '../look/show.ts'
import type { Reader } from '../look/reader.ts'
import { formOf } from '../own-forms.ts'
import { deedOf, failed, framed, nameOfUser, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import { mayUse } from './privileges.ts'
import type { Run } from './runs-sqlite.ts'
import type { SiteStatus } from './console-site.ts'
import { outcomeOf } from './runs-page.ts'
import { stateInWords } from './strip.ts'

const runsShown = 12

export function statusPage({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  app.get('/', async (c) => {
    store.audit.noted(deedOf(c, 'viewed', { of: 'status' }))
    const [status, zone, csrf, reader] = [await site.status(), await site.zone(), c.get('csrf'), c.get('reader')]
    const { lastContact, problems, notes, queues, next, oldest, backup } = status
    const { console: words, desk } = reader.words
    const at = (iso: string | null, none: string): string => (iso === null ? none : reader.instant(Date.parse(iso), zone)) // prettier-ignore
    const outcome = (run: Run) => {
      if (run.state === 'running') return badge('wait', desk.runs.states.running)
      if (run.state === 'failed') return html`${badge(run.acknowledged ? 'plain' : 'bad', desk.runs.states.failed)} ${inEnglish(run.says ?? '')}` // prettier-ignore
      return outcomeOf(reader, run)
    }
    const runs = site.desk.runs.newest(runsShown)
    const maySync = mayUse(c.get('staff'), 'POST /upload')
    return c.html(
      framed(c, site, words.menu.status, '/', [
        ...problems.map((problem) => notice('bad', inEnglish(problem), html`<p>${words.status.failedNext}</p>`)),
        status.putBack === null ? nothing : restoredCard(reader, status.putBack, zone, mayUse(c.get('staff'), 'POST /insched-restored') ? csrf : undefined), // prettier-ignore
        card(
          [
            html`<p class="when" role="status">${stateInWords(reader, status, zone).text}</p>`,
            problems.length + queues.reviews === 0 ? html`<p class="soft">${desk.status.allWell}</p>` : nothing,
            facts([
              [words.status.lastContact, at(lastContact, words.status.noContact)],
              [desk.strip.next, inEnglish(next)],
              [desk.status.toPortal, reader.number(queues.toPortal)],
              [desk.status.toInSched, reader.number(queues.toInSched)],
              [desk.strip.oldest, at(oldest, desk.strip.none)],
              [words.status.reviews, html`<a href="/reviews">${reader.number(queues.reviews)}</a>`],
              ...(backup.now ? [[desk.status.backupNow, inEnglish(backup.now)] as const] : []),
              ...(backup.next ? [[desk.status.nextBackup, inEnglish(backup.next)] as const] : []),
            ]),
          ],
          { lead: true },
        ),
        maySync
          ? card(
              [
                html`<p class="soft">${desk.status.transferHow}</p>`,
                html`<div class="row">
                  ${oneButton('/upload', words.status.upload, { csrf }, 'main')}
                  ${oneButton('/download', words.status.download, { csrf }, 'main')}
                </div>`,
              ],
              { title: desk.status.transfer },
            )
          : nothing,
        ...notes.map((note) => notice('info', inEnglish(note))),
        html`<h2 id="runs">${desk.runs.title}</h2>`,
        runs.length === 0
          ? empty(desk.runs.none, desk.runs.noneNext)
          : table(
              desk.runs.title,
              [desk.runs.began, desk.runs.what, desk.runs.by, desk.runs.outcome, desk.runs.look],
              runs.map((run) => [
                reader.short(run.began, zone),
                desk.runs.kinds[run.kind],
                nameOfUser(c, store, run.by),
                outcome(run),
                html`<a href="/runs/${run.id}">${desk.runs.look}<span class="unseen">: ${desk.runs.kinds[run.kind]}, ${reader.short(run.began, zone)}</span></a>`, // prettier-ignore
              ]),
              'tight',
            ),
      ]),
    )
  })
  app.post('/insched-restored', async (c) => {
    const given = v.safeParse(v.object({ choice: v.picklist(choices) }), await formOf(c))
    const { restored } = c.get('reader').words.desk.status
    const fault = (cause: Content) =>
      c.html(failed(c, site, { title: restored.title, cause, next: restored.next }), 409)
    if (!given.success) return fault(restored.unknown)
    try {
      await site.settleRestored(given.output.choice)
    } catch (error) {
      return fault(inEnglish((error as Error).message))
    }
    store.audit.record(deedOf(c, 'restored database settled', { of: given.output.choice }))
    return c.redirect('/?said=restored', 303)
  })
  return app
}

/** A database that was put back: since when, what it lacks, and for an admin the two ways out (DOM-19). */
function restoredCard({ words, number, instant }: Reader, putBack: NonNullable<SiteStatus['putBack']>, zone: string, csrf: string | undefined) {
  const { restored } = words.desk.status
  return card(
    [
      facts([
        [restored.since, instant(Date.parse(putBack.since), zone)],
        [restored.newest, putBack.newest === null ? words.desk.strip.none : instant(Date.parse(putBack.newest), zone)],
        [restored.confirmations, number(putBack.confirmations)],
        [restored.communications, number(putBack.communications)],
        [restored.deposits, number(putBack.deposits)],
        [restored.missing, number(putBack.missing)],
        [restored.other, number(putBack.other)],
      ]),
      csrf === undefined
        ? html`<p>${restored.forAdmin}</p>`
        : html`${choices.map((choice) => html`<p class="soft">${restored.how[choice]}</p>${oneButton('/insched-restored', restored.choose[choice], { csrf, choice })}`)}`,
    ],
    { title: restored.title },
  )
} // prettier-ignore
