/** One event with all that was said about it, in order: told, answered, received here, written into InSched, read back there. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { instantOf } from '../../mirror/wall-clock.ts'
import { ruleKinds } from '../../bridges/texts/rule-words.ts'
import type { NotSentReason, ToldKind } from '../../replica/kinds/communications.ts'
import { spokenTypes } from '../../replica/kinds/confirmations.ts'
import { wallClockSchema } from '../../replica/kinds/kind.ts'
import type { EventStory, WhyText } from './site-views.ts'
import { oneButton } from '../look/form.ts'
import { inEnglish, nothing, type Content, type Html } from '../look/html.ts'
import { empty, notice } from '../look/notice.ts'
import type { Reader } from '../look/reader.ts'
import { card, facts, list, timeline, type Moment } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { byOf, deedOf, failed, framed, type ConsoleEnv, type ConsoleParts } from './frame.ts'
import { mayUse } from './privileges.ts'
import type { Deed } from '../audit-sqlite.ts'
import { whyInWords } from './texts-in-words.ts'

const sendSchema = v.object({ startsAt: wallClockSchema, rule: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,30}$/)), what: v.picklist(ruleKinds) }) // prettier-ignore
const confirmSchema = v.object({ startsAt: wallClockSchema, type: v.picklist(spokenTypes) })

/** A moment with its time, to be put in order; those without one stay behind what they belong to. */
interface Timed extends Moment { readonly at: number } // prettier-ignore

export function eventPage({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  app.get('/events/:event', async (c) => {
    const story = await site.event(c.req.param('event'))
    const reader = c.get('reader')
    const { today } = reader.words.desk
    if (!story) return c.html(failed(c, site, today.unknown), 404)
    const local = story.patient.local
    store.audit.noted(deedOf(c, 'viewed', { of: ['event', story.key], ...(local === null ? {} : { patient: String(local) }) })) // prettier-ignore
    const zone = await site.zone()
    const moments = momentsOf(reader, story, zone)
    const hidden = { csrf: c.get('csrf'), patient: String(local), ...(story.event === null ? {} : { event: String(story.event) }) } // prettier-ignore
    return c.html(
      framed(c, site, `${story.patient.name}, ${reader.hour(story.startsAt)}`, '/today', [
        story.reach === 'reached' ? nothing : notice('warn', today.reach[story.reach], html`<p>${today.hold}</p>`),
        card(
          [
            facts([
              [today.event, [story.words ?? '', story.event === null ? '' : today.eventNumber(story.event)].filter(Boolean).join(', ')], // prettier-ignore
              [today.patient, local === null ? story.patient.name : `${story.patient.name}, ${today.patientNumber(local)}`], // prettier-ignore
              [today.status, story.status],
              [today.lastConfirmed, story.lastConfirmed === null ? today.still : `${reader.wall(story.lastConfirmed)}${story.confirmationType ? ` (${story.confirmationType})` : ''}`], // prettier-ignore
            ]),
            local !== null && mayUse(c.get('staff'), 'POST /send/to')
              ? html`<div class="ways">
                  ${oneButton('/send/to', today.write, hidden, 'main')}${oneButton('/reached', reader.words.reached.title, { csrf: hidden.csrf, patient: hidden.patient })}
                </div>`
              : nothing,
          ],
          { eyebrow: reader.wall(story.startsAt) },
        ),
        mayUse(c.get('staff'), 'POST /events/:event/confirm') && isToCome(story, zone, c.get('now'))
          ? card(
              [
                html`<p class="soft">${today.confirm.how}</p>`,
                html`<div class="row">${spokenTypes.map((type) => oneButton(`/events/${story.key}/confirm`, today.confirm[type], { csrf: c.get('csrf'), startsAt: story.startsAt, type }))}</div>`, // prettier-ignore
              ],
              { title: today.confirm.title },
            )
          : nothing,
        moments.length === 0
          ? empty(today.nothingYet, today.nothingYetNext, 'wait')
          : card(timeline(moments), { title: today.story }),
        story.whyTexts.length === 0 ? nothing : textsCard(c, story, zone),
        html`<p><a class="button" href="/today?day=${story.startsAt.slice(0, 10)}">${today.title(reader.day(story.startsAt.slice(0, 10)))}</a></p>`, // prettier-ignore
      ]),
    )
  })
  app.post('/events/:event/confirm', async (c) => {
    const [event, given, { today }] = [c.req.param('event'), v.safeParse(confirmSchema, await formOf(c)), c.get('reader').words.desk] // prettier-ignore
    if (!given.success) return c.html(failed(c, site, today.unknown), 404)
    try {
      await site.confirm({ event, ...given.output }, byOf(c.get('staff')))
    } catch (error) {
      return c.html(failed(c, site, { title: today.confirm.failed, cause: inEnglish((error as Error).message), next: today.unknown.next }), 404) // prettier-ignore
    }
    store.audit.record(deedOf(c, 'event confirmed', { of: [event, given.output.startsAt, given.output.type] }))
    return c.redirect(`/events/${event}`, 303)
  })
  /** Holds, lets go or sends by hand. */
  const byHand = async (c: Context<ConsoleEnv>, did: Deed, of: readonly string[], work: () => Promise<void>): Promise<Response> => {
    const { desk, texts } = c.get('reader').words
    try {
      await work()
    } catch (error) {
      return c.html(failed(c, site, { title: texts.byHandFailed, cause: inEnglish((error as Error).message), next: desk.today.unknown.next }), 404)
    }
    store.audit.record(deedOf(c, did, { of }))
    return c.redirect(`/events/${of[0]}`, 303)
  } // prettier-ignore
  for (const [way, did, holds] of [['hold', 'texts held', true], ['let-go', 'texts let go', false]] as const)
    app.post(`/events/:event/${way}`, (c) => byHand(c, did, [c.req.param('event')!], () => site.texts.hold(c.req.param('event')!, holds, byOf(c.get('staff'))))) // prettier-ignore
  app.post('/events/:event/send', async (c) => {
    const event = c.req.param('event')
    const given = v.safeParse(sendSchema, await formOf(c))
    if (!given.success) return c.html(failed(c, site, c.get('reader').words.desk.today.unknown), 404)
    const { rule, startsAt } = given.output
    return byHand(c, 'text sent by hand', [event, startsAt, rule], () => site.texts.sendNow({ event, ...given.output }, byOf(c.get('staff')))) // prettier-ignore
  })
  return app
}

/** Why each text of the event went out or not; staff may hold them all, or send one by hand. */
function textsCard(c: Context<ConsoleEnv>, { key, startsAt, whyTexts, held }: EventStory, zone: string): Html {
  const reader = c.get('reader')
  const { texts } = reader.words
  const may = mayUse(c.get('staff'), 'POST /events/:event/send')
  const hidden = { csrf: c.get('csrf'), startsAt }
  const lines = whyTexts.map((why) => html`<div class="row apart"><span><strong>${texts.kinds[why.what]}</strong>: ${whyInWords(reader, why, zone)}</span>${may && canBeSentByHand(why) ? oneButton(`/events/${key}/send`, texts.sendNow, { ...hidden, rule: why.rule, what: why.what }) : nothing}</div>`) // prettier-ignore
  const canHold = held !== null || whyTexts.some((why) => why.is === 'due' || why.is === 'now')
  return card(
    [
      list(lines),
      held === null ? nothing : html`<p>${texts.heldBy(held.by.initials ?? held.by.name ?? '', reader.instant(held.at, zone))}</p>`, // prettier-ignore
      may && canHold ? oneButton(`/events/${key}/${held ? 'let-go' : 'hold'}`, held ? texts.letGo : texts.hold, hidden) : nothing, // prettier-ignore
      may && whyTexts.some(canBeSentByHand) ? html`<p class="soft small">${texts.byHandHow}</p>` : nothing,
    ],
    { title: texts.title },
  )
}

/** What stands against a text that staff may send all the same: its moment, or that it is held. */
const onlyItsMoment: ReadonlySet<NotSentReason> = new Set(['held by staff', 'nothing by itself', 'rule came later', 'booked the same day', 'another rule is closer', 'too late', 'no hours']) // prettier-ignore
function canBeSentByHand(why: WhyText): boolean {
  return (why.is === 'due' && why.why === 'due') || (why.is === 'not' && onlyItsMoment.has(why.why))
}

/** Whether it can still be confirmed (DOM-4). */
function isToCome({ startsAt, status }: EventStory, zone: string, now: number): boolean {
  return instantOf(startsAt, zone) > now && !['Canceled', 'No Show', 'Checked Out'].includes(status)
}

function momentsOf(reader: Reader, story: EventStory, zone: string): Moment[] {
  const { today } = reader.words.desk
  const when = (at: number): string => reader.instant(at, zone)
  const received = (at: number | null, after: number): Timed => ({ at: at ?? after, state: 'done', title: today.receivedHere, detail: at === null ? today.notKnown : when(at) }) // prettier-ignore
  const start = (wall: string): Content => today.for(reader.wall(wall))
  const told = story.allTold.map(({ at, subject, read }): Timed => ({ at, state: 'done', title: today.toldBy(subject), detail: read ? `${when(at)} (${today.read})` : when(at) })) // prettier-ignore
  const answers = story.answers.flatMap((answer): Timed[] => {
    const isOurs = answer.channel === 'console'
    const { inPerson, phone, staff, confirmed } = today.answeredIn
    const spoken = answer.type === 'In Person' ? inPerson : answer.type === undefined || answer.type === 'Phone' ? phone : staff(answer.type) // prettier-ignore
    const said: Timed = { at: answer.at, state: 'done', title: isOurs ? spoken : confirmed, detail: html`${when(answer.at)}, ${start(answer.startsAt)}${isOurs && answer.by.initials ? html`, ${answer.by.initials}` : nothing}` } // prettier-ignore
    const come = isOurs ? [] : [received(answer.receivedAt, answer.at)]
    if (answer.state === 'sent') return [said, ...come, { at: answer.at, state: 'now', title: today.waitsToBe.written, detail: today.still }] // prettier-ignore
    if (answer.state === 'set aside') return [said, ...come, { at: answer.at, state: 'bad', title: html`<a href="/reviews">${today.asideWhy}</a>` }] // prettier-ignore
    return [
      said,
      ...come,
      { at: answer.writtenAt, state: 'done', title: today.writtenIn(reader.wall(answer.lastConfirmed)), detail: when(answer.writtenAt) }, // prettier-ignore
      answer.readBackAt === null
        ? { at: answer.writtenAt, state: 'later', title: today.readBackFrom, detail: today.notKnown }
        : { at: answer.readBackAt, state: 'done', title: today.readBackFrom, detail: when(answer.readBackAt) },
    ]
  })
  const wishes = story.wishes.flatMap((wish): Timed[] => [
    { at: wish.at, state: 'done', title: wish.kind === 'declined' ? today.answeredIn.declined : today.answeredIn.moves, detail: 'startsAt' in wish ? html`${when(wish.at)}, ${start(wish.startsAt)}` : when(wish.at) }, // prettier-ignore
    received(wish.receivedAt, wish.at),
    { at: wish.receivedAt ?? wish.at, state: wish.state === 'open' ? 'now' : 'done', title: wish.state === 'open' ? html`<a href="/reviews">${today.wish.open}</a>` : today.wish[wish.state] }, // prettier-ignore
  ])
  const { texts } = reader.words
  const texted = story.texts.map(({ at, direction, by, what, state, body }): Timed =>
    direction === 'in'
      ? { at, state: 'done', title: texts.reply(body), detail: when(at) }
      : { at, state: state === 'failed' || state === 'undelivered' ? 'bad' : state === 'queued' ? 'now' : 'done', title: by === 'email' ? `${texts.kinds[what as ToldKind]} (${texts.by.email.name})` : texts.kinds[what as ToldKind], detail: `${when(at)}, ${texts.states[state!]}` }) // prettier-ignore
  return [...told, ...texted, ...answers, ...wishes].toSorted((a, b) => a.at - b.at)
}
