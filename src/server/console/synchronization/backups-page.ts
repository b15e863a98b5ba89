/** When the site lets go of InSched's database for backups: the windows of the week, and a backup that is begun and ended by hand. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import { windowText } from '../../../mirror/preferences.ts'
import type { WeeklyWindow } from '../../../mirror/backup-windows.ts'
import { weekdays } from '../../../mirror/wall-clock.ts'
import { button, field, form, oneButton, select } from '../../look/form.ts'
import { inEnglish, type Html } from '../../look/html.ts'
import { empty } from '../../look/notice.ts'
import { card, facts, table } from '../../look/show.ts'
import { deedOf, failed, type ConsoleEnv, type ConsoleParts } from '../frame.ts'
import { refusedNotice, saved, synchronizationFramed, textsOf, type Faults } from './synchronization-frame.ts'

const path = '/synchronization/backups'

/** What was written, and what is wrong with it. */
interface Written {
  readonly faults?: Faults & { readonly byHand?: string }
  readonly added?: { readonly day: string; readonly start: string; readonly minutes: string }
  readonly longest?: string
  readonly minutes?: string
}

export function backupsPage(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { site, store } = parts
  const app = new Hono<ConsoleEnv>()
  const inOrder = (): WeeklyWindow[] =>
    site.preferences
      .values()
      .backup.windows.toSorted(
        (a, b) => weekdays.indexOf(a.day) - weekdays.indexOf(b.day) || (a.start < b.start ? -1 : 1),
      )

  const pageHtml = async (c: Context<ConsoleEnv>, written: Written = {}): Promise<string> => {
    const reader = c.get('reader')
    const { synchronization: words } = reader.words
    const { backups } = words
    const { faults = {} } = written
    const zone = await site.zone()
    const { until, next, open } = site.backup.status()
    const at = (iso: string): string => reader.instant(Date.parse(iso), zone)
    const csrf = c.get('csrf')
    const windows = inOrder()
    const inWords = ({ day, start, minutes }: WeeklyWindow): string => `${words.weekdays[day]} ${reader.hour(`2024-01-01T${start}`)}, ${words.minutes(minutes)}` // prettier-ignore
    return synchronizationFramed(c, parts, 'backups', [
      refusedNotice(c, faults) as Html,
      card(
        [
          html`<p class="soft">${backups.how}</p>
            <p class="soft">${words.timing.zone(zone)}</p>`,
          facts([
            [
              backups.now,
              until !== null ? backups.disconnected(at(until)) : open ? backups.connected : backups.notOpen,
            ],
            [backups.next, next === null ? words.none : at(next)],
          ]),
        ],
        { lead: true },
      ),
      html`<h2>${backups.windows}</h2>`,
      windows.length === 0
        ? empty(backups.noWindow, backups.noWindowNext, 'calendar')
        : table(
            backups.windows,
            [backups.day, backups.start, backups.length, backups.remove],
            windows.map((window) => [
              words.weekdays[window.day],
              reader.hour(`2024-01-01T${window.start}`),
              words.minutes(window.minutes),
              form(`${path}/remove`, { csrf, window: windowText(window) }, html`<button class="danger">${backups.remove}<span class="unseen">: ${inWords(window)}</span></button>`), // prettier-ignore
            ]),
          ),
      card(addForm(c, written), { title: backups.add }),
      card(
        html`<div class="narrow">
          ${form(`${path}/longest`, { csrf }, [
            field({ name: 'longest', label: backups.longest, hint: backups.longestHint, value: written.longest ?? site.preferences.get()['backup.mostMinutes'], fault: faults['backup.mostMinutes'], more: { inputmode: 'numeric', maxlength: 6, autocomplete: 'off' } }), // prettier-ignore
            button(words.save, 'main'),
          ])}
        </div>`,
      ),
      card(
        until === null
          ? html`<p class="soft">${backups.byHandHow}</p>
              <div class="narrow">
                ${form(`${path}/begin`, { csrf }, [
                  field({ name: 'minutes', id: 'by-hand', label: backups.lengthMinutes, value: written.minutes ?? String(Math.min(60, site.preferences.values().backup.mostMinutes)), fault: faults.byHand, more: { inputmode: 'numeric', maxlength: 6, autocomplete: 'off' } }), // prettier-ignore
                  button(backups.begin, 'danger'),
                ])}
              </div>`
          : oneButton(`${path}/end`, backups.end, { csrf }, 'main'),
        { title: backups.byHand },
      ),
    ])
  }

  app.get(path, (c) => {
    store.audit.noted(deedOf(c, 'viewed', { of: 'backups' }))
    return c.html(pageHtml(c))
  })
  app.post(`${path}/add`, async (c) => {
    const given = await textsOf(c)
    const added = { day: given('day'), start: given('start'), minutes: given('minutes') }
    const texts = inOrder().map(windowText)
    // Nothing written is no window, rather than none.
    const window = [added.day, added.start, added.minutes].map((part) => part.trim() || '?').join(' ')
    const next = [...texts, window].join(', ')
    return saved(c, parts, { 'backup.windows': next }, 'backups', (faults) => pageHtml(c, { faults, added }))
  })
  app.post(`${path}/remove`, async (c) => {
    const window = (await textsOf(c))('window')
    const left = inOrder().map(windowText).filter((one) => one !== window) // prettier-ignore
    return saved(c, parts, { 'backup.windows': left.join(', ') || 'none' }, 'backups', (faults) => pageHtml(c, { faults })) // prettier-ignore
  })
  app.post(`${path}/longest`, async (c) => {
    const longest = (await textsOf(c))('longest')
    return saved(c, parts, { 'backup.mostMinutes': longest }, 'backups', (faults) => pageHtml(c, { faults, longest }))
  })
  app.post(`${path}/begin`, async (c) => {
    const minutes = (await textsOf(c))('minutes').trim()
    const most = site.preferences.values().backup.mostMinutes
    if (!/^\d{1,4}$/.test(minutes) || Number(minutes) < 1 || Number(minutes) > most)
      return c.html(await pageHtml(c, { minutes, faults: { byHand: c.get('reader').words.synchronization.backups.wrongMinutes(most) } }), 400) // prettier-ignore
    await site.backup.begin(Number(minutes))
    store.audit.record(deedOf(c, 'backup begun', { of: minutes }))
    return c.redirect(`${path}?said=begun`, 303)
  })
  app.post(`${path}/end`, async (c) => {
    const { backups } = c.get('reader').words.synchronization
    if (site.backup.status().until === null)
      return c.html(await pageHtml(c, { faults: { byHand: backups.notOn } }), 409)
    try {
      await site.backup.end()
    } catch (error) {
      return c.html(failed(c, site, { title: backups.byHand, cause: inEnglish((error as Error).message), next: backups.how }), 409) // prettier-ignore
    }
    store.audit.record(deedOf(c, 'backup ended'))
    return c.redirect(`${path}?said=ended`, 303)
  })
  return app
}

function addForm(c: Context<ConsoleEnv>, { added, faults = {} }: Written): Html {
  const { synchronization: words } = c.get('reader').words
  const { backups } = words
  const fault = faults['backup.windows']
  return form(`${path}/add`, { csrf: c.get('csrf') }, [
    html`<div class="pair">
      ${select(
        { name: 'day', label: backups.day, value: added?.day },
        weekdays.map((value) => ({ value, label: words.weekdays[value] })),
      )}
      ${field({ name: 'start', label: backups.start, value: added?.start ?? '02:00', more: { type: 'time' } })}
    </div>`,
    html`<div class="narrow">
      ${field({ name: 'minutes', label: backups.lengthMinutes, hint: backups.lengthHint, value: added?.minutes ?? '60', fault, more: { inputmode: 'numeric', maxlength: 6, autocomplete: 'off' } })}
    </div>`,
    button(backups.addButton, 'main'),
  ])
}
