/**
 * The events of a day as a front desk asks about them: was the patient told, what did they answer, when did it come here,
 * when was it written into InSched and read back there. From the replica alone, so that it stands while InSched is
 * disconnected. A time that nobody noted is null, never guessed.
 */
import { instantOf } from '../mirror/wall-clock.ts'
import { foldAccess } from '../replica/kinds/access.ts'
import { foldCommunications } from '../replica/kinds/communications.ts'
import { answerFor, foldConfirmations } from '../replica/kinds/confirmations.ts'
import type { EventFields, PatientFields } from '../replica/kinds/fields.ts'
import type { Request } from '../replica/kinds/requests.ts'
import type { Follower, IndexRow, Replica } from '../replica/replica-face.ts'
import type { Desk } from '../server/console/desk-sqlite.ts'
import type {
  EventOfDay,
  EventStory,
  PatientName,
  Reach,
  TextOfEvent,
  Told,
  WhyText,
} from '../server/console/site-views.ts'

export function dayOfSite(site: {
  readonly replica: Replica
  readonly index: Follower
  readonly desk: Desk
  readonly localOf: (document: string) => Promise<number | undefined>
  readonly zone: () => Promise<string>
  /** The key of the site. */
  readonly site: string
  /** What the rules for texts come to for an event. */
  readonly whyTexts: (event: string) => Promise<readonly WhyText[]>
}) {
  const { replica, index, desk, localOf } = site

  const fieldsOf = async (patient: string): Promise<Partial<PatientFields>> =>
    ((await replica.indexed('patient', patient))?.body ?? {}) as Partial<PatientFields>
  const nameOf = async (patient: string): Promise<PatientName> => {
    const { firstName = '', lastName = '' } = await fieldsOf(patient)
    return { key: patient, local: (await localOf(patient)) ?? null, name: `${firstName} ${lastName}`.trim() }
  }
  const reachOf = async (patient: string): Promise<Reach> => {
    if ((await fieldsOf(patient)).portalEnabled !== true) return 'no portal access'
    const { accounts, representatives } = foldAccess(await replica.entries('access', patient))
    return accounts.length > 0 || representatives.some((one) => one.account !== null) ? 'reached' : 'never signed in'
  }
  const toldOf = async (patient: string, event: string): Promise<Told[]> =>
    (await replica.index({ view: 'message', patient, state: 'out' })).flatMap(({ at, body }) => {
      const message = body as unknown as { event: string | null; read: boolean; subject: string; retracted: boolean }
      return message.event === event && !message.retracted ? [{ at, read: message.read, subject: message.subject }] : []
    })
  const textsOf = async (patient: string, event: string): Promise<TextOfEvent[]> => {
    const { out, received } = foldCommunications(await replica.entries('communications', patient))
    const went = out.filter((one) => one.event === event).map(({ at, kind, what, state, body }): TextOfEvent => ({ at, direction: 'out', by: kind, what, state, body })) // prettier-ignore
    const came = received.filter((one) => one.event === event).map(({ at, body }): TextOfEvent => ({ at, direction: 'in', by: 'text', what: null, state: null, body })) // prettier-ignore
    return [...went, ...came]
  }
  const wishesOf = async (patient: string, event: string): Promise<Request[]> =>
    (await replica.index({ view: 'request', patient }))
      .map((row) => row.body as unknown as Request)
      .filter((one) => one.kind !== 'contact change' && one.event === event)
      .toSorted((a, b) => a.at - b.at)
  /** What is said of an event on any page; texts are read for one that is looked at, not for each of a day. */
  const storyOf = async (row: IndexRow): Promise<Omit<EventStory, 'texts' | 'whyTexts' | 'held'>> => {
    const { id, patient } = row
    const fields = row.body as unknown as EventFields
    const answers = foldConfirmations(await replica.entries('confirmations', id))
    const told = await toldOf(patient!, id)
    const wishes = await wishesOf(patient!, id)
    const answer = answerFor(answers, fields.startsAt) ?? null
    const wish = wishes.findLast((one) => one.state === 'open' && one.kind !== 'contact change' && one.startsAt === fields.startsAt) ?? null // prettier-ignore
    const said = wish && (!answer || wish.at > answer.at) ? wish : answer
    return {
      key: id,
      event: (await localOf(id)) ?? null,
      patient: await nameOf(patient!),
      startsAt: fields.startsAt,
      words: fields.words,
      status: fields.status,
      lastConfirmed: fields.lastConfirmed,
      confirmationType: fields.confirmationType,
      told: told.at(-1) ?? null,
      reach: await reachOf(patient!),
      answer,
      wish,
      receivedAt: said && desk.receivedAt(said.id),
      allTold: told,
      answers: answers.map((one) => ({ ...one, receivedAt: desk.receivedAt(one.id) })),
      wishes: wishes.map((one) => ({ ...one, receivedAt: desk.receivedAt(one.id) })),
    }
  }
  const isOwn = ({ patient, state, body }: IndexRow): boolean =>
    patient !== null && state !== 'deleted' && (body as { site?: string | null }).site === site.site

  return {
    nameOf,
    /** The events of patients on a day `YYYY-MM-DD` of the site's zone, in order of start. */
    async day(date: string): Promise<EventOfDay[]> {
      await index.caughtUp()
      const zone = await site.zone()
      const from = instantOf(`${date}T00:00`, zone)
      // A location elsewhere may have its day a little earlier or later: the wall clock decides.
      const rows = await replica.index({ view: 'event', from: from - 14 * 3_600_000, before: from + 38 * 3_600_000 })
      const own = rows.filter((row) => isOwn(row) && (row.body as unknown as EventFields).startsAt.startsWith(date))
      return Promise.all(own.map(storyOf))
    },
    /** One event with all that was said about it; undefined where it is not of this site. */
    async event(key: string): Promise<EventStory | undefined> {
      await index.caughtUp()
      const row = await replica.indexed('event', key)
      if (!row || !isOwn(row)) return undefined
      const { holds } = foldCommunications(await replica.entries('communications', row.patient!))
      const held = holds.find((one) => one.event === key && one.holds)
      return {
        ...(await storyOf(row)),
        texts: await textsOf(row.patient!, key),
        whyTexts: await site.whyTexts(key),
        held: held ? { at: held.at, by: held.by } : null,
      }
    },
  }
}
