/** What this site shares with each other site of the practice: what is chosen here, what the other says, what is here of it; and a change, seen before it is made. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import { isNarrowed, shareKey, shareWays, textOf, type ShareWay } from '../../../mirror/mirror-settings.ts'
import { shareable, type Other } from '../../../mirror/sharing.ts'
import { button, choices, form } from '../../look/form.ts'
import { inEnglish, nothing, type Content, type Html } from '../../look/html.ts'
import { notice } from '../../look/notice.ts'
import { badge, card, table } from '../../look/show.ts'
import { countsInWords } from '../../mirror-words.ts'
import { deedOf, failed, nameOfUser, type ConsoleEnv, type ConsoleParts } from '../frame.ts'
import { mirrorChanges } from '../mirror-changes.ts'
import type { MirrorChange, SharedWithSite } from '../console-site.ts'
import { synchronizationFramed, textsOf } from './synchronization-frame.ts'

const path = '/synchronization/sharing'
const back = '/synchronization/mirror'

/** A card for each other site. */
export async function sharingCards(c: Context<ConsoleEnv>, { site, store }: ConsoleParts, sites: readonly SharedWithSite[]): Promise<Html[]> {
  const reader = c.get('reader')
  const { sharing, mirror } = reader.words.synchronization
  if (sites.length === 0) return []
  const zone = await site.zone()
  const changes = mirrorChanges(store.audit)
  const { own, portals } = site.mirror.standing()
  const cards = sites.map(({ site: other, name, items }) =>
    card(
      [
        table(
          sharing.with(name ?? other),
          [mirror.columns.collection, sharing.here, sharing.there, sharing.documents, sharing.changed],
          items.map(({ collection, key, value, gives, takes, held, letGo }): readonly Content[] => {
            const last = changes.get(key)
            const text = sharing.shortWays[value as ShareWay]
            const narrowed = isNarrowed(key, own, portals) ? html`<br />${badge('warn', mirror.narrowedTo(sharing.shortWays[portals[key] as ShareWay]))}` : nothing
            const gone = letGo > 0 ? html`<br /><span class="soft small">${sharing.letGo(letGo)}</span>` : nothing
            return [
              mirror.collections[collection],
              html`${badge(value === 'off' ? 'plain' : 'good', text)}${narrowed}`,
              sharing.says[gives ? (takes ? 'both' : 'gives') : takes ? 'takes' : 'neither'],
              html`${reader.number(held)}${gone}`,
              last ? sharing.changedBy(nameOfUser(c, store, last.event.by ?? ''), reader.instant(last.at, zone)) : '',
            ]
          }),
        ),
        html`<a class="button" href="${path}/${other}">${mirror.change}<span class="unseen">: ${name ?? other}</span></a>`,
      ],
      { title: sharing.with(name ?? other) },
    ),
  )
  return [html`<h2>${sharing.title}</h2><p>${sharing.how}</p>`, ...cards]
} // prettier-ignore

export function sharingPages(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { site, store } = parts
  const app = new Hono<ConsoleEnv>()
  const otherOf = (c: Context<ConsoleEnv>): (Other & { readonly id: string }) | undefined => {
    const id = c.req.param('other') ?? ''
    const other = site.mirror.standing().others.get(id)
    return other && { ...other, id }
  }
  const unknown = (c: Context<ConsoleEnv>) => c.html(failed(c, site, c.get('reader').words.synchronization.sharing.unknown), 404) // prettier-ignore
  /** What differs from what is said now; what a form does not say stays. */
  const changesOf = (other: string, given: (name: string) => string): MirrorChange[] => {
    const { own } = site.mirror.standing()
    return shareable.flatMap((collection) => {
      const key = shareKey(other, collection)
      const value = shareWays.find((way) => way === given(key))
      return value === undefined || value === textOf(own, key) ? [] : [{ key, value }]
    })
  }

  app.get(`${path}/:other`, (c) => {
    const other = otherOf(c)
    if (!other) return unknown(c)
    store.audit.noted(deedOf(c, 'viewed', { of: ['mirror', other.id] }))
    const { sharing, mirror } = c.get('reader').words.synchronization
    const { own } = site.mirror.standing()
    const ways = shareable.map((collection) => {
      const key = shareKey(other.id, collection)
      return choices({ name: key, label: mirror.collections[collection], value: textOf(own, key) }, shareWays.map((value) => ({ value, label: sharing.ways[value] }))) // prettier-ignore
    })
    const send = html`<div class="row">${button(mirror.preview, 'main')} <a class="button" href="${back}">${mirror.back}</a></div>` // prettier-ignore
    const title = sharing.with(other.name ?? other.id)
    return c.html(
      synchronizationFramed(c, parts, 'mirror', [
        card([html`<p>${sharing.how}</p>`, form(`${path}/${other.id}`, { csrf: c.get('csrf') }, [...ways, send])], {
          title,
        }),
      ]),
    )
  })

  app.post(`${path}/:other`, async (c) => {
    const other = otherOf(c)
    if (!other) return unknown(c)
    const reader = c.get('reader')
    const { sharing, mirror, change } = reader.words.synchronization
    const changes = changesOf(other.id, await textsOf(c))
    if (changes.length === 0) return c.redirect(`${back}?said=same`, 303)
    const effect = await site.mirror.effect(changes)
    const gone = countsInWords(reader, effect.letGo)
    const hidden = { csrf: c.get('csrf'), ...Object.fromEntries(changes.map(({ key, value }) => [key, value])) }
    const nameOf = (key: string): string => mirror.collections[key.split('.')[2] as (typeof shareable)[number]]
    return c.html(
      synchronizationFramed(c, parts, 'mirror', [
        card(
          [
            table(
              change.title(sharing.with(other.name ?? other.id)),
              [mirror.columns.collection, change.was, change.becomes],
              effect.changed.map(({ key, old, new: next }) => [nameOf(key), sharing.shortWays[old as ShareWay], sharing.shortWays[next as ShareWay]]), // prettier-ignore
            ),
            gone ? notice('warn', sharing.letsGo(gone.all, gone.each)) : html`<p>${sharing.letsNothingGo}</p>`,
            ...effect.says.map((sentence) => html`<p class="soft">${inEnglish(sentence)}</p>`),
            html`<p class="soft">${change.notYet}</p>`,
            form(`${path}/${other.id}/set`, hidden, html`<div class="row">
              ${button(change.make, gone ? 'danger' : 'main')}
              <a class="button" href="${path}/${other.id}">${change.no}</a>
            </div>`), // prettier-ignore
          ],
          { title: change.title(sharing.with(other.name ?? other.id)), lead: true },
        ),
      ]),
    )
  })

  app.post(`${path}/:other/set`, async (c) => {
    const other = otherOf(c)
    if (!other) return unknown(c)
    const changes = changesOf(other.id, await textsOf(c))
    if (changes.length === 0) return c.redirect(`${back}?said=same`, 303)
    const { changed } = await site.mirror.change(changes)
    for (const one of changed) store.audit.record(deedOf(c, 'mirror changed', { of: [one.key, one.old, one.new] }))
    return c.redirect(`${back}?said=mirrored`, 303)
  })
  return app
}
