/** How the site is, in full: its problems with what to do, what waits, the backup windows, Upload Records and Download Online Communications, and the runs. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import { oneButton } from '../look/form.ts'
import { inEnglish, nothing } from '../look/html.ts'
import { empty, notice } from '../look/notice.ts'
import { badge, card, facts, table } from '../look/show.ts'
import { deedOf, framed, nameOfUser, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import { mayUse } from './privileges.ts'
import type { Run } from './runs-sqlite.ts'
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
  return app
}
