/**
 * The fields of the records as the bridges write and the pages read them. Only what may leave the practice has a name
 * here: Special Issues, Alert Notes, resources, interest level and procedure codes have none.
 * A field that was never written is absent; a value that InSched has not is null.
 */
import { derivedUlid } from '../ids.ts'

/** `patients/<ulid>`. */
export interface PatientFields {
  readonly firstName: string
  readonly middleName: string | null
  readonly lastName: string
  /** `YYYY-MM-DD`. */
  readonly birthDate: string | null
  readonly homePhone: string | null
  readonly cellPhone: string | null
  readonly email: string | null
  /** BCP 47, `en` or `es` where known. */
  readonly language: string | null
  /** The IANA zones of the state of the address, a blank between them: when it is night there. The address has no field. */
  readonly zones: string | null
  /** DOM-20: true, false, or null for unknown, which counts as no. */
  readonly textConsent: boolean | null
  readonly emailConsent: boolean | null
  readonly portalEnabled: boolean
  /** Integer cents. */
  readonly balanceDueCents: number | null
  /** The Survivor's key where this patient was combined into another (DOM-10). */
  readonly survivor: string | null
  /** Who answers for the patient, by key: of a minor the guarantor is told. */
  readonly guarantor: string | null
  /** Patients to whom a relation is on file, by key. */
  readonly relatives: readonly string[]
  /** Deleted in InSched. */
  readonly deleted: boolean
}

/** InSched's words (domain.md 2). There is no status "Confirmed". */
export const eventStatuses = ['None', 'Checked In', 'Checked Out', 'Check Back', 'No Show', 'Canceled'] as const
export type EventStatus = (typeof eventStatuses)[number]

/** `events/<ulid>`; its patient and owning site are facts. */
export interface EventFields {
  /** The event type in words for patients; empty or null is not shown. */
  readonly words: string | null
  /** The key of the event type (`eventTypeKey`), which says nothing of what it is; null: it has none. */
  readonly type: string | null
  /** Wall clock of the location, `YYYY-MM-DDTHH:MM`. */
  readonly startsAt: string
  readonly minutes: number
  /** The location's id in `practice/<site>`, field `location/<id>`; null: the site's own address. */
  readonly location: string | null
  readonly status: EventStatus
  /** Wall clock of the location. */
  readonly lastConfirmed: string | null
  readonly confirmationType: string | null
  /** Deleted in InSched, which is not the same as Canceled. */
  readonly deleted: boolean
}

/** How rules and events name an event type of a site: not by its name, which may say what is treated. */
export function eventTypeKey(site: string, type: string): string {
  return derivedUlid('event type', site, type)
}

/** `plans/<ulid>`: beside these, each stage as flat keys `stage/<id>/<field>` of StageFields. */
export interface PlanFields {
  /** The plan's words for patients; null is not shown. */
  readonly words: string | null
  readonly status: string | null
  /** `YYYY-MM-DD`. */
  readonly startsOn: string | null
  readonly endsOn: string | null
  readonly deleted: boolean
}

export interface StageFields {
  readonly words: string | null
  readonly position: number
  readonly completed: boolean
  readonly completedOn: string | null
  readonly deleted: boolean
}

/** `practice/<site>`: beside these, `location/<id>` holding a LocationValue. */
export interface PracticeFields {
  readonly siteName: string
  readonly practiceName: string
  readonly phone: string | null
  readonly address: string | null
  /** IANA zone. */
  readonly zone: string
}

export interface LocationValue {
  readonly name: string
  readonly zone: string
  readonly address: string | null
  readonly phone: string | null
}

/** A record of which all but these fields may be withheld. */
export type Leaving<F, N extends keyof F> = Partial<F> & Pick<F, N>
export type LeavingPatient = Leaving<PatientFields, 'firstName' | 'lastName' | 'birthDate' | 'textConsent' | 'emailConsent' | 'portalEnabled' | 'survivor' | 'deleted'> // prettier-ignore
export type LeavingEvent = Leaving<EventFields, 'startsAt' | 'location' | 'status' | 'deleted'>

const stageFields: ReadonlySet<string> = new Set(['words', 'position', 'completed', 'completedOn', 'deleted'])

export type Stage = StageFields & { readonly id: string }

/** The stages of a plan in their order, from the flat keys of its record (`stage/<id>/<field>`); deleted ones left out. */
export function stagesOf(fields: Iterable<readonly [string, unknown]>): Stage[] {
  const stages = new Map<string, { -readonly [F in keyof Stage]: Stage[F] }>()
  for (const [key, value] of fields) {
    if (!key.startsWith('stage/')) continue
    const end = key.lastIndexOf('/')
    const [id, field] = [key.slice('stage/'.length, end), key.slice(end + 1)]
    if (id === '' || !stageFields.has(field)) continue
    let stage = stages.get(id)
    if (!stage)
      stages.set(id, (stage = { id, words: null, position: 0, completed: false, completedOn: null, deleted: false }))
    stage[field as 'words'] = value as string | null
  }
  return [...stages.values()]
    .filter((stage) => !stage.deleted)
    .toSorted((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1))
}

/** In `preferences`, by `portalFieldsKey`: how a practice has its patients' pages. What was never written is as its comment says. */
export interface PortalFields {
  /** What stands above every composer; our own words by default. */
  readonly guidelines: string | null
  /** In how many working days the office answers; not said by default. */
  readonly answersWithinDays: number | null
  /** Whether patients see that the office has opened their message; by default not. */
  readonly showsRead: boolean
  /** Whether patients may begin a thread; by default they may. */
  readonly patientsMayStart: boolean
  /** From which age on a parent or guardian no longer sees a patient's messages; by default from none before 18. */
  readonly messagesEndAtAge: number | null
  /** What stands in a patient's calendar; the practice's name by default. */
  readonly calendarTitle: string | null
  /** The least that may be paid online, and how much above the balance; a dollar and nothing by default. */
  readonly payMinimumCents: number
  readonly payOverCents: number
}

/** The key of the document that says how a site has its patients' pages. */
export function portalFieldsKey(site: string): string {
  return derivedUlid('preferences', site, 'portal')
}
