/** How the operator narrows what a site mirrors: what the site and this portal say of each setting, and the form of one collection. It shows no record. */
import { html } from 'hono/html'
import { choosable, leavingFields } from '../../mirror/leaving-fields.ts'
import { asTheSite, isNarrowed, longest, shareOf, shareWays, textOf, waysOf, type MirrorTexts, type WrongSetting } from '../../mirror/mirror-settings.ts' // prettier-ignore
import { coverages } from '../../mirror/policy.ts'
import { button, checks, choices, field, form } from '../look/form.ts'
import { inEnglish, type Content, type Html } from '../look/html.ts'
import { faultNotice } from '../look/notice.ts'
import type { Reader } from '../look/reader.ts'
import { badge, card, table } from '../look/show.ts'
import { fieldInWords, groupsOf, isCovered, keysOf, mirrorParts, neededInWords, settingInWords, valueInWords, type MirrorPart } from '../mirror-words.ts' // prettier-ignore

/** What a site has set of its mirror, and how the portal has narrowed it. */
export interface MirrorOfSite { readonly own: MirrorTexts; readonly portals: MirrorTexts } // prettier-ignore

/** Each setting of a site: what the site says, what this portal says, and which holds. `nameOf`: how another site is called. */
export function mirrorHtml(
  reader: Reader,
  site: string,
  { own, portals }: MirrorOfSite,
  nameOf: (site: string) => string,
): Html[] {
  const { operator: words, synchronization } = reader.words
  const { mirror, change } = synchronization
  return [
    html`<p>${words.mirrorHow}</p>`,
    ...mirrorParts.map((part) =>
      card(
        [
          table(
            mirror.collections[part],
            [change.setting, words.siteSays, words.portalSays],
            keysOf(part).map((key) => [
              settingInWords(reader, key),
              valueInWords(reader, key, textOf(own, key)),
              portals[key] === undefined
                ? html`<span class="soft">${words.asTheSite}</span>`
                : isNarrowed(key, own, portals)
                  ? badge('warn', valueInWords(reader, key, portals[key]))
                  : valueInWords(reader, key, portals[key]),
            ]),
          ),
          html`<a class="button" href="/operator/mirror/${site}/${part}"
            >${words.narrow}<span class="unseen">: ${mirror.collections[part]}</span></a
          >`,
        ],
        { title: mirror.collections[part] },
      ),
    ),
    ...sharedHtml(reader, { own, portals }, nameOf),
    html`<p><a class="button" href="/operator">${words.back}</a></p>`,
  ]
}

/** What a site shares with each other site; nothing where nobody has said anything of it. */
function sharedHtml(reader: Reader, { own, portals }: MirrorOfSite, nameOf: (site: string) => string): Html[] {
  const { operator: words, synchronization } = reader.words
  const { mirror, change, sharing } = synchronization
  const said = [...new Set([...Object.keys(own), ...Object.keys(portals)])].flatMap((key) => {
    const of = shareOf(key)
    return of ? [{ key, ...of }] : []
  })
  const inWords = (value: string | undefined): string => sharing.shortWays[shareWays.find((way) => way === value) ?? 'off'] // prettier-ignore
  return [...Map.groupBy(said, ({ other }) => other)].map(([other, keys]) =>
    card(
      table(
        sharing.with(nameOf(other)),
        [change.setting, words.siteSays, words.portalSays],
        keys.map(({ key, collection }) => [
          mirror.collections[collection],
          inWords(own[key]),
          portals[key] === undefined || portals[key] === asTheSite
            ? html`<span class="soft">${words.asTheSite}</span>`
            : isNarrowed(key, own, portals)
              ? badge('warn', inWords(portals[key]))
              : inWords(portals[key]),
        ]),
      ),
      { title: sharing.with(nameOf(other)) },
    ),
  )
}

interface NarrowForm extends MirrorOfSite {
  readonly site: string
  readonly part: MirrorPart
  readonly csrf: string
  /** What was refused of what `portals` says. */
  readonly wrong?: WrongSetting
}

/** The form by which one collection of a site is narrowed. */
export function narrowHtml(reader: Reader, { site, part, csrf, own, portals, wrong }: NarrowForm): Html[] {
  const { operator: words, synchronization } = reader.words
  const { mirror, save, nothingChanged } = synchronization
  const fault = (key: string): Content | undefined => {
    if (wrong?.key !== key) return undefined
    const most = key === 'events.daysAhead' ? longest.daysAhead : key === 'events.daysPast' ? longest.daysPast : undefined // prettier-ignore
    return most === undefined ? inEnglish(wrong.message) : mirror.wrongDays(most)
  }
  const siteSays = (key: string): Html => html`<p class="soft small">${words.siteSays}: ${valueInWords(reader, key, textOf(own, key))}</p>` // prettier-ignore
  const oneOf = (key: string, label: string, values: readonly { value: string; label: string }[]): Html => html`${choices({ name: key, label, value: portals[key] ?? asTheSite, fault: fault(key) }, [{ value: asTheSite, label: words.asTheSite }, ...values])}${siteSays(key)}` // prettier-ignore
  const days = (key: string, label: string, hint: string): Html => html`<div class="narrow">
      ${field({ name: key, label, hint: `${hint} ${words.asTheSiteHint}`, value: portals[key] === asTheSite ? '' : portals[key], fault: fault(key), optional: reader.words.frame.optional, more: { inputmode: 'numeric', maxlength: 5, autocomplete: 'off' } })}
    </div>
    ${siteSays(key)}` // prettier-ignore
  return [
    faultNotice(wrong ? nothingChanged : undefined),
    html`<p>${words.mirrorHow}</p>`,
    card(
      form(`/operator/mirror/${site}/${part}`, { csrf }, [
        ...(isCovered(part)
          ? [
              oneOf(`${part}.direction`, mirror.direction, waysOf(part).map((value) => ({ value, label: mirror.ways[value] }))), // prettier-ignore
              oneOf(`${part}.patients`, mirror.whom, coverages.map((value) => ({ value, label: mirror.coverages[value] }))), // prettier-ignore
            ]
          : []),
        ...(part === 'events'
          ? [days('events.daysAhead', mirror.daysAhead, mirror.daysAheadHint), days('events.daysPast', mirror.daysPast, mirror.daysPastHint)] // prettier-ignore
          : []),
        ...groupsOf(part).map((group) => {
          const key = `${group}.fields`
          const text = portals[key] ?? 'all'
          const leave = text === 'all' || text === asTheSite ? choosable(group) : text.split(', ')
          const options = Object.entries(leavingFields[group]).flatMap(([name, sensitivity]) => {
            if (neededInWords(reader, group, name) !== undefined) return []
            const label = html`${fieldInWords(reader, group, name)} <span class="soft small">· ${mirror.sensitivities[sensitivity]}</span>` // prettier-ignore
            return [{ value: name, checked: leave.includes(name), label }]
          })
          const label = group === 'stages' ? mirror.stages : mirror.whichFields
          return html`<div class="roomy">${checks({ name: key, label, fault: fault(key) }, options)}</div>
            ${siteSays(key)}`
        }),
        html`<div class="row">
          ${button(save, 'main')} <a class="button" href="/operator/mirror/${site}">${words.no}</a>
        </div>`,
      ]),
    ),
  ]
}
