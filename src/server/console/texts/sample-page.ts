/** A picture of what the rules do: a made-up appointment from its booking to after the visit, with every text on the way. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { daysLater, wallClockOf } from '../../../mirror/wall-clock.ts'
import { button, field, select } from '../../look/form.ts'
import { nothing, type Html } from '../../look/html.ts'
import type { Reader } from '../../look/reader.ts'
import { card, list, timeline, type Moment } from '../../look/show.ts'
import { deedOf, type ConsoleEnv, type ConsoleParts } from '../frame.ts'
import { reasonInWords } from '../texts-in-words.ts'
import type { Sample } from '../texts-views.ts'
import { placesOf, whyNoTypes, type Places } from './rule-in-words.ts'
import { textsFramed, textsPaths } from './texts-frame.ts'

const longestAhead = 60 * 86_400_000
const aheadAtFirst = 14
/** Chosen where the appointment is of a type that no rule names, or of no location of its own. */
const none = 'none'
const askedSchema = v.object({ day: v.pipe(v.string(), v.isoDate()), time: v.pipe(v.string(), v.regex(/^([01]\d|2[0-3]):[0-5]\d$/)) }) // prettier-ignore

/** The start that a made-up appointment has where nobody names one: nine in the morning in two weeks. */
export function usualStart(now: number, zone: string): string {
  return `${daysLater(wallClockOf(now, zone), aheadAtFirst).slice(0, 10)}T09:00`
}

export function samplePage(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { site, store } = parts
  const app = new Hono<ConsoleEnv>()
  app.get(textsPaths.sample, async (c) => {
    const reader = c.get('reader')
    const { sample: words } = reader.words.textRules
    const [zone, places, now] = [await site.zone(), await placesOf(site), c.get('now')]
    const [usualDay = '', usualTime = ''] = usualStart(now, zone).split('T')
    const asked = { day: c.req.query('day') ?? usualDay, time: c.req.query('time') ?? usualTime, location: known(c.req.query('location'), places.locations.map(({ id }) => id)), type: known(c.req.query('type'), places.types.map(({ key }) => key)) } // prettier-ignore
    const startsAt = `${asked.day}T${asked.time}`
    const isRight = v.is(askedSchema, asked) && startsAt > wallClockOf(now, zone) && startsAt <= wallClockOf(now + longestAhead, zone) // prettier-ignore
    const form = sampleForm(c, places, asked, isRight ? undefined : words.wrong)
    if (!isRight) return c.html(await textsFramed(c, parts, 'sample', [form]), 400)
    store.audit.noted(deedOf(c, 'viewed', { of: 'texts' }))
    const sample = await site.texts.sample({ startsAt, location: asked.location, type: asked.type })
    return c.html(await textsFramed(c, parts, 'sample', [whyNoTypes(reader, places), form, sampleCard(reader, sample)]))
  })
  return app
}

function known(asked: string | undefined, all: readonly string[]): string | null {
  return all.find((one) => one === asked) ?? null
}

interface Asked { readonly day: string; readonly time: string; readonly location: string | null; readonly type: string | null } // prettier-ignore
function sampleForm(
  c: Context<ConsoleEnv>,
  places: Places,
  { day, time, location, type }: Asked,
  fault?: string,
): Html {
  const { sample: words, rule } = c.get('reader').words.textRules
  const also = fault === undefined ? {} : { 'aria-invalid': 'true', 'aria-describedby': 'day-fault' }
  return card(
    html`<p class="soft">${words.how}</p>
      <form method="get" action="${textsPaths.sample}">
        <div class="filters">
          ${field({ name: 'day', label: words.day, value: day, fault, more: { type: 'date' } })}
          ${field({ name: 'time', label: words.time, value: time, more: { type: 'time', ...also } })}
          ${select({ name: 'location', label: rule.location, value: location ?? none }, [
            { value: none, label: words.anyLocation },
            ...places.locations.map(({ id, name }) => ({ value: id, label: name })),
          ])}
          ${select({ name: 'type', label: words.type, value: type ?? none }, [
            { value: none, label: words.anyType },
            ...places.types.map(({ key, name }) => ({ value: key, label: name })),
          ])}
        </div>
        ${button(words.look, 'main')}
      </form>`,
  )
}

/** From the booking to after the visit, with every text; and what does not go out, and why. */
export function sampleCard(reader: Reader, { bookedAt, starts, zone, texts, untold }: Sample): Html {
  const { sample: words } = reader.words.textRules
  const { kinds } = reader.words.texts
  const when = (at: number): string => reader.instant(at, zone)
  const sends = texts.map(({ at, rule, what, body }) => ({ at, moment: { state: 'later', title: html`<strong>${kinds[what]}</strong> (${rule})`, detail: html`${when(at)}<br /><span class="text" lang="en">${body}</span>` } as Moment })) // prettier-ignore
  const moments = [
    { at: bookedAt, moment: { state: 'done', title: words.booked, detail: when(bookedAt) } as Moment },
    ...sends,
    { at: starts, moment: { state: 'now', title: html`<strong>${words.starts}</strong>`, detail: when(starts) } as Moment }, // prettier-ignore
  ].toSorted((a, b) => a.at - b.at)
  return card(
    [
      timeline(moments.map(({ moment }) => moment)),
      untold.length === 0
        ? nothing
        : html`<h3>${words.not}</h3>
            ${list(untold.map(({ rule, what, ...why }) => html`<strong>${kinds[what]}</strong> (${rule}): ${reasonInWords(reader.words, why)}`))}`,
    ],
    { title: words.title },
  )
}
