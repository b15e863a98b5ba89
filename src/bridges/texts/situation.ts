/** What is known of an event where its texts are judged: from the replica alone, so that portal and site come to the same. */
import { answerFor, foldConfirmations } from '../../replica/kinds/confirmations.ts'
import {
  foldCommunications,
  type ChannelChoice,
  type Communications,
  type OutMessage,
} from '../../replica/kinds/communications.ts'
import type { EventFields, LocationValue, PatientFields, PracticeFields } from '../../replica/kinds/fields.ts'
import { foldRequests } from '../../replica/kinds/requests.ts'
import { instantOf } from '../../mirror/wall-clock.ts'
import type { Json } from '../../replica/json.ts'
import type { Replica } from '../../replica/replica-face.ts'
import { isBounced, whyNoEmail, type WhyNoEmail } from '../email/mailable.ts'
import { choiceThrough, type OpenChannels } from './channels.ts'
import { numberOf, type ConsentKeys } from './consent-number.ts'
import { consentsOf } from './consent.ts'
import { textSettingsKey, textSettingsOf, type TextSettings } from './rules.ts'
import type { Sender, TextLanguage } from './wording.ts'
import { textLanguage } from './wording.ts'
import { zonesOfNumber } from './zones.ts'

/** All that is asked of one event. */
export interface Situation {
  readonly now: number
  readonly settings: TextSettings
  readonly event: {
    readonly key: string
    /** Wall clock of the location. */
    readonly startsAt: string
    readonly status: string
    readonly deleted: boolean
    readonly location: string | null
    /** The key of its event type; null: it has none. */
    readonly type: string | null
    readonly minutes: number
    /** When it was given this start, milliseconds UTC. */
    readonly bookedAt: number
  }
  /** The zone of its location. */
  readonly zone: string
  /** Every zone in which the receiver may be. */
  readonly zones: readonly string[]
  /** The key of the receiver's number in `consents`; null: there is none. */
  readonly recipient: string | null
  /** Why the patient may not be texted. */
  readonly whyNoText: OpenChannels['whyNoText']
  /** Why the patient may not be mailed. */
  readonly whyNoEmail: OpenChannels['whyNoEmail']
  /** How the patient, or whoever is told for one, chose to be reached. */
  readonly choice: ChannelChoice
  /** What the patient or the office said of this start. */
  readonly said: 'confirmed' | 'declined' | null
  /** Whether the record is no more the patient's that it was: combined, deleted. */
  readonly isGone: boolean
  readonly history: Communications
  /** When texts by a rule went to the number, milliseconds UTC, in the last eight days at least. */
  readonly toNumber: readonly number[]
  /** Texts go to a sandbox that has no night. */
  readonly isAnyHour?: boolean | undefined
}

/** A situation with what a text needs. */
export interface Told extends Situation {
  readonly site: string
  readonly patient: string
  /** Whose number it is, by key: the patient's, or of a minor the guarantor's. */
  readonly receiver: string
  /** Those who are family of the receiver, whichever of the two records says so. */
  readonly relatives: ReadonlySet<string>
  /** E.164; null: there is none. */
  readonly number: string | null
  /** The receiver's mail address, and its key in `consents`; null: there is none. */
  readonly mailTo: { readonly address: string; readonly recipient: string } | null
  readonly firstName: string
  readonly locationName: string | null
  readonly language: TextLanguage
  /** Whether a text to the number has said how to stop lately. */
  readonly knowsStop: boolean
  readonly sender: Sender
}

/** How long back texts to a number count; so often at least one says how to stop. */
const counted = 30 * 86_400_000
const day = 86_400_000
/** The views in which texts are found: by receiver, by event, and those of which the end is not known. */
export const toldTo = 'told to'
export const toldOf = 'told of'
export const unsettled = 'unsettled'
/** The view in which numbers stand that are to be welcomed, by when staff set consent. */
export const toWelcomeView = 'to welcome'
/** The view in which the records that name somebody as family are found. */
export const relative = 'relative'

function isGone({ deleted, survivor }: Partial<PatientFields>): boolean {
  return deleted === true || (survivor ?? null) !== null
}

/** Whether somebody is younger than so many years on the day of a wall clock; nobody knows of one without a birth date. */
function isBelow(birthDate: string | null | undefined, years: number, wall: string): boolean {
  const born = /^(\d{4})(-\d\d-\d\d)$/.exec(birthDate ?? '')
  return born !== null && years > 0 && `${Number(born[1]) + years}${born[2]}` > wall.slice(0, 10)
}

export type Situations = ReturnType<typeof situationsOf>

export function situationsOf({
  replica,
  keys,
  hasMail = () => true,
}: {
  readonly replica: Replica
  readonly keys: ConsentKeys
  /** Whether the portal has a mail server; a site, which cannot know, takes it that it has. */
  readonly hasMail?: (() => boolean) | undefined
}) {
  const consents = consentsOf({ replica, keys })

  /** What a site has set, read anew where it has changed: it is asked for with each event. */
  const settings = new Map<string, { readonly seq: number; readonly settings: TextSettings }>()
  const settingsOf = async (site: string): Promise<TextSettings> => {
    const key = textSettingsKey(site)
    const seq = (await replica.head('preferences', key))?.seq ?? 0
    const held = settings.get(site)
    if (held?.seq === seq) return held.settings
    const read = { seq, settings: textSettingsOf((await replica.record('preferences', key))?.fields ?? {}) }
    settings.set(site, read)
    return read.settings
  }
  const practiceOf = async (site: string): Promise<Partial<PracticeFields> & Readonly<Record<string, Json>>> =>
    (await replica.record('practice', site))?.fields ?? {}

  /** The patient's own entries, and what the index has of the event under another patient: after Combine it was told to the Donor. */
  const historyOf = async (patient: string, event: string): Promise<Communications> => {
    const own = foldCommunications(await replica.entries('communications', patient))
    const known = new Set(own.out.map((one) => one.id))
    const rows = await replica.index({ view: toldOf, state: event })
    const others = rows.flatMap((row) => (known.has(row.id) ? [] : [row.body as unknown as OutMessage]))
    return { ...own, out: [...own.out, ...others] }
  }
  const saidOf = async (patient: string, event: string, startsAt: string): Promise<Situation['said']> => {
    const answer = answerFor(foldConfirmations(await replica.entries('confirmations', event)), startsAt)
    const wish = foldRequests(await replica.entries('requests', patient)).find((one) => one.kind !== 'contact change' && one.event === event && one.startsAt === startsAt && one.state !== 'refused') // prettier-ignore
    if (wish && (!answer || wish.at > answer.at)) return 'declined'
    return answer && answer.state !== 'set aside' ? 'confirmed' : null
  } // prettier-ignore

  const personOf = async (patient: string): Promise<Partial<PatientFields>> =>
    ((await replica.record('patients', patient))?.fields ?? {}) as Partial<PatientFields>
  /** Why the patient, or whoever is told for a minor, gets no text. A no of either is a no. */
  const whyNoTextTo = async (person: Partial<PatientFields>, guarantor?: Partial<PatientFields>): Promise<Situation['whyNoText']> => {
    const { cellPhone = null, textConsent = null } = guarantor ?? person
    const why = await consents.whyNoText({ cellPhone, textConsent })
    if (!guarantor) return why
    if (person.textConsent === false && why !== 'opted out') return 'no consent'
    return why === 'no number' ? 'no number of the guarantor' : why
  } // prettier-ignore
  /** The same of mail. */
  const whyNoEmailTo = async (person: Partial<PatientFields>, owner: Partial<PatientFields>, recipient: string | undefined, out: readonly OutMessage[]): Promise<WhyNoEmail | null> => {
    const state = recipient === undefined ? 'unknown' : (await consents.of(recipient)).state
    const why = whyNoEmail({ person: owner, state, isBounced: recipient !== undefined && isBounced(recipient, out) })
    if (owner === person || why === 'unsubscribed') return why
    if (person.emailConsent === false) return 'no email consent'
    return why === 'no address' ? 'no address of the guarantor' : why
  } // prettier-ignore
  const relativesOf = async (of: string, { guarantor, relatives = [] }: Partial<PatientFields>): Promise<ReadonlySet<string>> => {
    const naming = await replica.index({ view: relative, state: of })
    return new Set([...(guarantor ? [guarantor] : []), ...relatives, ...naming.map((row) => row.patient!)])
  } // prettier-ignore

  return {
    settingsOf,
    practiceOf,
    consents,
    /** How texts of a site name the practice, and whom to call. */
    async senderOf(site: string, location: string | null = null): Promise<Sender> {
      const [practice, settings] = [await practiceOf(site), await settingsOf(site)]
      const place = location === null ? undefined : (practice[`location/${location}`] as LocationValue | undefined)
      return { practice: settings.practiceName || (practice.practiceName ?? ''), phone: place?.phone ?? practice.phone ?? null } // prettier-ignore
    },
    /** How a patient is reached by what is on file and was chosen, nobody else being asked. */
    async reached(patient: string): Promise<OpenChannels & Pick<Communications, 'choice' | 'chosen'>> {
      const [person, said] = [await personOf(patient), foldCommunications(await replica.entries('communications', patient))] // prettier-ignore
      const recipient = person.email ? keys.ofAddress(person.email) : undefined
      return { whyNoText: await whyNoTextTo(person), whyNoEmail: await whyNoEmailTo(person, person, recipient, said.out), choice: said.choice, chosen: said.chosen } // prettier-ignore
    },
    /** Events of the receiver's family that begin within a day of this one: those that one text may tell together with it. */
    async near({ patient, receiver, relatives, event, zone }: Told): Promise<string[]> {
      const start = instantOf(event.startsAt, zone)
      const adults = new Set([patient, receiver, ...relatives])
      // A relative's wards are told through the relative.
      const naming = await Promise.all([...adults].map((one) => replica.index({ view: relative, state: one })))
      const people = new Set([...adults, ...naming.flat().map((row) => row.patient!)])
      const rows = await Promise.all([...people].map((one) => replica.index({ view: 'event', patient: one, from: start - day, before: start + day }))) // prettier-ignore
      return rows.flat().flatMap(({ id }) => (id === event.key ? [] : [id]))
    },
    /** All that is asked of an event now; undefined where it is no event of a patient that is held here. */
    async of(event: string, now: number): Promise<Told | undefined> {
      const head = await replica.head('events', event)
      const record = await replica.record('events', event)
      const { patient, site } = head?.facts ?? {}
      if (!record || !patient || !site) return undefined
      const fields = record.fields as Partial<EventFields>
      if (fields.startsAt === undefined) return undefined
      const [practice, settings] = [await practiceOf(site), await settingsOf(site)]
      const place = (fields.location ?? null) === null ? undefined : (practice[`location/${fields.location}`] as LocationValue | undefined) // prettier-ignore
      const zone = place?.zone ?? practice.zone
      // Without the practice's record no wall clock means anything: it has not come yet.
      if (zone === undefined) return undefined
      const person = await personOf(patient)
      const isMinor = isBelow(person.birthDate, settings.minorsUntil, fields.startsAt)
      const guarantor = (person.guarantor ?? patient) === patient ? undefined : (person.guarantor ?? undefined)
      const receiver = isMinor && guarantor !== undefined ? guarantor : patient
      const owner = receiver === patient ? person : await personOf(receiver)
      const number = numberOf(isGone(owner) && receiver !== patient ? null : owner.cellPhone) ?? null
      const recipient = number === null ? null : keys.ofNumber(number)
      const address = (isGone(owner) && receiver !== patient ? null : owner.email) || null
      const mailTo = address === null ? null : { address, recipient: keys.ofAddress(address) }
      const history = await historyOf(patient, event)
      const through = receiver === patient ? undefined : foldCommunications(await replica.entries('communications', receiver)) // prettier-ignore
      const out = through ? [...history.out, ...through.out] : history.out
      const said = await saidOf(patient, event, fields.startsAt)
      const [booked, confirmed] = [record.times.get('startsAt') ?? 0, record.times.get('lastConfirmed') ?? 0]
      // A Last Confirmed Date that was there before the event moved is for another time (DOM-3).
      const byOffice = (fields.lastConfirmed ?? null) !== null && confirmed >= booked
      const rows =
        recipient === null ? [] : await replica.index({ view: toldTo, state: recipient, from: now - counted })
      return {
        now,
        settings,
        site,
        patient,
        receiver,
        relatives: await relativesOf(receiver, owner),
        event: {
          key: event,
          startsAt: fields.startsAt,
          status: fields.status ?? 'None',
          deleted: fields.deleted === true,
          location: fields.location ?? null,
          type: fields.type ?? null,
          minutes: fields.minutes ?? 0,
          bookedAt: booked,
        },
        zone,
        zones: [zone, ...(number === null ? [] : zonesOfNumber(number)), ...(person.zones ?? '').split(' ').filter(Boolean)], // prettier-ignore
        recipient,
        number,
        mailTo,
        whyNoEmail: hasMail() ? await whyNoEmailTo(person, receiver === patient ? person : { ...owner, email: address }, mailTo?.recipient, out) : 'no mail server', // prettier-ignore
        choice: choiceThrough(history.choice, through?.choice),
        whyNoText: await whyNoTextTo(person, receiver === patient ? undefined : { ...owner, cellPhone: number }),
        said: said ?? (byOffice ? 'confirmed' : null),
        isGone: isGone(person),
        history,
        // What is said back to somebody who wrote counts as nothing.
        toNumber: rows.flatMap((row) => ((row.body as { rule?: string }).rule === undefined ? [] : [row.at])),
        knowsStop: rows.some((row) => (row.body as { saysStop?: boolean }).saysStop === true),
        firstName: person.firstName ?? '',
        locationName: place?.name ?? null,
        language: textLanguage(owner.language),
        sender: { practice: settings.practiceName || (practice.practiceName ?? ''), phone: place?.phone ?? practice.phone ?? null }, // prettier-ignore
      }
    },
  }
}
