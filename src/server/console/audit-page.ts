/** The reader of the audit trail: who did or saw what, when, of which patient; whether the chain is whole. Reading it stands in it. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import { daysLater, instantOf } from '../../mirror/wall-clock.ts'
import { deeds } from '../audit-sqlite.ts'
import { button, field, form, select } from '../look/form.ts'
import { inEnglish, nothing, type Html } from '../look/html.ts'
import { empty, notice } from '../look/notice.ts'
import { card, folded, table } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { deedOf, framed, nameOfUser, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import { orEmpty } from './form-fields.ts'

const machine = 'command line'
const day = v.pipe(v.string(), v.trim(), v.isoDate())
const filterSchema = v.object({
  by: orEmpty(v.union([v.literal(machine), ulidSchema])),
  patient: orEmpty(v.pipe(v.string(), v.trim(), v.regex(/^\d{1,15}$/))),
  did: orEmpty(v.picklist(deeds)),
  since: orEmpty(day),
  until: orEmpty(day),
  before: orEmpty(v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.toNumber())),
})
type Filter = v.InferOutput<typeof filterSchema>

const perPage = 50

export function auditPage({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  const { audit } = store

  const pageHtml = async (c: Context<ConsoleEnv>, filter: Filter, fault?: string): Promise<string> => {
    const reader = c.get('reader')
    const { words } = reader
    const zone = await site.zone()
    const { by, patient, did, since, until, before } = filter
    const found = audit.search({
      by,
      patient,
      did,
      before: before as number | undefined,
      since: since && instantOf(`${since}T00:00`, zone),
      until: until && instantOf(daysLater(`${until}T00:00`, 1), zone),
      limit: perPage + 1,
    } as Parameters<typeof audit.search>[0])
    const shown = found.slice(0, perPage)
    const more = found.length > perPage
    const { rows, brokenAt } = audit.verify()
    const text = words.desk.audit
    const isAll = Object.values(filter).every((value) => value === undefined)
    const kept = Object.fromEntries(Object.entries({ by, patient, did, since, until }).filter((one): one is [string, string] => one[1] !== undefined)) // prettier-ignore
    return framed(c, site, text.title, '/audit', [
      fault === undefined ? nothing : notice('bad', fault),
      brokenAt === null ? notice('good', text.whole(rows)) : notice('bad', text.broken(brokenAt), html`<p>${text.brokenNext}</p>`), // prettier-ignore
      card(folded(words.desk.recent.filter, filterForm(c, filter), !isAll || fault !== undefined)),
      shown.length === 0
        ? empty(text.none, text.noneNext)
        : table(
            text.title,
            [text.number, text.when, text.who, text.what, text.patient, text.about],
            shown.map(({ number, at, event }) => [
              String(number),
              reader.short(at, zone),
              event.by === undefined ? text.nobody : nameOfUser(c, store, event.by),
              inEnglish(event.did),
              event.patient ?? '',
              event.of === undefined ? '' : inEnglish([event.of].flat().map((one) => store.staff(one)?.name ?? one).join(', ')), // prettier-ignore
            ]),
            'tight',
          ),
      html`<div class="row">
        ${before === undefined ? nothing : form('/audit', { csrf: c.get('csrf'), ...kept }, button(text.newest))}
        ${more ? form('/audit', { csrf: c.get('csrf'), ...kept, before: String(shown.at(-1)!.number) }, button(text.older)) : nothing}
      </div>`,
    ])
  }
  const filterForm = (c: Context<ConsoleEnv>, { by, patient, did, since, until }: Filter): Html => {
    const { words } = c.get('reader')
    const text = words.desk.audit
    const optional = words.frame.optional
    const users = [{ value: '', label: text.anyUser }, { value: machine, label: text.machine }, ...store.all().map(({ id, name }) => ({ value: id, label: name }))] // prettier-ignore
    return form('/audit', { csrf: c.get('csrf') }, [
      html`<div class="filters">
        ${select({ name: 'by', label: text.user, value: by ?? '', optional: '' }, users)}
        ${field({ name: 'patient', label: text.patient, value: patient, optional, more: { inputmode: 'numeric', maxlength: 15 } })}
        ${select({ name: 'did', label: text.did, value: did ?? '', optional: '' }, [{ value: '', label: text.anything }, ...deeds.map((value) => ({ value, label: value }))])}
        ${field({ name: 'since', label: text.since, value: since, optional, more: { type: 'date' } })}
        ${field({ name: 'until', label: text.until, value: until, optional, more: { type: 'date' } })}
      </div>`,
      button(words.desk.recent.apply, 'main'),
    ])
  }

  app.get('/audit', async (c) => {
    audit.record(deedOf(c, 'viewed', { of: 'audit' }))
    return c.html(await pageHtml(c, v.parse(filterSchema, {})))
  })
  app.post('/audit', async (c) => {
    const filter = v.safeParse(filterSchema, (await formOf(c)) ?? {})
    if (!filter.success) return c.html(await pageHtml(c, v.parse(filterSchema, {}), c.get('reader').words.desk.recent.wrong), 400) // prettier-ignore
    const { patient, by, did } = filter.output
    audit.record(deedOf(c, 'viewed', { of: ['audit', ...[by, did].filter((one) => one !== undefined)], ...(patient === undefined ? {} : { patient }) })) // prettier-ignore
    return c.html(await pageHtml(c, filter.output))
  })
  return app
}
