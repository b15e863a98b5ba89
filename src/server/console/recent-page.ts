/** Recent Communications, newest first, in the site's own time: filtered by a form (no address holds a patient), page by page, exported, and hidden, never deleted. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import { instantOf, daysLater } from '../../mirror/wall-clock.ts'
import { channels, communicationStates, directions, hl7Channel } from '../communication-rows.ts'
import type { Communication, CommunicationQuery } from './site-views.ts'
import { attachmentLinks } from '../attachments/links.ts'
import { attachmentList, listed } from '../attachments/parts.ts'
import { served } from '../attachments/serving.ts'
import { button, field, form, oneButton, select } from '../look/form.ts'
import { inEnglish, nothing, type Content, type Html } from '../look/html.ts'
import { empty, notice } from '../look/notice.ts'
import { badge, card, folded, table } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { csvOf } from './csv.ts'
import { deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import { mayUse } from './privileges.ts'
import { orEmpty } from './form-fields.ts'

const day = v.pipe(v.string(), v.trim(), v.isoDate())
const filterSchema = v.object({
  patient: orEmpty(v.pipe(v.string(), v.trim(), v.regex(/^\d{1,15}$/))),
  channel: orEmpty(v.picklist([...channels, hl7Channel])),
  direction: orEmpty(v.picklist(directions)),
  state: orEmpty(v.picklist(communicationStates)),
  since: orEmpty(day),
  until: orEmpty(day),
  hidden: orEmpty(v.literal('yes')),
  page: v.optional(v.pipe(v.string(), v.regex(/^\d{1,6}$/), v.toNumber(), v.minValue(1)), '1'),
  // The last of each page before this one: a page is found by it, however far it is from the newest.
  trail: v.optional(v.pipe(v.string(), v.maxLength(20_000), v.regex(/^(\d{1,15} [\w:-]{1,100}(,|$))*$/)), ''),
})
/** For who may not see messages of clinical systems: they cannot be asked for. */
const unclinicalSchema = v.object({ ...filterSchema.entries, channel: orEmpty(v.picklist(channels)) })
type Filter = v.InferOutput<typeof filterSchema>
const whichSchema = v.object({ entry: v.union([ulidSchema, v.pipe(v.string(), v.regex(/^[\w:-]{1,100}$/))]) })
const everything = v.parse(filterSchema, {})
/** So many pages back the way is remembered. */
const longestTrail = 100

const perPage = 50
/** The most rows of one export. */
const mostExported = 100_000

export function recentPage({ site, store, clock }: ConsoleParts & { readonly clock: Clock }): Hono<ConsoleEnv> {
  const links = attachmentLinks(clock)
  const app = new Hono<ConsoleEnv>()

  /** Messages of clinical systems stand here for who may see them on their own page. */
  const seesClinical = (c: Context<ConsoleEnv>): boolean => mayUse(c.get('staff'), 'GET /hl7')
  const queryOf = async (
    c: Context<ConsoleEnv>,
    { patient, channel, direction, state, since, until, trail }: Filter,
  ): Promise<CommunicationQuery> => {
    const zone = await site.zone()
    const [at, id] = (trail.split(',').at(-1) ?? '').split(' ')
    return {
      patient: patient === undefined ? undefined : Number(patient),
      channel,
      direction,
      state,
      since: since && instantOf(`${since}T00:00`, zone),
      until: until && instantOf(daysLater(`${until}T00:00`, 1), zone),
      after: at && id ? { at: Number(at), id } : undefined,
      clinical: seesClinical(c),
    } as CommunicationQuery
  }
  /** The filter of a form; what it lacks is not asked for. */
  const filterOf = async (c: Context<ConsoleEnv>) => v.safeParse(seesClinical(c) ? filterSchema : unclinicalSchema, (await formOf(c)) ?? {}) // prettier-ignore
  const hiddenOf = (c: Context<ConsoleEnv>, filter: Filter, page = 1, trail = ''): Record<string, string> => ({
    csrf: c.get('csrf'),
    ...Object.fromEntries(Object.entries(filter).filter((one): one is [string, string] => typeof one[1] === 'string')),
    page: String(page),
    trail,
  })

  const pageHtml = async (c: Context<ConsoleEnv>, filter: Filter, fault?: string): Promise<string> => {
    const reader = c.get('reader')
    const { menu, recent } = reader.words.console
    const { recent: words } = reader.words.desk
    const zone = await site.zone()
    const found: Communication[] = []
    let more = false
    for await (const one of site.communications(await queryOf(c, filter))) {
      if (one.hidden && filter.hidden === undefined) continue
      if (found.length === perPage) {
        more = true
        break
      }
      found.push(one)
    }
    const marks = filter.trail.split(',').filter(Boolean)
    const last = found.at(-1)
    const further = last ? [...marks, `${Date.parse(last.at)} ${last.id}`].slice(-longestTrail).join(',') : ''
    const { when, direction, patient, subject, state } = recent.columns
    const rows = await Promise.all(
      found.map(async (one): Promise<readonly Content[]> => [
        reader.instant(Date.parse(one.at), zone),
        Object.hasOwn(words.channels, one.channel) ? words.channels[one.channel as 'text'] : inEnglish(one.channel),
        Object.hasOwn(words.directions, one.direction) ? words.directions[one.direction as 'in'] : inEnglish(one.direction), // prettier-ignore
        one.patient === null ? '' : String(one.patient),
        await subjectOf(c, one),
        html`${Object.hasOwn(words.states, one.state) ? words.states[one.state as 'read'] : inEnglish(one.state)}${one.code === undefined ? nothing : html` <span class="soft">${reader.words.texts.by[one.channel === 'email' ? 'email' : 'text'].failedWith(one.code)}</span>`}${one.hidden ? html` ${badge('plain', words.hidden)}` : nothing}`, // prettier-ignore
        oneButton(one.hidden ? '/recent/show' : '/recent/hide', one.hidden ? words.show : words.hide, { csrf: c.get('csrf'), entry: one.id }), // prettier-ignore
      ]),
    )
    const isAll = Object.entries(filter).every(
      ([name, value]) => name === 'page' || name === 'trail' || value === undefined,
    )
    const main =
      rows.length > 0
        ? table(menu.recent, [when, words.channel, direction, patient, subject, state, words.actions], rows)
        : isAll
          ? empty(recent.none, recent.noneNext, 'mail')
          : empty(words.noneSo, words.noneSoNext, 'mail')
    return framed(c, site, menu.recent, '/recent', [
      fault === undefined ? nothing : notice('bad', fault),
      card(folded(words.filter, filterForm(c, filter), !isAll || fault !== undefined)),
      main,
      html`<div class="row">
        ${marks.length > 0 ? form('/recent', hiddenOf(c, filter, filter.page - 1, marks.slice(0, -1).join(',')), button(words.newer)) : nothing}
        ${filter.page > 1 || more ? html`<p class="soft">${words.page(filter.page)}</p>` : nothing}
        ${more ? form('/recent', hiddenOf(c, filter, filter.page + 1, further), button(words.older)) : nothing}
        ${rows.length > 0 && mayUse(c.get('staff'), 'POST /recent/export') ? form('/recent/export', hiddenOf(c, filter), button(words.export)) : nothing}
      </div>`,
    ])
  }
  const subjectOf = async (c: Context<ConsoleEnv>, { entry, subject, message }: Communication): Promise<Content> => {
    if (message !== undefined) return mayUse(c.get('staff'), 'GET /hl7/:message') ? html`<a href="/hl7/${message}">${subject}</a>` : subject // prettier-ignore
    if (entry === undefined) return subject
    const hrefOf = (place: number): string => links.to(c.get('csrf'), entry, place)
    return html`${subject} ${attachmentList(c.get('reader'), await listed(site.chunks, await site.attachmentsOf(entry), hrefOf))}` // prettier-ignore
  }
  const filterForm = (c: Context<ConsoleEnv>, filter: Filter): Html => {
    const { words } = c.get('reader')
    const { recent } = words.desk
    const any = { value: '', label: recent.any }
    const optional = words.frame.optional
    const pick = <T extends string>(name: 'channel' | 'direction' | 'state', some: readonly T[], of: Readonly<Record<T, string>>): Html =>
      select({ name, label: recent[name], value: filter[name] ?? '', optional: '' }, [any, ...some.map((value) => ({ value, label: of[value] }))]) // prettier-ignore
    return form('/recent', { csrf: c.get('csrf') }, [
      html`<div class="filters">
        ${field({ name: 'patient', label: recent.patient, value: filter.patient, optional, more: { inputmode: 'numeric', maxlength: 15 } })}
        ${pick('channel', seesClinical(c) ? [...channels, hl7Channel] : channels, recent.channels)}
        ${pick('direction', directions, recent.directions)} ${pick('state', communicationStates, recent.states)}
        ${field({ name: 'since', label: recent.since, value: filter.since, optional, more: { type: 'date' } })}
        ${field({ name: 'until', label: recent.until, value: filter.until, optional, more: { type: 'date' } })}
      </div>`,
      html`<label class="choice"
        ><input
          type="checkbox"
          name="hidden"
          value="yes"
          ${filter.hidden ? 'checked' : ''}
        />${recent.withHidden}</label
      >`,
      button(recent.apply, 'main'),
    ])
  }
  const patientOf = ({ patient }: Filter) => (patient === undefined ? {} : { patient })

  app.get('/recent', async (c) => {
    store.audit.noted(deedOf(c, 'viewed', { of: 'recent' }))
    return c.html(await pageHtml(c, everything))
  })
  app.post('/recent', async (c) => {
    const filter = await filterOf(c)
    if (!filter.success) return c.html(await pageHtml(c, everything, c.get('reader').words.desk.recent.wrong), 400)
    store.audit.noted(deedOf(c, 'viewed', { of: 'recent', ...patientOf(filter.output) }))
    try {
      return c.html(await pageHtml(c, filter.output))
    } catch (error) {
      // A patient who is not there, or an InSched that cannot be asked now.
      const { menu, recent } = c.get('reader').words.console
      const { noneSoNext } = c.get('reader').words.desk.recent
      return c.html(failed(c, site, { title: menu.recent, cause: inEnglish((error as Error).message), next: noneSoNext || recent.noneNext }), 404) // prettier-ignore
    }
  })
  app.post('/recent/export', async (c) => {
    const filter = await filterOf(c)
    if (!filter.success) return c.html(await pageHtml(c, everything, c.get('reader').words.desk.recent.wrong), 400)
    const rows: (string | number | null)[][] = [['at', 'channel', 'direction', 'patient', 'event', 'subject', 'state', 'code', 'hidden']] // prettier-ignore
    for await (const one of site.communications(await queryOf(c, filter.output))) {
      if (one.hidden && filter.output.hidden === undefined) continue
      rows.push([one.at, one.channel, one.direction, one.patient, one.event, one.subject, one.state, one.code ?? '', one.hidden ? 'yes' : 'no']) // prettier-ignore
      if (rows.length > mostExported) break
    }
    store.audit.record(deedOf(c, 'communications exported', { of: String(rows.length - 1), ...patientOf(filter.output) })) // prettier-ignore
    return c.body(csvOf(rows), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="recent-communications.csv"',
    })
  })
  for (const [path, did, said, change] of [
    ['/recent/hide', 'communication hidden', 'hidden', (entry: string, by: string) => site.desk.hide(entry, by)],
    ['/recent/show', 'communication shown', 'shown', (entry: string) => site.desk.show(entry)],
  ] as const)
    app.post(path, async (c) => {
      const given = v.safeParse(whichSchema, await formOf(c))
      if (!given.success || !(await site.isCommunication(given.output.entry, seesClinical(c))))
        return c.html(failed(c, site, c.get('reader').words.problems.noConsolePage), 404)
      const { entry } = given.output
      if (change(entry, c.get('staff').id)) store.audit.record(deedOf(c, did, { of: entry }))
      return c.redirect(`/recent?said=${said}`, 303)
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
