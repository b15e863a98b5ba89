/** The events of a day: who was told, who answered, what is written into InSched and read back; and whom to call. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import { Temporal } from 'temporal-polyfill'
import * as v from 'valibot'
import type { EventOfDay } from './site-views.ts'
import { dayIn } from '../day-in.ts'
import { button, field, form } from '../look/form.ts'
import { nothing, type Content, type Html } from '../look/html.ts'
import { empty } from '../look/notice.ts'
import type { Reader } from '../look/reader.ts'
import { badge, table, tabs } from '../look/show.ts'
import { mayUse } from './privileges.ts'
import { deedOf, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'

/** The form of the message to several, whose boxes stand in the table. */
const bulkForm = 'several'

const filters = ['all', 'not-confirmed', 'wants-change', 'not-told'] as const
type Filter = (typeof filters)[number]

/** A day of the calendar. */
const isDay = (text: string): boolean => {
  try {
    return /^\d{4}-\d{2}-\d{2}$/.test(text) && Temporal.PlainDate.from(text).toString() === text
  } catch {
    // 2026-02-31 has the form of a day and is none.
    return false
  }
}
const querySchema = v.object({
  day: v.optional(v.fallback(v.optional(v.pipe(v.string(), v.check(isDay))), undefined)),
  filter: v.fallback(v.picklist(filters), 'all'),
})

const isConfirmed = ({ answer, wish, lastConfirmed }: EventOfDay): boolean => wish === null && (lastConfirmed !== null || (answer !== null && answer.state !== 'set aside')) // prettier-ignore
const passes: Readonly<Record<Filter, (one: EventOfDay) => boolean>> = {
  all: () => true,
  'not-confirmed': (one) => one.status !== 'Canceled' && !isConfirmed(one),
  'wants-change': (one) => one.wish !== null,
  'not-told': (one) => one.status !== 'Canceled' && one.reach !== 'reached',
}

export function todayPage({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  app.get('/today', async (c) => {
    const zone = await site.zone()
    const given = v.parse(querySchema, c.req.query())
    const day = given.day ?? dayIn(c.get('now'), zone)
    const { filter } = given
    store.audit.noted(deedOf(c, 'viewed', { of: ['today', day] }))
    const reader = c.get('reader')
    const { today } = reader.words.desk
    const all = await site.day(day)
    const shown = all.filter(passes[filter])
    const at = (other: string, which: Filter): string => `/today?day=${other}&filter=${which}`
    const later = (days: number): string => Temporal.PlainDate.from(day).add({ days }).toString()
    const mayWrite = mayUse(c.get('staff'), 'POST /today/write')
    const rows = shown.map((one) => rowOf(reader, one, zone, mayWrite))
    const { time, patient, told, answered, received, written, readBack, type, lastConfirmed } = today
    return c.html(
      framed(c, site, today.title(reader.day(day)), '/today', [
        html`<div class="row dayline">
          <div class="row">
            <a class="button" href="${at(later(-1), filter)}">${today.before}</a>
            <a class="button" href="${at(later(1), filter)}">${today.after}</a>
          </div>
          <form method="get" action="/today">
            <input type="hidden" name="filter" value="${filter}" />
            ${field({ name: 'day', label: today.day, value: day, more: { type: 'date' } })} ${button(today.show)}
          </form>
        </div>`,
        tabs(today.filter, filters.map((one) => ({ href: at(day, one), text: today.filters[one], here: one === filter, count: one === 'all' ? all.length : all.filter(passes[one]).length }))), // prettier-ignore
        all.length === 0
          ? empty(today.none, today.noneNext, 'calendar')
          : shown.length === 0
            ? empty(today.noneSo, today.noneSoNext, 'good')
            : html`${
                table(today.title(reader.day(day)), [time, patient, told, answered, received, written, readBack, type, lastConfirmed], rows, 'tight') // prettier-ignore
              }${mayWrite ? form('/today/write', { csrf: c.get('csrf') }, button(today.writeAll), '', bulkForm) : nothing}`,
      ]),
    )
  })
  return app
}

function rowOf(reader: Reader, one: EventOfDay, zone: string, mayWrite: boolean): readonly Content[] {
  const { today } = reader.words.desk
  const { answer, wish } = one
  const at = (instant: number | null = null): string => (instant === null ? '' : reader.short(instant, zone))
  const written = answer?.state === 'written' ? answer : undefined
  return [
    html`<a href="/events/${one.key}"
      >${reader.hour(one.startsAt)}<span class="unseen">, ${one.patient.name}</span></a
    >`,
    html`${mayWrite && one.status !== 'Canceled' ? html`<input type="checkbox" name="event ${one.key}" value="yes" form="${bulkForm}" aria-label="${today.choose(one.patient.name)}" /> ` : nothing}<strong>${one.patient.name}</strong><br /><span class="soft small">${[one.words, one.status === 'None' ? null : one.status].filter(Boolean).join(' · ')}</span>`, // prettier-ignore
    toldOf(reader, one, zone),
    wish ? html`${badge('warn', wish.kind === 'declined' ? today.declines : today.moves)} ${at(wish.at)}` : answer ? (answer.state === 'set aside' ? html`${badge('bad', today.setAside)} ${at(answer.at)}` : at(answer.at)) : '', // prettier-ignore
    at(one.receivedAt),
    at(written?.writtenAt),
    at(written?.readBackAt),
    one.confirmationType ?? '',
    one.lastConfirmed === null ? '' : badge('good', reader.shortWall(one.lastConfirmed)),
  ]
}

function toldOf(reader: Reader, { told, reach }: EventOfDay, zone: string): Html | string {
  const { today } = reader.words.desk
  if (reach !== 'reached') return badge(reach === 'no portal access' ? 'bad' : 'warn', today.reach[reach])
  if (told === null) return html`<span class="soft">${today.notTold}</span>`
  return html`${reader.short(told.at, zone)}${told.read ? html` <span class="soft">(${today.read})</span>` : ''}`
}
