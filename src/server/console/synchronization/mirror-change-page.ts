/** A change of what leaves of one collection: its form, then what it would erase and begin and what would leave of a real patient, and only then the change. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import { choosable, leavingFields } from '../../../mirror/leaving-fields.ts'
import { isNarrowed, longest, textOf, waysOf, WrongSetting, type MirrorTexts } from '../../../mirror/mirror-settings.ts'
import { coverages, isSent } from '../../../mirror/policy.ts'
import { button, checks, choices, field, form } from '../../look/form.ts'
import { inEnglish, nothing, type Content, type Html } from '../../look/html.ts'
import { notice } from '../../look/notice.ts'
import type { Reader } from '../../look/reader.ts'
import { card, table } from '../../look/show.ts'
import { deedOf, failed, type ConsoleEnv, type ConsoleParts } from '../frame.ts'
import type { ConsoleSite, MirrorChange, MirrorEffect } from '../console-site.ts'
import { countsInWords, fieldInWords, groupsOf, isCovered, keysOf, mirrorParts, neededInWords, settingInWords, valueInWords, type MirrorPart } from '../../mirror-words.ts' // prettier-ignore
import { differencesTable, patientField, patientNumber } from './preview-page.ts'
import { changesIn, writtenIn } from '../../mirror-forms.ts'
import { refusedNotice, synchronizationFramed, textsOf } from './synchronization-frame.ts'

const path = '/synchronization/mirror'

/** The fields of a form that say the same again. */
function hiddenOf(part: MirrorPart, given: (name: string) => string): Readonly<Record<string, string>> {
  const names = [
    ...keysOf(part).filter((key) => !key.endsWith('.fields')),
    ...groupsOf(part).flatMap((group) => choosable(group).map((name) => `${group}.fields ${name}`)),
  ]
  return Object.fromEntries(names.flatMap((name) => (given(name) === '' ? [] : [[name, given(name)]])))
}

function changesOf({ mirror }: ConsoleSite, written: MirrorTexts): MirrorChange[] {
  const { own } = mirror.standing()
  return changesIn(written, (key) => textOf(own, key))
}

export function mirrorChangePages(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { site, store } = parts
  const app = new Hono<ConsoleEnv>()
  const partOf = (c: Context<ConsoleEnv>): MirrorPart | undefined => mirrorParts.find((one) => one === c.req.param('part')) // prettier-ignore
  const unknown = (c: Context<ConsoleEnv>) => c.html(failed(c, site, c.get('reader').words.synchronization.mirror.unknown), 404) // prettier-ignore

  const formPage = (
    c: Context<ConsoleEnv>,
    part: MirrorPart,
    written: Readonly<Record<string, string>>,
    faults: Readonly<Record<string, Content>> = {},
  ): Promise<string> => {
    const { mirror } = c.get('reader').words.synchronization
    return synchronizationFramed(c, parts, 'mirror', [
      refusedNotice(c, faults) as Html,
      card(
        form(`${path}/${part}`, { csrf: c.get('csrf') }, [
          ...settingsHtml(c.get('reader'), part, { written, faults, ...site.mirror.standing() }),
          html`<div class="row">
            ${button(mirror.preview, 'main')} <a class="button" href="${path}">${mirror.back}</a>
          </div>`,
        ]),
        { title: mirror.collections[part] },
      ),
    ])
  }
  const refused = async (c: Context<ConsoleEnv>, part: MirrorPart, written: Readonly<Record<string, string>>, error: unknown) => {
    if (!(error instanceof WrongSetting)) throw error
    const { mirror } = c.get('reader').words.synchronization
    const days = error.key === 'events.daysAhead' ? longest.daysAhead : error.key === 'events.daysPast' ? longest.daysPast : undefined
    const fault = days === undefined ? inEnglish(error.message) : mirror.wrongDays(days)
    return c.html(await formPage(c, part, written, { [error.key]: fault }), 400)
  } // prettier-ignore

  app.get(`${path}/:part`, (c) => {
    const part = partOf(c)
    if (!part) return unknown(c)
    store.audit.noted(deedOf(c, 'viewed', { of: ['mirror', part] }))
    const { own } = site.mirror.standing()
    return c.html(formPage(c, part, Object.fromEntries(keysOf(part).map((key) => [key, textOf(own, key)]))))
  })

  app.post(`${path}/:part`, async (c) => {
    const part = partOf(c)
    if (!part) return unknown(c)
    const given = await textsOf(c)
    const written = writtenIn(part, given)
    const changes = changesOf(site, written)
    if (changes.length === 0) return c.redirect(`${path}?said=same`, 303)
    try {
      const effect = await site.mirror.effect(changes)
      return c.html(await askPage(c, part, { effect, changes, given }))
    } catch (error) {
      return refused(c, part, written, error)
    }
  })

  const askPage = async (
    c: Context<ConsoleEnv>,
    part: MirrorPart,
    asked: { effect: MirrorEffect; changes: readonly MirrorChange[]; given: (name: string) => string },
  ): Promise<string> => {
    const reader = c.get('reader')
    const { change, mirror } = reader.words.synchronization
    const { effect, changes, given } = asked
    const hidden = { csrf: c.get('csrf'), ...hiddenOf(part, given) }
    const erases = Object.keys(effect.erased).length > 0 || effect.withoutFields > 0
    return synchronizationFramed(c, parts, 'mirror', [
      card(
        [
          table(
            change.title(mirror.collections[part]),
            [change.setting, change.was, change.becomes],
            effect.changed.map(({ key, old, new: next }) => [settingInWords(reader, key), valueInWords(reader, key, old), valueInWords(reader, key, next)]), // prettier-ignore
          ),
          ...effectHtml(reader, site, effect),
          html`<p class="soft">${change.notYet}</p>`,
          form(`${path}/${part}/set`, hidden, html`<div class="row">
            ${button(erases ? change.makeErasing : change.make, erases ? 'danger' : 'main')}
            <a class="button" href="${path}/${part}">${change.no}</a>
          </div>`), // prettier-ignore
        ],
        { title: change.title(mirror.collections[part]), lead: true },
      ),
      ...(await sampleHtml(c, changes, given('patient'))),
      card(
        form(`${path}/${part}`, hidden, [
          html`<div class="narrow">${patientField(reader, given('patient'))}</div>`,
          button(change.another),
        ]),
      ),
    ])
  }
  /** What would leave of a real patient, now and then; or why that cannot be looked up. */
  const sampleHtml = async (c: Context<ConsoleEnv>, changes: readonly MirrorChange[], patient: string): Promise<Html[]> => {
    const reader = c.get('reader')
    const { preview, change } = reader.words.synchronization
    const number = patientNumber(patient)
    if (number === null) return [notice('bad', preview.wrongPatient)]
    try {
      const sample = await site.mirror.sample(number, changes)
      store.audit.record(deedOf(c, 'mirror previewed', { patient: String(sample.patient) }))
      return [html`<h2>${change.of(sample.patient)}</h2>`, differencesTable(reader, sample)]
    } catch (error) {
      // Whether InSched can be asked now or not: what the change would do is said above.
      return [notice('warn', inEnglish((error as Error).message))]
    }
  } // prettier-ignore

  app.post(`${path}/:part/set`, async (c) => {
    const part = partOf(c)
    if (!part) return unknown(c)
    const written = writtenIn(part, await textsOf(c))
    const changes = changesOf(site, written)
    if (changes.length === 0) return c.redirect(`${path}?said=same`, 303)
    try {
      const { changed } = await site.mirror.change(changes)
      for (const one of changed) store.audit.record(deedOf(c, 'mirror changed', { of: [one.key, one.old, one.new] }))
      return c.redirect(`${path}?said=mirrored`, 303)
    } catch (error) {
      return refused(c, part, written, error)
    }
  })
  return app
}

/** What a change would erase, begin and stop, in sentences. */
function effectHtml(reader: Reader, site: ConsoleSite, effect: MirrorEffect): Html[] {
  const { change, mirror } = reader.words.synchronization
  const erased = countsInWords(reader, effect.erased)
  const begins = countsInWords(reader, effect.begins)
  const { settings } = site.mirror.standing()
  const stops = mirrorParts.filter((one) => isSent(settings, one, 'up') && !isSent(effect.settings, one, 'up'))
  return [
    erased ? notice('warn', change.erases(erased.all, erased.each)) : nothing,
    erased || effect.withoutFields > 0 ? nothing : html`<p>${change.erasesNothing}</p>`,
    effect.withoutFields > 0 ? notice('warn', change.withoutFields(effect.withoutFields)) : nothing,
    stops.length > 0 ? html`<p>${change.stops(stops.map((one) => mirror.collections[one]).join(', '))}</p>` : nothing,
    begins ? html`<p>${change.begins(begins.all, begins.each)}</p>` : nothing,
  ]
}

type Standing = ReturnType<ConsoleSite['mirror']['standing']>
interface Shown extends Standing { readonly written: Readonly<Record<string, string>>; readonly faults: Readonly<Record<string, Content>> } // prettier-ignore

function settingsHtml(reader: Reader, part: MirrorPart, { written, faults, own, portals, settings }: Shown): Html[] {
  const { mirror } = reader.words.synchronization
  const portal = (key: string): Html => isNarrowed(key, own, portals) ? notice('info', html`${mirror.portalSays(valueInWords(reader, key, portals[key]!))} ${mirror.narrowedBy}`) : nothing // prettier-ignore
  const days = (which: 'daysAhead' | 'daysPast', label: string, hint: string): Html => {
    const key = `events.${which}`
    return html`<div class="narrow">
        ${field({ name: key, label, hint, value: written[key], fault: faults[key], more: { inputmode: 'numeric', maxlength: 5, autocomplete: 'off' } })}
      </div>
      ${portal(key)}`
  }
  return [
    ...(isCovered(part)
      ? [
          choices(
            { name: `${part}.direction`, label: mirror.direction, value: written[`${part}.direction`], fault: faults[`${part}.direction`] },
            waysOf(part).map((value) => ({ value, label: mirror.ways[value] })),
          ),
          portal(`${part}.direction`),
          choices(
            { name: `${part}.patients`, label: mirror.whom, value: written[`${part}.patients`], fault: faults[`${part}.patients`] },
            coverages.map((value) => ({ value, label: mirror.coverages[value] })),
          ),
          portal(`${part}.patients`),
        ]
      : []),
    ...(part === 'events'
      ? [days('daysAhead', mirror.daysAhead, mirror.daysAheadHint), days('daysPast', mirror.daysPast, mirror.daysPastHint)]
      : []),
    ...groupsOf(part).map((group) => {
      const key = `${group}.fields`
      const text = written[key] ?? 'all'
      const leave = text === 'all' ? choosable(group) : text.split(', ')
      return html`<div class="roomy">
          ${checks(
            { name: key, label: group === 'stages' ? mirror.stages : mirror.whichFields, fault: faults[key] },
            Object.entries(leavingFields[group]).map(([name, sensitivity]) => {
              const why = neededInWords(reader, group, name)
              const isHeld = settings.withheld[group].includes(name) && leave.includes(name)
              return {
                value: name,
                checked: why !== undefined || leave.includes(name),
                locked: why !== undefined,
                label: html`${fieldInWords(reader, group, name)} <span class="soft small">· ${mirror.sensitivities[sensitivity]}</span>${why ? html`<br /><span class="soft small">${why}</span>` : isHeld ? html`<br /><span class="soft small">${mirror.narrowedBy}</span>` : nothing}`,
              }
            }),
          )}
        </div>
        ${portal(key)}`
    }),
  ]
} // prettier-ignore
