/** What holds for every rule: hours, days, limits and switches, saved whole or refused next to each field; and what a location has of its own. */
import type { Context } from 'hono'
import { html } from 'hono/html'
import { WrongTexts, type TextKey } from '../../../bridges/texts/rules.ts'
import { usualWords } from '../../../bridges/texts/own-templates.ts'
import { weekdays } from '../../../mirror/wall-clock.ts'
import { button, checks, choices, field, form } from '../../look/form.ts'
import type { Html } from '../../look/html.ts'
import { notice } from '../../look/notice.ts'
import { card, folded } from '../../look/show.ts'
import { deedOf, type ConsoleEnv, type ConsoleParts } from '../frame.ts'
import type { Places } from './rule-in-words.ts'
import { textsPaths } from './texts-frame.ts'

const numbers = ['perDay', 'perWeek', 'requestsPerDay', 'notWithinHours', 'graceMinutes', 'minorsUntilAge'] as const satisfies readonly TextKey[] // prettier-ignore
const switches = ['asksSameDay', 'remindsConfirmed', 'closestOnly', 'earlySameDay', 'groupsFamilies', 'alsoByEmail', 'welcome'] as const satisfies readonly TextKey[] // prettier-ignore
type Values = Readonly<Record<string, string>>

/** What was written and is wrong, where a form of the page was refused. */
export interface Refused { readonly given: (name: string) => string; readonly faults: Values } // prettier-ignore

/** The days of `excludedDays` as weekdays and dates. */
function daysOf(value: string): { readonly weekdays: readonly string[]; readonly dates: string } {
  const all = value.split(',').map((word) => word.trim()).filter(Boolean) // prettier-ignore
  const named = weekdays.filter((day) => all.some((word) => word.toLowerCase() === day.toLowerCase()))
  return { weekdays: named, dates: all.filter((word) => !weekdays.some((day) => day.toLowerCase() === word.toLowerCase())).join(', ') } // prettier-ignore
}
/** Hours and days of a form, as they are kept; `of` is the location, '' for every one. */
function hoursGiven(given: (name: string) => string, of: string): Values {
  const days = [...weekdays.filter((day) => given(`not on ${day}`) === 'yes'), ...given('dates').split(',').map((word) => word.trim()).filter(Boolean)] // prettier-ignore
  return { [`window${of}`]: `${given('from')}-${given('until')}`, [`excludedDays${of}`]: days.join(', ') }
}

/** What a form of these asks for, as keys and values. */
function valuesGiven(given: (name: string) => string): Values {
  const location = given('location')
  if (location !== '') {
    const of = `/${location}`
    return given('which') === 'own' ? hoursGiven(given, of) : { [`window${of}`]: usualWords, [`excludedDays${of}`]: usualWords } // prettier-ignore
  }
  return {
    ...hoursGiven(given, ''),
    practiceName: given('practiceName'),
    ...Object.fromEntries(numbers.map((key) => [key, given(key)])),
    ...Object.fromEntries(switches.map((key) => [key, given(`also ${key}`) === 'yes' ? 'on' : 'off'])),
  }
}

/** Saves what differs, all or none, each in the trail; `refused` makes the page that says what is wrong. */
export async function keepTexts(
  c: Context<ConsoleEnv>,
  { site, store }: ConsoleParts,
  given: (name: string) => string,
  refused: (faults: Values) => Promise<string>,
): Promise<Response> {
  const held = await site.texts.get()
  const was = (key: string): string => held[key] ?? usualWords
  const differs = Object.entries(valuesGiven(given)).filter(([key, value]) => was(key) !== value.trim())
  if (differs.length === 0) return c.redirect(`${textsPaths.rules}?said=same`, 303)
  try {
    for (const one of await site.texts.change(Object.fromEntries(differs)))
      store.audit.record(deedOf(c, 'preference changed', { of: [`texts ${one.key}`, one.old, one.new] }))
    return c.redirect(`${textsPaths.rules}?said=saved`, 303)
  } catch (error) {
    if (!(error instanceof WrongTexts)) throw error
    return c.html(await refused(Object.fromEntries([...error.faults].map(([key, why]) => [key, why.message]))), 400)
  }
}

export function settingsCards(c: Context<ConsoleEnv>, held: Values, places: Places, refused?: Refused): Html[] {
  const { words } = c.get('reader')
  const { settings } = words.textRules
  const isRefusedAt = (location: string): boolean => refused !== undefined && refused.given('location') === location
  /** What a card shows: what was written where it was refused, else what holds. */
  const shown = (location: string): Values => (isRefusedAt(location) ? valuesGiven(refused!.given) : held)
  const general = shown('')
  const faults = isRefusedAt('') ? refused!.faults : {}
  const faultOf = (key: TextKey): string | undefined => (faults[key] === undefined ? undefined : settings.notTaken[key])
  const above = refused === undefined ? [] : [notice('bad', words.synchronization.nothingChanged)]
  const csrf = c.get('csrf')
  return [
    ...above,
    card(
      form(textsPaths.rules, { csrf }, [
        ...hoursFields(c, general, '', faults),
        html`<fieldset>
          <legend>${settings.limits}</legend>
          <div class="filters">
            ${numbers.map((key) => field({ name: key, label: settings.names[key], value: general[key], fault: faultOf(key), more: { inputmode: 'numeric', maxlength: 3, autocomplete: 'off' } }))}
          </div>
        </fieldset>`,
        html`<div class="roomy">
          ${checks(
            { name: 'also', label: settings.switches },
            switches.map((key) => ({ value: key, label: settings.names[key], checked: general[key] === 'on' })),
          )}
        </div>`,
        html`<div class="narrow">
          ${field({ name: 'practiceName', label: settings.names.practiceName, value: general['practiceName'] ?? '', fault: faultOf('practiceName'), optional: words.frame.optional, more: { maxlength: 60, autocomplete: 'off' } })}
        </div>`,
        button(words.synchronization.save, 'main'),
      ]),
      { title: settings.title },
    ),
    ...places.locations.map(({ id, name }) => {
      const of = `/${id}`
      const own = shown(id)
      const isOwn = (own[`window${of}`] ?? own[`excludedDays${of}`] ?? usualWords) !== usualWords
      const values = { [`window${of}`]: held['window']!, [`excludedDays${of}`]: held['excludedDays']!, ...own }
      const inside = form(textsPaths.rules, { csrf, location: id }, [
        choices(
          { name: 'which', id: `which-${id}`, label: settings.which, value: isOwn || isRefusedAt(id) ? 'own' : 'all' },
          [{ value: 'all', label: settings.asAll }, { value: 'own', label: settings.itsOwn }],
        ), // prettier-ignore
        ...hoursFields(c, values, of, isRefusedAt(id) ? refused!.faults : {}),
        button(words.synchronization.save),
      ])
      return card(folded(settings.ofLocation(name), inside, isOwn || isRefusedAt(id)))
    }),
  ]
}

function hoursFields(c: Context<ConsoleEnv>, values: Values, of: string, faults: Values): Html[] {
  const { words } = c.get('reader')
  const { settings } = words.textRules
  const id = (name: string): string => `${name}${of.replace('/', '-')}`
  const [from = '', until = ''] = (values[`window${of}`] ?? '').split('-').map((time) => time.trim())
  const { weekdays: chosen, dates } = daysOf(values[`excludedDays${of}`] ?? '')
  const faultOf = (key: 'window' | 'excludedDays'): string | undefined => (faults[`${key}${of}`] === undefined ? undefined : settings.notTaken[key]) // prettier-ignore
  const wrongHours = faultOf('window')
  return [
    html`<fieldset aria-describedby="${id('hours')}-hint">
      <legend>${settings.hours}</legend>
      <p class="hint" id="${id('hours')}-hint">${settings.hoursHint}</p>
      <div class="pair">
        ${field({ name: 'from', id: id('from'), label: settings.from, value: from, fault: wrongHours, more: { type: 'time' } })}
        ${field({ name: 'until', id: id('until'), label: settings.until, value: until, more: { type: 'time', 'aria-invalid': wrongHours ? 'true' : undefined, 'aria-describedby': wrongHours ? `${id('from')}-fault` : undefined } })}
      </div>
    </fieldset>`,
    checks(
      { name: 'not on', id: id('not-on'), label: settings.names.excludedDays },
      weekdays.map((day) => ({
        value: day,
        label: words.synchronization.weekdays[day],
        checked: chosen.includes(day),
      })),
    ),
    field({ name: 'dates', id: id('dates'), label: settings.dates, hint: settings.datesHint, value: dates, fault: faultOf('excludedDays'), optional: words.frame.optional, more: { maxlength: 800, autocomplete: 'off' } }), // prettier-ignore
  ]
}
