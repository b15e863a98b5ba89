/**
 * Patients of other sites of the practice, as far as those share them with this one: found by name, read with whose they
 * are. Names that are looked for go by POST. What is shown is read-only: whoever has the patient writes to them.
 */
import { Hono } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { button, field, form } from '../look/form.ts'
import { nothing, type Content, type Html } from '../look/html.ts'
import { empty, notice } from '../look/notice.ts'
import type { Reader } from '../look/reader.ts'
import { badge, card, facts, list, table } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import type { SharedPatient, SharedRecord } from './site-views.ts'

const findSchema = v.object({ find: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)) })

export function othersPage({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  app.get('/others', (c) => {
    const reader = c.get('reader')
    const { others } = reader.words
    const shared = site.isSharedWith() ? findForm(reader, c.get('csrf')) : empty(others.nothingShared, others.nothingSharedNext) // prettier-ignore
    return c.html(framed(c, site, others.title, '/others', [html`<p>${others.how}</p>`, shared]))
  })
  app.post('/others', async (c) => {
    const reader = c.get('reader')
    const { others } = reader.words
    const given = v.safeParse(findSchema, await formOf(c))
    if (!given.success) return c.redirect('/others', 303)
    const { find } = given.output
    const found = await site.findShared(find)
    store.audit.record(deedOf(c, 'patients found', { of: ['others', ...found.map(({ key }) => key)] }))
    const shown = found.length === 0 ? empty(others.nobody, others.nobodyNext) : card(list(found.map((one) => foundRow(reader, one)))) // prettier-ignore
    return c.html(framed(c, site, others.title, '/others', [findForm(reader, c.get('csrf'), find), shown]))
  })
  app.get('/others/:patient', async (c) => {
    const reader = c.get('reader')
    const { others } = reader.words
    const found = await site.sharedPatient(c.req.param('patient'))
    if (!found) return c.html(failed(c, site, others.unknown), 404)
    store.audit.noted(deedOf(c, 'viewed', { of: ['patient of another site', found.key, found.site.id] }))
    return c.html(framed(c, site, found.name, '/others', recordHtml(reader, found, await site.zone())))
  })
  return app
}

function findForm({ words }: Reader, csrf: string, find?: string): Html {
  const { others } = words
  return card(
    form('/others', { csrf }, [
      field({ name: 'find', label: others.find, value: find, more: { type: 'search', maxlength: 200, autocomplete: 'off' } }), // prettier-ignore
      button(words.console.send.findButton, 'main'),
    ]),
  )
}

function foundRow(reader: Reader, { key, name, birthDate, site }: SharedPatient): Html {
  return html`<div class="row apart">
    <div>
      <strong>${name}</strong><br /><span class="soft">${bornIn(reader, birthDate)}</span><br />${ofSite(reader, site)}
    </div>
    <a class="button" href="/others/${key}">${reader.words.others.open}<span class="unseen">: ${name}</span></a>
  </div>`
}

function bornIn({ words, day }: Reader, birthDate: string | null): string {
  const { send } = words.console
  return send.born(birthDate === null ? send.unknown : day(birthDate))
}

function ofSite({ words }: Reader, { id, name }: SharedPatient['site']): Html {
  return badge('info', words.others.of(name ?? id))
}

function recordHtml(reader: Reader, found: SharedRecord, zone: string): Html[] {
  const { others } = reader.words
  const { mirror } = reader.words.synchronization
  const { fields, shares, site } = found
  const owner = site.name ?? site.id
  const has = (collection: (typeof shares)[number]): boolean => shares.includes(collection)
  const said = (text: string | null): Content => text ?? html`<span class="soft">${others.none}</span>`
  const part = (collection: 'events' | 'plans' | 'messages' | 'requests', shown: Content): Html =>
    card(has(collection) ? shown : html`<p class="soft">${others.notShared(owner)}</p>`, { title: mirror.collections[collection] }) // prettier-ignore
  return [
    notice('info', others.whose(owner)),
    card(
      facts([
        [others.site, ofSite(reader, site)],
        [others.born, bornIn(reader, found.birthDate)],
        [others.cellPhone, said(fields.cellPhone)],
        [others.homePhone, said(fields.homePhone)],
        [others.email, said(fields.email)],
        [others.portal, fields.portalEnabled ? others.yes : others.no],
      ]),
      { title: found.name, lead: true },
    ),
    part('events', found.events.length === 0 ? html`<p>${others.none}</p>` : eventsTable(reader, found, owner)),
    part('plans', found.plans.length === 0 ? html`<p>${others.none}</p>` : list(found.plans.map((plan) => planHtml(reader, plan)))), // prettier-ignore
    part('messages', found.messages.length === 0 ? html`<p>${others.none}</p>` : list(found.messages.map(({ at, isIn, subject, text }) => html`<strong>${subject}</strong> <span class="soft">${isIn ? others.wrote : others.wasTold(owner)}, ${reader.instant(at, zone)}</span><p>${text ?? others.retracted}</p>`))), // prettier-ignore
    part('requests', found.requests.length === 0 ? html`<p>${others.none}</p>` : list(found.requests.map((one) => html`${others.requests[one.kind]} <span class="soft">${reader.instant(one.at, zone)}</span>`))), // prettier-ignore
    html`<p><a class="button" href="/others">${others.back}</a></p>`,
  ]
}

function eventsTable(reader: Reader, { events, name }: SharedRecord, owner: string): Html {
  const { others } = reader.words
  const { today } = reader.words.desk
  return table(
    `${reader.words.synchronization.mirror.collections.events}: ${name}`,
    [today.time, today.event, others.site, today.status, today.lastConfirmed],
    events.map(({ isOwn, startsAt, words, status, lastConfirmed, confirmationType }) => [
      reader.wall(startsAt),
      words ?? '',
      isOwn ? others.here : owner,
      status,
      lastConfirmed === null ? '' : `${reader.wall(lastConfirmed)}${confirmationType ? ` (${confirmationType})` : ''}`,
    ]),
  )
}

function planHtml({ words }: Reader, { words: said, stages }: SharedRecord['plans'][number]): Html {
  const { others } = words
  const done = stages.map((stage) => html`${stage.words ?? ''}${stage.completed ? html` ${badge('good', others.completed)}` : nothing}`) // prettier-ignore
  return html`<strong>${said ?? ''}</strong>${done.length > 0 ? list(done) : nothing}`
}
