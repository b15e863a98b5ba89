/** When the site synchronizes: continuously, every so many minutes or by hand, on which days, outside which hours; and what comes next. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import type { PreferenceKey } from '../../../mirror/preferences.ts'
import type { Coming } from '../../../mirror/runs.ts'
import { weekdays } from '../../../mirror/wall-clock.ts'
import { button, checks, choices, field, form } from '../../look/form.ts'
import { type Html } from '../../look/html.ts'
import type { Reader } from '../../look/reader.ts'
import { card } from '../../look/show.ts'
import { deedOf, type ConsoleEnv, type ConsoleParts } from '../frame.ts'
import { refusedNotice, saved, synchronizationFramed, textsOf, type Faults } from './synchronization-frame.ts'

type Texts = Readonly<Partial<Record<PreferenceKey, string>>>
const modes = ['continuous', 'interval', 'by hand'] as const
const [from, until] = ['quiet from', 'quiet until']

export function timingPage(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { site, store } = parts
  const app = new Hono<ConsoleEnv>()
  const pageHtml = async (c: Context<ConsoleEnv>, texts: Texts, faults: Faults = {}): Promise<string> => {
    const reader = c.get('reader')
    const { timing } = reader.words.synchronization
    const zone = await site.zone()
    return synchronizationFramed(c, parts, 'timing', [
      refusedNotice(c, faults) as Html,
      card(
        [
          html`<p class="when" role="status">
            ${comingInWords(reader, site.coming(), zone, c.get('now')).map((line) => html`${line} `)}
          </p>`,
          html`<p class="soft">${timing.zone(zone)}</p>`,
        ],
        { lead: true, eyebrow: timing.next },
      ),
      card(timingForm(c, texts, faults)),
    ])
  }

  app.get('/synchronization', (c) => {
    store.audit.noted(deedOf(c, 'viewed', { of: 'synchronization' }))
    return c.html(pageHtml(c, site.preferences.get()))
  })
  app.post('/synchronization', async (c) => {
    const given = await textsOf(c)
    const days = (key: PreferenceKey): string => weekdays.filter((day) => given(`${key} ${day}`) === 'yes').join(', ') || 'none' // prettier-ignore
    const held = site.preferences.get()
    const same = (key: PreferenceKey, text: string): string => (isSameDays(held[key] ?? '', text) ? held[key]! : text)
    const texts: Texts = {
      'timing.mode': given('timing.mode'),
      'timing.everyMinutes': given('timing.everyMinutes'),
      'timing.days': same('timing.days', days('timing.days')),
      'timing.quietHours': given(from) + given(until) === '' ? 'none' : `${given(from)}-${given(until)}`,
      'timing.fastLane': given('timing.fastLane yes') === 'yes' ? 'on' : 'off',
      'timing.fullSyncDays': same('timing.fullSyncDays', days('timing.fullSyncDays')),
      'timing.fullSyncAt': given('timing.fullSyncAt'),
    }
    return saved(c, parts, texts, 'timing', (faults) => pageHtml(c, texts, faults))
  })
  return app
}

/** The days that a text names; people may have written them short. */
function daysOf(text = ''): readonly string[] {
  if (/^every day$/i.test(text)) return weekdays
  const named = text.split(',').map((part) => part.trim().toLowerCase())
  return weekdays.filter((day) => named.some((name) => name.length >= 2 && day.toLowerCase().startsWith(name)))
}
function isSameDays(a: string, b: string): boolean {
  return daysOf(a).join() === daysOf(b).join()
}

function timingForm(c: Context<ConsoleEnv>, texts: Texts, faults: Faults): Html {
  const { words } = c.get('reader')
  const { timing, weekdays: dayNames } = words.synchronization
  const optional = words.frame.optional
  const daysField = (key: 'timing.days' | 'timing.fullSyncDays', label: string, hint?: string): Html =>
    checks(
      { name: key, label, fault: faults[key], ...(hint === undefined ? {} : { hint }) },
      weekdays.map((day) => ({ value: day, label: dayNames[day], checked: daysOf(texts[key]).includes(day) })),
    )
  const [quietFrom = '', quietUntil = ''] = /^none$/i.test(texts['timing.quietHours'] ?? '') ? [] : (texts['timing.quietHours'] ?? '').split('-').map((time) => time.trim()) // prettier-ignore
  const quietFault = faults['timing.quietHours']
  return form('/synchronization', { csrf: c.get('csrf') }, [
    choices(
      { name: 'timing.mode', label: timing.mode, value: texts['timing.mode'], fault: faults['timing.mode'] },
      modes.map((value) => ({ value, label: timing.modes[value] })),
    ),
    html`<div class="narrow">
      ${field({ name: 'timing.everyMinutes', label: timing.everyMinutes, hint: timing.everyMinutesHint, value: texts['timing.everyMinutes'], fault: faults['timing.everyMinutes'], more: { inputmode: 'numeric', maxlength: 6, autocomplete: 'off' } })}
    </div>`,
    daysField('timing.days', timing.days),
    html`<fieldset aria-describedby="quiet-hint">
      <legend>${timing.quiet}</legend>
      <p class="hint" id="quiet-hint">${timing.quietHint}</p>
      <div class="pair">
        ${field({ name: from!, id: 'quiet-from', label: timing.from, value: quietFrom, fault: quietFault, optional, more: { type: 'time' } })}
        ${field({ name: until!, id: 'quiet-until', label: timing.until, value: quietUntil, optional, more: { type: 'time', 'aria-invalid': quietFault ? 'true' : undefined, 'aria-describedby': quietFault ? 'quiet-from-fault' : undefined } })}
      </div>
    </fieldset>`,
    html`<div class="roomy">
      ${checks({ name: 'timing.fastLane', label: timing.fastLane, fault: faults['timing.fastLane'] }, [{ value: 'yes', label: timing.fastLaneHow, checked: texts['timing.fastLane'] === 'on' }])}
    </div>`,
    html`<h2>${timing.full1}</h2>`,
    daysField('timing.fullSyncDays', timing.fullDays, timing.fullHint),
    html`<div class="narrow">
      ${field({ name: 'timing.fullSyncAt', label: timing.fullAt, value: texts['timing.fullSyncAt'], fault: faults['timing.fullSyncAt'], more: { type: 'time' } })}
    </div>`,
    button(words.synchronization.save, 'main'),
  ])
}

/** What comes next, in the reader's language. */
function comingInWords(reader: Reader, { mode, run, full }: Coming, zone: string, now: number): string[] {
  const { timing } = reader.words.synchronization
  if (mode === 'by hand') return [timing.byHand]
  const at = (moment: number): string => reader.instant(moment, zone)
  const first = (): string => {
    if (run === null) return timing.never
    if (mode === 'continuous') return run <= now ? timing.continuous : timing.continuousFrom(at(run))
    return run <= now ? timing.runNow : timing.run(at(run))
  }
  return [first(), ...(full === null ? [] : [timing.full(at(Math.max(full, now)))])]
}
