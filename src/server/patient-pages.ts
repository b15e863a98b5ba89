/**
 * What a patient sees: home with the next event, messages, plan. Works without scripts. What a patient says is answered
 * after it is durable; a form carries an id made when the page was, so that sending it twice says it once.
 */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { Clock } from '../replica/clock.ts'
import { mintUlid } from '../replica/ids.ts'
import { answerFor, type Answer } from '../replica/kinds/confirmations.ts'
import type { EventFields, LocationValue, PatientFields, PracticeFields, StageFields } from '../replica/kinds/fields.ts'
import { ulidSchema, wallClockSchema, type By } from '../replica/kinds/kind.ts'
import type { IndexRow, Replica } from '../replica/replica-face.ts'
import { button, dayText, instantText, page, wallText, type Html, type PageOptions } from './layout.ts'

/** Who looks: an account, one of its patients, and the practice that the patient is of. */
export interface Viewer {
  readonly account: string
  readonly csrf: string
  readonly patient: string
  readonly replica: Replica
  readonly hasPassword: boolean
  /** When the site was last heard, and whether it is connected. */
  readonly office: { readonly heardAt: number | null; readonly connected: boolean }
}
type Env = { Variables: { viewer: Viewer } }

const entrySchema = v.object({
  id: ulidSchema,
  event: ulidSchema,
  startsAt: wallClockSchema,
  note: v.optional(v.pipe(v.string(), v.trim(), v.maxLength(2_000))),
})
const messageSchema = v.object({
  id: ulidSchema,
  thread: ulidSchema,
  subject: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)),
  text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(20_000)),
})
interface Message { thread: string; subject: string; text: string; by: By; retracted: boolean } // prettier-ignore

/** The pages of a signed-in patient; `viewer` is set and the CSRF token checked by whoever mounts them. */
export function patientPages(clock: Clock): Hono<Env> {
  const app = new Hono<Env>()

  app.get('/', async (c) => {
    const viewer = c.get('viewer')
    const [frame, events, unread] = [
      await frameOf(c, 'Home', '/'),
      await upcoming(viewer, clock),
      await unreadOf(viewer),
    ]
    const cards = await Promise.all(events.map((event, index) => eventCard(viewer, event, index === 0, clock)))
    return c.html(
      page(frame, [
        unread > 0
          ? html`<p class="notice">
              <a href="/messages">You have ${unread} new ${unread === 1 ? 'message' : 'messages'}</a>
            </p>`
          : html``,
        ...(cards.length > 0
          ? cards
          : [
              html`<section class="card">
                <p>You have no upcoming appointments. To make one, call the office.</p>
              </section>`,
            ]),
        officeLine(viewer, frame),
        viewer.hasPassword
          ? html``
          : html`<section class="card">
              <h2>Next time</h2>
              <p>Choose a password, so that you can sign in without an invitation.</p>
              <p><a href="/password">Choose a password</a></p>
            </section>`,
      ]),
    )
  })

  app.post('/confirm', async (c) => {
    const viewer = c.get('viewer')
    const form = v.safeParse(entrySchema, await c.req.parseBody())
    const event = form.success ? await ownEvent(viewer, form.output.event) : undefined
    if (!form.success || !event)
      return c.html(
        await problem(c, 'This appointment is not there', 'It may have changed. Go back to the home page.'),
        404,
      )
    const { id, startsAt } = form.output
    // The answer holds for the time that the patient saw: if the event has moved, the site makes a review item of it (DOM-3).
    await viewer.replica.change([
      {
        collection: 'confirmations',
        key: event.id,
        facts: await factsOf(viewer.replica, 'events', event.id),
        add: {
          [id]: {
            kind: 'answered',
            at: clock.now(),
            by: await byOf(viewer),
            channel: 'portal',
            patient: viewer.patient as never,
            startsAt,
          },
        },
      },
    ])
    return c.redirect(startsAt === event.body.startsAt ? '/?said=confirmed' : '/?said=moved', 303)
  })

  for (const kind of ['declined', 'wants to move'] as const)
    app.post(kind === 'declined' ? '/decline' : '/move', async (c) => {
      const viewer = c.get('viewer')
      const form = v.safeParse(entrySchema, await c.req.parseBody())
      const event = form.success ? await ownEvent(viewer, form.output.event) : undefined
      if (!form.success || !event)
        return c.html(
          await problem(c, 'This appointment is not there', 'It may have changed. Go back to the home page.'),
          404,
        )
      const { id, startsAt, note } = form.output
      await viewer.replica.change([
        {
          collection: 'requests',
          key: viewer.patient,
          facts: await factsOf(viewer.replica, 'patients', viewer.patient),
          add: {
            [id]: {
              kind,
              at: clock.now(),
              by: await byOf(viewer),
              event: event.id,
              startsAt,
              ...(note ? { note } : {}),
            },
          },
        },
      ])
      return c.redirect('/?said=asked', 303)
    })

  app.get('/messages', async (c) => {
    const viewer = c.get('viewer')
    const rows = await viewer.replica.index({ view: 'message', patient: viewer.patient })
    const threads = Map.groupBy(rows, (row) => (row.body as unknown as Message).thread)
    // What is shown is read, once for each person.
    const by = await byOf(viewer)
    const read = rows.filter((row) => row.state === 'out' && !(row.body as { read: boolean }).read)
    if (read.length > 0)
      await viewer.replica.change([
        {
          collection: 'messages',
          key: viewer.patient,
          add: Object.fromEntries(
            read.map((row) => [
              `read:${viewer.account}:${row.id}`,
              { kind: 'read' as const, at: clock.now(), by, entry: row.id },
            ]),
          ),
        },
      ])
    const frame = await frameOf(c, 'Messages', '/messages')
    const zone = await zoneOf(viewer)
    const shown = [...threads]
      .toReversed()
      .map(([thread, messages]) => threadCard(viewer, thread, messages, zone, clock))
    const fresh = mintUlid(clock)
    return c.html(
      page(frame, [
        ...(shown.length > 0 ? shown : [html`<p>No messages yet. What the office writes to you appears here.</p>`]),
        html`<section class="card">
          <details ${shown.length === 0 ? 'open' : ''}>
            <summary>Write a new message</summary>
            ${composer(viewer, fresh, undefined, clock)}
          </details>
        </section>`,
      ]),
    )
  })

  app.post('/messages', async (c) => {
    const viewer = c.get('viewer')
    const form = v.safeParse(messageSchema, await c.req.parseBody())
    if (!form.success)
      return c.html(
        await problem(
          c,
          'The message was not sent',
          'A message needs a subject and a text of at most 20,000 characters. Go back: what you wrote is still there.',
        ),
        400,
      )
    const { id, thread, subject, text } = form.output
    await viewer.replica.change([
      {
        collection: 'messages',
        key: viewer.patient,
        facts: await factsOf(viewer.replica, 'patients', viewer.patient),
        add: {
          [id]: { kind: 'message', at: clock.now(), by: await byOf(viewer), thread: thread as never, subject, text },
        },
      },
    ])
    return c.redirect('/messages?said=sent', 303)
  })

  app.get('/plan', async (c) => {
    const viewer = c.get('viewer')
    const plans = await viewer.replica.index({ view: 'plan', patient: viewer.patient, state: 'shown' })
    const cards = plans.map((row) => {
      const { words, stages } = row.body as unknown as { words: string; stages: StageFields[] }
      const visible = stages.filter((stage) => stage.words !== null)
      const current = visible.find((stage) => !stage.completed)
      return html`<section class="card">
        <h2>${words}</h2>
        <ol>
          ${visible.map(
            (stage) =>
              html`<li ${stage === current ? html`aria-current="step"` : ''}>
                ${stage.words}
                ${stage.completed ? html`<span class="good">Done${stage.completedOn ? ` on ${dayText(stage.completedOn)}` : ''}</span>` : stage === current ? html`<strong>Next step</strong>` : ''}
              </li>`,
          )}
        </ol>
      </section>`
    })
    return c.html(
      page(
        await frameOf(c, 'My plan', '/plan'),
        cards.length > 0
          ? cards
          : html`<p>There is no plan to show yet. The office adds it after your first visit.</p>`,
      ),
    )
  })
  return app
}

interface OwnEvent { readonly id: string; readonly body: EventFields & { site: string; shown: boolean } } // prettier-ignore

async function upcoming(viewer: Viewer, clock: Clock): Promise<OwnEvent[]> {
  const rows = await viewer.replica.index({ view: 'event', patient: viewer.patient, from: clock.now() - 3_600_000 })
  return rows
    .map((row) => ({ id: row.id, body: row.body as unknown as OwnEvent['body'] }))
    .filter(({ body }) => body.shown && !body.deleted && body.status !== 'Canceled')
}

async function ownEvent(viewer: Viewer, key: string): Promise<OwnEvent | undefined> {
  const row = await viewer.replica.indexed('event', key)
  const body = row?.body as unknown as OwnEvent['body'] | undefined
  return row?.patient === viewer.patient && body?.shown && !body.deleted ? { id: key, body } : undefined
}

async function eventCard(viewer: Viewer, event: OwnEvent, next: boolean, clock: Clock): Promise<Html> {
  const { replica, csrf } = viewer
  const { body } = event
  const answers = ((await replica.indexed('confirmation', event.id))?.body ?? []) as unknown as Answer[]
  const answer = answerFor(answers, body.startsAt)
  const stale = !answer && answers.some((one) => one.startsAt !== body.startsAt)
  const practice = await practiceOf(replica, body.site)
  const place =
    body.location === null ? null : (practice[`location/${body.location}`] as unknown as LocationValue | undefined)
  const hidden = (): Record<string, string> => ({ csrf, id: mintUlid(clock), event: event.id, startsAt: body.startsAt })
  // Last Confirmed Date of an answer to another time says nothing of this one (DOM-3).
  const ofAnotherTime = answers.some(
    (one) => one.startsAt !== body.startsAt && one.state === 'written' && one.lastConfirmed === body.lastConfirmed,
  )
  const officeSays = ofAnotherTime ? null : body.lastConfirmed
  const state =
    answer?.state === 'written'
      ? html`<p class="good" role="status">Confirmed in the office's schedule on ${wallText(answer.lastConfirmed)}</p>`
      : answer?.state === 'sent'
        ? html`<p class="good" role="status">Sent to the office</p>
            ${viewer.office.connected ? '' : html`<p>The office is offline. We have your answer and will pass it on.</p>`}`
        : officeSays
          ? html`<p class="good">Confirmed in the office's schedule on ${wallText(officeSays)}</p>`
          : html`${stale ? html`<p class="notice error"><strong>This appointment has changed.</strong> Please confirm the new time.</p>` : ''}${button('/confirm', 'Confirm', hidden(), '', 'main')}`
  const note = (id: string): Html =>
    html`<label for="${id}">Anything the office should know (optional)</label
      ><textarea id="${id}" name="note" maxlength="2000"></textarea>`
  return html`<section class="card">
    <h2>${next ? 'Your next appointment' : 'Later appointment'}</h2>
    <p class="when">${wallText(body.startsAt)}</p>
    <p>${body.words}${place ? html` · ${place.name}` : ''}</p>
    ${place?.address ? html`<p class="soft">${place.address}</p>` : ''} ${state}
    <details>
      <summary>I need a change</summary>
      ${button('/decline', "I can't make it", hidden(), note(`decline-${event.id}`))}
      ${button('/move', 'Ask to move', hidden(), note(`move-${event.id}`))}
      <p class="soft">The office decides and answers you. Nothing changes before.</p>
    </details>
  </section>`
}

function threadCard(viewer: Viewer, thread: string, messages: readonly IndexRow[], zone: string, clock: Clock): Html {
  const bodies = messages.map((row) => ({ at: row.at, out: row.state === 'out', ...(row.body as unknown as Message) }))
  const subject = bodies[0]!.subject
  return html`<section class="card">
    <h2>${subject}</h2>
    ${bodies.map(
      (message) =>
        html`<div class="${message.out ? 'them' : 'mine'}">
          <p class="soft">
            ${message.out ? 'The office' : (message.by.name ?? 'You')} · ${instantText(message.at, zone)}
          </p>
          <p class="text">${message.retracted ? 'This message was retracted.' : message.text}</p>
        </div>`,
    )}
    ${composer(viewer, thread, subject, clock)}
  </section>`
}

function composer(viewer: Viewer, thread: string, subject: string | undefined, clock: Clock): Html {
  return html`<form method="post" action="/messages">
    <p class="soft">Not for emergencies. In an emergency call 911.</p>
    <input type="hidden" name="csrf" value="${viewer.csrf}" /><input
      type="hidden"
      name="id"
      value="${mintUlid(clock)}"
    /><input type="hidden" name="thread" value="${thread}" />
    ${
      subject === undefined
        ? html`<label for="subject-${thread}">Subject</label
            ><input id="subject-${thread}" name="subject" required maxlength="200" />`
        : html`<input type="hidden" name="subject" value="${subject}" />`
    }
    <label for="text-${thread}">${subject === undefined ? 'Message' : 'Your answer'}</label
    ><textarea id="text-${thread}" name="text" required maxlength="20000"></textarea>
    <button class="main">${subject === undefined ? 'Send message' : 'Send answer'}</button>
  </form>`
}

function officeLine(viewer: Viewer, frame: PageOptions & { zone: string }): Html {
  const { heardAt } = viewer.office
  return html`<p class="soft">
    Office data as of ${heardAt === null ? 'the first upload' : instantText(heardAt, frame.zone)}
  </p>`
}

const said: Readonly<Record<string, string>> = {
  confirmed: 'Thank you. Your answer is sent to the office.',
  moved: 'This appointment has changed since you opened the page. Your answer was not taken for the new time.',
  asked: 'Your wish is sent to the office. They will answer you.',
  sent: 'Your message is sent to the office.',
  password: 'Your password is set.',
}

/** The frame of a page for its viewer: the practice's name and phone, and what there is to see. */
export async function frameOf(c: Context<Env>, title: string, here: string): Promise<PageOptions & { zone: string }> {
  const viewer = c.get('viewer')
  const practice = await practiceOf(viewer.replica, await siteOf(viewer))
  const links = [['/', 'Home'], ['/messages', 'Messages'], ['/plan', 'My plan']].map(([href, text]) => ({ href: href!, text: text!, here: href === here })) // prettier-ignore
  const name = typeof practice.practiceName === 'string' ? practice.practiceName : 'Patient portal'
  return {
    title,
    practice: name,
    phone: practice.phone ?? null,
    links,
    csrf: viewer.csrf,
    notice: said[c.req.query('said') ?? ''],
    zone: practice.zone ?? 'UTC',
  }
}

async function problem(c: Context<Env>, title: string, what: string): Promise<Html> {
  return page(await frameOf(c, title, ''), html`<p class="notice error" role="alert">${what}</p>`)
}

async function siteOf(viewer: Viewer): Promise<string> {
  return (await viewer.replica.head('patients', viewer.patient))?.facts.site ?? ''
}
async function zoneOf(viewer: Viewer): Promise<string> {
  return (await practiceOf(viewer.replica, await siteOf(viewer))).zone ?? 'UTC'
}
async function practiceOf(replica: Replica, site: string): Promise<Partial<PracticeFields> & Record<string, unknown>> {
  return ((await replica.indexed('practice', site))?.body ?? {}) as Partial<PracticeFields> & Record<string, unknown>
}
async function byOf(viewer: Viewer): Promise<By> {
  const patient = (await viewer.replica.indexed('patient', viewer.patient))?.body as unknown as
    PatientFields | undefined
  return {
    role: 'patient',
    id: viewer.account,
    ...(patient ? { name: `${patient.firstName} ${patient.lastName}`.trim() } : {}),
  }
}
async function unreadOf(viewer: Viewer): Promise<number> {
  const rows = await viewer.replica.index({ view: 'message', patient: viewer.patient, state: 'out' })
  return rows.filter((row) => !(row.body as { read: boolean }).read).length
}

/** The facts for a document that hangs on another: those of that one. */
export async function factsOf(replica: Replica, collection: 'patients' | 'events', key: string) {
  const head = await replica.head(collection, key)
  if (!head) throw new Error(`There is no document ${collection}/${key}`)
  const { at: _, ...facts } = head.facts
  return facts
}
