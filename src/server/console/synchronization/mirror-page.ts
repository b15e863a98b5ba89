/** What leaves the practice: each collection with its direction, the patients that it covers and its fields, what the portal has narrowed, and what it has erased. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import { leavingFields, type FieldGroup } from '../../../mirror/leaving-fields.ts'
import { isNarrowed, textOf, type MirrorTexts, type Way } from '../../../mirror/mirror-settings.ts'
import {
  needs,
  offBecause,
  type Coverage,
  type MirrorSettings,
  type SettableCollection,
} from '../../../mirror/policy.ts'
import { inEnglish, nothing, type Content, type Html } from '../../look/html.ts'
import { notice } from '../../look/notice.ts'
import type { Reader } from '../../look/reader.ts'
import { badge, card, facts, folded, table } from '../../look/show.ts'
import { deedOf, nameOfUser, type ConsoleEnv, type ConsoleParts } from '../frame.ts'
import { collectionInWords, fieldInWords, groupsOf, isCovered, mirrorParts, neededInWords, valueInWords, type MirrorPart } from '../../mirror-words.ts' // prettier-ignore
import { sharingCards } from './sharing-page.ts'
import { synchronizationFramed } from './synchronization-frame.ts'

interface Standing { readonly own: MirrorTexts; readonly portals: MirrorTexts; readonly settings: MirrorSettings } // prettier-ignore

export function mirrorPage(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { site, store } = parts
  const app = new Hono<ConsoleEnv>()
  app.get('/synchronization/mirror', async (c) => {
    store.audit.noted(deedOf(c, 'viewed', { of: 'mirror' }))
    const reader = c.get('reader')
    const { mirror } = reader.words.synchronization
    const standing = site.mirror.standing()
    const { receipts, erasing, problem, sites } = await site.mirror.show()
    const isContested = (await site.reviews()).items.some(({ kind }) => kind === 'mirror conflict')
    const narrowed = Object.keys(standing.portals).some((key) => isNarrowed(key, standing.own, standing.portals))
    const { collection, direction, whom, leave, change } = mirror.columns
    return c.html(
      synchronizationFramed(c, parts, 'mirror', [
        html`<p>${mirror.how}</p>`,
        problem === null ? nothing : notice('warn', inEnglish(problem)),
        isContested ? notice('warn', mirror.conflict, html`<p><a href="/reviews">${mirror.toReviews}</a></p>`) : nothing, // prettier-ignore
        narrowed ? notice('info', mirror.narrowedSome) : nothing,
        table(
          reader.words.synchronization.parts.mirror,
          [collection, direction, whom, leave, change],
          mirrorParts.map((part) => rowOf(reader, part, standing)),
        ),
        html`<p class="soft">${lastChange(c, await site.zone())}</p>`,
        ...(Object.keys(leavingFields) as FieldGroup[]).map((group) => card(folded(group === 'stages' ? mirror.stages : mirror.fieldsThatLeave(collectionInWords(reader, group)), fieldsTable(reader, group, standing)))), // prettier-ignore
        card(received(reader, receipts, erasing), { title: mirror.receipts }),
        ...(await sharingCards(c, parts, sites)),
        html`<p class="soft">${mirror.always}</p>
          <p class="soft">${mirror.never}</p>
          <p class="soft">${mirror.portalRule}</p>`,
      ]),
    )
  })
  const lastChange = (c: Context<ConsoleEnv>, zone: string): string => {
    const reader = c.get('reader')
    const { mirror } = reader.words.synchronization
    const [last] = store.audit.search({ did: 'mirror changed', limit: 1 })
    if (!last) return mirror.noChange
    return mirror.lastChange(nameOfUser(c, store, last.event.by ?? ''), reader.instant(last.at, zone))
  }
  return app
}

function rowOf(reader: Reader, part: MirrorPart, { own, portals, settings }: Standing): readonly Content[] {
  const { mirror } = reader.words.synchronization
  const name = mirror.collections[part]
  const needed = needs[part]
  const groups = groupsOf(part)
  const narrowedTo = (key: string): Html =>
    isNarrowed(key, own, portals)
      ? html`<br />${badge('warn', mirror.narrowedTo(valueInWords(reader, key, portals[key]!)))}`
      : nothing
  const off = offFor(settings, part)
  const [all, held] = groups.reduce(
    ([sum, less], group) => [sum + Object.keys(leavingFields[group]).length, less + settings.withheld[group].length],
    [0, 0],
  )
  return [
    html`<strong>${name}</strong>${needed ? html`<br /><span class="soft small">${mirror.needs(mirror.collections[needed])}</span>` : nothing}`,
    isCovered(part)
      ? html`${wayHtml(reader, textOf(own, `${part}.direction`) as Way)}${narrowedTo(`${part}.direction`)}
        ${off && off !== part ? html`<br />${badge('warn', mirror.offFor(mirror.collections[off]))}` : nothing}`
      : wayHtml(reader, 'up'),
    isCovered(part)
      ? html`${mirror.shortCoverages[textOf(own, `${part}.patients`) as Coverage]}${narrowedTo(`${part}.patients`)}
        ${part === 'events' ? html`<br /><span class="soft small">${mirror.horizon(settings.daysAhead, settings.daysPast)}</span>${narrowedTo('events.daysAhead')}${narrowedTo('events.daysPast')}` : nothing}`
      : '',
    groups.length === 0 ? mirror.allOfIt : html`${mirror.fieldsOf(all - held, all)}${groups.map((group) => narrowedTo(`${group}.fields`))}`, // prettier-ignore
    html`<a class="kept" href="/synchronization/mirror/${part}">${mirror.change}<span class="unseen">: ${name}</span></a>`,
  ]
} // prettier-ignore

function wayHtml({ words }: Reader, way: Way): Html {
  const text = words.synchronization.mirror.shortWays[way]
  return way === 'off' || way === 'erased' ? badge('plain', text) : badge('good', text)
}

/** The collection for which another is off: itself, or what it needs. */
function offFor(settings: MirrorSettings, part: SettableCollection): SettableCollection | undefined {
  if (settings.directions[part].length === 0) return part
  const needed = needs[part]
  return needed && offBecause(settings, needed) ? offFor(settings, needed) : undefined
}

function fieldsTable(reader: Reader, group: FieldGroup, { own, portals, settings }: Standing): Html {
  const { mirror, preview } = reader.words.synchronization
  const byPortal = isNarrowed(`${group}.fields`, own, portals)
  return table(
    mirror.whichFields,
    [preview.field, preview.sensitivity, preview.goes],
    Object.entries(leavingFields[group]).map(([field, sensitivity]) => {
      const isHeld = settings.withheld[group].includes(field)
      const why = neededInWords(reader, group, field)
      return [
        fieldInWords(reader, group, field),
        mirror.sensitivities[sensitivity],
        html`${isHeld ? badge('plain', preview.stays) : badge('good', preview.leaves)}${isHeld && byPortal ? html`<br /><span class="soft small">${mirror.narrowedBy}</span>` : nothing}${why ? html`<br /><span class="soft small">${why}</span>` : nothing}`, // prettier-ignore
      ]
    }),
  )
}

function received(reader: Reader, receipts: Readonly<Record<string, number>>, erasing: Readonly<Record<string, number>>): Html[] {
  const { mirror } = reader.words.synchronization
  const rows = (counts: Readonly<Record<string, number>>) => Object.entries(counts).map(([collection, count]) => [collectionInWords(reader, collection), mirror.documents(count)] as const) // prettier-ignore
  return [
    Object.keys(receipts).length === 0 ? html`<p>${mirror.noReceipt}</p>` : html`<p>${mirror.receiptsHow}</p>${facts(rows(receipts))}`,
    Object.keys(erasing).length === 0 ? nothing : html`<p><strong>${mirror.erasing}</strong></p>${facts(rows(erasing))}`,
  ]
} // prettier-ignore
