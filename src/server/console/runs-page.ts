/** One run: a bar while it is under way, what came of it afterwards; a test of the connection hop by hop. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import type { ConnectionTest, Walked } from '../connection-test.ts'
import { oneButton } from '../look/form.ts'
import { inEnglish, nothing, type Content, type Html } from '../look/html.ts'
import { busy, notice } from '../look/notice.ts'
import type { Reader } from '../look/reader.ts'
import { card, facts, timeline, type Moment } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import type { ConsoleRuns } from './console-runs.ts'
import { deedOf, failed, framed, nameOfUser, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import type { Run, RunKind } from './runs-sqlite.ts'

interface Uploaded { readonly patients: number; readonly plans: number; readonly stages: number; readonly events: number; readonly seconds: number } // prettier-ignore
interface Downloaded { readonly messages: number; readonly confirmations: number } // prettier-ignore

const acknowledgeSchema = v.object({ id: ulidSchema })
const begins: readonly (readonly [path: string, kind: RunKind])[] = [['/upload', 'upload'], ['/download', 'download'], ['/sync', 'sync'], ['/test-connection', 'test']] // prettier-ignore

/** What a run did, in the reader's language. */
export function outcomeOf(reader: Reader, { kind, result }: Run): Content {
  const { status } = reader.words.console
  const { runs } = reader.words.desk
  const uploaded = ({ seconds, ...counts }: Uploaded): string => status.uploaded(counts, reader.number(Math.round(seconds * 10) / 10)) // prettier-ignore
  const downloaded = ({ messages, confirmations }: Downloaded): string => status.downloaded(messages, confirmations)
  if (kind === 'upload') return uploaded(result as unknown as Uploaded)
  if (kind === 'download') return downloaded(result as unknown as Downloaded)
  if (kind === 'sync') {
    const both = result as unknown as { uploaded: Uploaded; downloaded: Downloaded }
    return `${uploaded(both.uploaded)} ${downloaded(both.downloaded)}`
  }
  const test = result as unknown as ConnectionTest
  return test.failed === null ? runs.testRight : runs.testFailed(runs.hops[test.failed])
}

const stateOfHop: Readonly<Record<Walked['state'], Moment['state']>> = { right: 'done', failed: 'bad', 'not used': 'later', 'not reached': 'later' } // prettier-ignore

export function runsPages({
  site,
  store,
  runs: begun,
}: ConsoleParts & { readonly runs: ConsoleRuns }): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  const { runs } = site.desk
  const unknown = (c: Context<ConsoleEnv>) => c.html(failed(c, site, c.get('reader').words.desk.runs.unknown), 404)

  for (const [path, kind] of begins)
    app.post(path, async (c) => {
      const id = begun.start(kind, c.get('staff').id)
      store.audit.record(deedOf(c, 'run begun', { of: [kind, id] }))
      await begun.aMoment(id)
      return c.redirect(`/runs/${id}`, 303)
    })
  app.get('/runs/:run', async (c) => {
    const run = runs.run(c.req.param('run'))
    if (!run) return unknown(c)
    const reader = c.get('reader')
    const { words } = reader
    const title = words.desk.runs.kinds[run.kind]
    if (run.state === 'running') {
      // The page looks again by itself, with scripts or without.
      c.header('Refresh', '2')
      const done = run.most - run.left
      const part = run.most > 0 ? { done, all: run.most } : undefined
      return c.html(
        framed(c, site, title, '', [
          busy(reader, words.desk.runs.running(title), `/runs/${run.id}`, part),
          html`<p class="soft">
            ${part ? words.desk.runs.part(done, run.most) : nothing} ${run.says ? inEnglish(run.says) : nothing}
          </p>`,
        ]),
      )
    }
    const zone = await site.zone()
    return c.html(framed(c, site, title, '', [await endedHtml(c, run, zone), html`<p><a class="button" href="/">${words.desk.runs.back}</a></p>`])) // prettier-ignore
  })
  const endedHtml = async (c: Context<ConsoleEnv>, run: Run, zone: string): Promise<Html> => {
    const reader = c.get('reader')
    const { desk } = reader.words
    const test = run.kind === 'test' && run.state === 'done' ? (run.result as unknown as ConnectionTest) : undefined
    const hops = test?.hops.map(({ hop, state, says }): Moment => ({ state: stateOfHop[state], title: desk.runs.hops[hop], detail: inEnglish(says) })) // prettier-ignore
    const isGood = run.state === 'done' && (test === undefined || test.failed === null)
    return html`${
      isGood
        ? notice('good', outcomeOf(reader, run))
        : notice(
            'bad',
            run.state === 'done' ? outcomeOf(reader, run) : inEnglish(run.says ?? ''),
            html`<p>${desk.runs.failedNext}</p>`,
          )
    }
    ${card([
      facts([
        [desk.runs.began, reader.instant(run.began, zone)],
        [desk.runs.by, nameOfUser(c, store, run.by)],
        [desk.runs.took, desk.runs.seconds(reader.number(Math.round(((run.ended ?? run.began) - run.began) / 100) / 10))], // prettier-ignore
        ...(run.acknowledged ? [[desk.runs.states.failed, desk.runs.acknowledgedBy(nameOfUser(c, store, run.acknowledged))] as const] : []), // prettier-ignore
      ]),
      hops ? timeline(hops) : nothing,
      run.state === 'failed' && run.acknowledged === null
        ? html`<div class="ways">
            ${oneButton('/runs/acknowledge', desk.runs.acknowledge, { csrf: c.get('csrf'), id: run.id }, 'main')}
          </div>`
        : nothing,
    ])}`
  }
  app.post('/runs/acknowledge', async (c) => {
    const given = v.safeParse(acknowledgeSchema, await formOf(c))
    if (!given.success || !runs.run(given.output.id)) return unknown(c)
    const { id } = given.output
    if (runs.acknowledge(id, c.get('staff').id)) store.audit.record(deedOf(c, 'error acknowledged', { of: id }))
    return c.redirect('/?said=acknowledged', 303)
  })
  return app
}
