/** The events of a patient as pages show them: which there are, where each takes place, what was answered and asked, and what became of it. */
import type { Clock } from '../../replica/clock.ts'
import { answerFor, type Answer } from '../../replica/kinds/confirmations.ts'
import type { EventFields, LocationValue } from '../../replica/kinds/fields.ts'
import type { Request } from '../../replica/kinds/requests.ts'
import { practiceOf, type Member } from './viewer.ts'

export interface OwnEvent { readonly id: string; readonly at: number; readonly body: EventFields & { site: string; shown: boolean } } // prettier-ignore

/** For how long after its start an event is still the next one. */
const stillOn = 3_600_000

/** The events of a patient that patients are shown: those to come with the one that goes on, and those before, newest first. */
export async function eventsOf({ replica, patient }: Member, clock: Clock): Promise<{ upcoming: OwnEvent[]; past: OwnEvent[] }> {
  const rows = await replica.index({ view: 'event', patient })
  const events = rows
    .map((row) => ({ id: row.id, at: row.at, body: row.body as unknown as OwnEvent['body'] }))
    .filter(({ body }) => body.shown && !body.deleted)
  const from = clock.now() - stillOn
  const isOver = ({ at, body }: OwnEvent): boolean => at < from || body.status === 'Checked Out' || body.status === 'No Show'
  return { upcoming: events.filter((one) => !isOver(one)), past: events.filter(isOver).toReversed() }
} // prettier-ignore

/** The events to come that take place. */
export async function upcoming(member: Member, clock: Clock): Promise<OwnEvent[]> {
  return (await eventsOf(member, clock)).upcoming.filter(({ body }) => body.status !== 'Canceled')
}

export async function ownEvent({ replica, patient }: Member, key: string): Promise<OwnEvent | undefined> {
  const row = await replica.indexed('event', key)
  const body = row?.body as unknown as OwnEvent['body'] | undefined
  return row?.patient === patient && body?.shown && !body.deleted ? { id: key, at: row.at, body } : undefined
}

/** How far an event is confirmed; `changed`: the patient answered, but for another time. `on`: wall clock of the location. */
export type Confirmed =
  { readonly state: 'open' | 'changed' | 'sent' } | { readonly state: 'confirmed'; readonly on: string }

export async function confirmedOf({ replica }: Member, { id, body }: OwnEvent): Promise<Confirmed> {
  const answers = ((await replica.indexed('confirmation', id))?.body ?? []) as unknown as Answer[]
  const answer = answerFor(answers, body.startsAt)
  if (answer?.state === 'written') return { state: 'confirmed', on: answer.lastConfirmed }
  if (answer?.state === 'sent') return { state: 'sent' }
  const others = answers.filter((one) => one.startsAt !== body.startsAt)
  // Last Confirmed Date of an answer to another time says nothing of this one (DOM-3).
  const ofAnother = others.some((one) => one.state === 'written' && one.lastConfirmed === body.lastConfirmed)
  if (body.lastConfirmed && !ofAnother) return { state: 'confirmed', on: body.lastConfirmed }
  return { state: !answer && others.length > 0 ? 'changed' : 'open' }
}

/** What the patient asked of an event at the time that it has now, newest first. */
export type Wish = Extract<Request, { kind: 'declined' | 'wants to move' }>
export async function wishesFor({ replica, patient }: Member, { id, body }: OwnEvent): Promise<Wish[]> {
  const rows = await replica.index({ view: 'request', patient, descending: true })
  return rows
    .map((row) => row.body as unknown as Request)
    .filter((one): one is Wish => one.kind !== 'contact change' && one.event === id && one.startsAt === body.startsAt)
}

export interface Where {
  readonly place: LocationValue | null
  /** The IANA zone of its wall clock. */
  readonly zone: string
  /** Whom to call about it. */
  readonly phone: string | null
}

/** Where an event takes place; a `place` of null: at the site's own address. */
export async function whereIs(member: Member, { body }: OwnEvent): Promise<Where> {
  const practice = await practiceOf(member, body.site)
  const place = body.location === null ? null : ((practice[`location/${body.location}`] as LocationValue | undefined) ?? null)
  return { place, zone: place?.zone ?? practice.zone ?? 'UTC', phone: place?.phone ?? practice.phone ?? null }
} // prettier-ignore
