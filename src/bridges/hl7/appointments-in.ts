/**
 * Appointments of other systems (SIU S12 to S17, S26). The event is MSH-9.2's; the appointment is SCH-2's id, and it must be
 * the PID's patient. Start is TQ1's, SCH-11's or the first resource's, in that order; the end is said, or follows from the
 * duration; where they contradict, the answer warns. Status is never "Confirmed" (DOM-1). An S13 or S14 that came before
 * its S12 waits for it, for a minute; then it books by itself, since it holds all that there is to know, staff are told, and
 * an S12 behind it changes nothing.
 */
import { instantOf } from '../../mirror/wall-clock.ts'
import type { Json } from '../../replica/json.ts'
import type { EventFields, EventStatus, LocationValue } from '../../replica/kinds/fields.ts'
import type { Edit } from '../../replica/replica-face.ts'
import type { Complaint } from './acknowledgements.ts'
import { BadMessage, type ErrorCode, type Place } from './bad-message.ts'
import { authorityOf } from './channels.ts'
import { ComesLater } from './intake.ts'
import type { Change, Handler, Handling } from './handling.ts'
import { segmentOf, segmentsOf, textAt, type Segment } from './message.ts'
import { documentOf, knownPatient, patientIds, survivorOf, type PeerId } from './people.ts'
import { instantOfTime, parseTime, wallClockIn } from './times.ts'

type How = 'book' | 'move' | 'modify' | 'cancel' | 'delete' | 'no show'

const ends: Partial<Readonly<Record<How, Readonly<Record<string, Json>>>>> = { cancel: { status: 'Canceled' }, 'no show': { status: 'No Show' }, delete: { deleted: true } } // prettier-ignore
const inWords: Readonly<Record<How, string>> = { book: 'booked', move: 'moved', modify: 'changed', cancel: 'canceled', delete: 'deleted', 'no show': 'marked as No Show' } // prettier-ignore
/** Table 0278 as far as InSched has a word for it; other words change nothing. */
const statuses: Readonly<Record<string, EventStatus>> = { BOOKED: 'None', STARTED: 'Checked In', COMPLETE: 'Checked Out', CANCELLED: 'Canceled', NOSHOW: 'No Show' } // prettier-ignore
const minutesOf: Readonly<Record<string, number>> = { S: 1 / 60, SEC: 1 / 60, SECONDS: 1 / 60, '': 1, M: 1, MIN: 1, MINUTE: 1, MINUTES: 1, H: 60, HR: 60, HOUR: 60, HOURS: 60 } // prettier-ignore
const usualMinutes = 30
/** How long a change waits for the message that books what it changes, milliseconds. */
const waitsForBooking = 60_000

/** `isRequest`: it is asked for, so what it changes has to be there. */
export function appointmentOf(how: How, { isRequest = false }: { readonly isRequest?: boolean } = {}): Handler {
  return async (handling) => {
    const { message, channel, queue, replica, queued, clock } = handling
    const sch = segmentOf(message, 'SCH')
    const at = { segment: 'SCH', field: 2 }
    const id = appointmentId(sch, channel)
    const patient = await knownPatient(handling, patientIds(segmentOf(message, 'PID'), channel), { segment: 'PID', field: 3 }) // prettier-ignore
    const event = await documentOf(handling, 'event', id)
    const stands = event === undefined ? undefined : ((await replica.record('events', event))?.fields as Partial<EventFields> | undefined) // prettier-ignore
    // What was deleted in InSched is another event when it comes again (DOM-17).
    const known = event !== undefined && stands && stands.deleted !== true ? event : undefined
    const owner = known === undefined ? null : (await replica.head('events', known))!.facts.patient
    if (owner !== null && (await survivorOf(replica, owner)) !== patient)
      throw new BadMessage('The appointment is another patient’s. Nothing was changed.', { code: '204', at: { segment: 'PID', field: 3 } }) // prettier-ignore
    const end = ends[how]
    if (known === undefined && (end || (isRequest && how !== 'book')))
      throw new BadMessage('This appointment is not known here.', { code: '204', at })
    if (end && known !== undefined) {
      return changedTo(handling, { how, patient, event: known, set: end, warnings: [] })
    }
    const isEarly = known === undefined && how !== 'book'
    if (isEarly && clock.now() < queued.at + waitsForBooking) throw new ComesLater(queued.at + waitsForBooking, warning('The appointment is not known yet. The message was taken, and waits a minute for the one that books it.', '204', at)) // prettier-ignore
    const sent =
      instantOfTime(parseTime(textAt(segmentOf(message, 'MSH'), 7)) ?? { year: 0 }, await handling.zone()) ?? 0
    const newest = queue.identity('event', id.authority, id.id)?.newest ?? 0
    if (how === 'book' && known && sent < newest) return { patient, edits: [], warnings: [warning('The appointment was changed since by a later message.', '205', at)] } // prettier-ignore
    const { set, warnings, eventType } = await saidIn(
      handling,
      sch,
      known === undefined ? null : (stands?.location ?? ''),
    )
    // One that was minted for this message before a crash has no record yet, and is the same.
    const minted = event !== undefined && !stands
    const document = known ?? (minted ? event : handling.mint())
    // Which document it is stands before the document does (DOM-17).
    if (id.authority !== channel.ownAuthority) await queue.identify('event', [id], document, { newest: sent, isNew: known === undefined }) // prettier-ignore
    const early = isEarly ? [warning('The appointment was not known before, and was booked.', '204', at)] : [] // prettier-ignore
    const status = how === 'move' && ['Canceled', 'No Show'].includes(stands?.status ?? '') ? { status: 'None' } : {} // prettier-ignore
    const fresh = known === undefined ? { words: null, location: null, status: 'None', lastConfirmed: null, confirmationType: null, deleted: false } : {} // prettier-ignore
    return changedTo(handling, { how: known === undefined ? 'book' : how, patient, event: document, set: { ...fresh, ...status, ...set }, warnings: [...warnings, ...early], eventType, isEarly }) // prettier-ignore
  }
}

/** SCH-2, the filler's id; SCH-1, the placer's, where there is none. */
function appointmentId(sch: Segment | undefined, channel: Handling['channel']): PeerId {
  for (const field of [2, 1]) {
    const id = textAt(sch, field)
    if (id !== '') return { id, authority: textAt(sch, field, { component: 2 }) || authorityOf(channel) }
  }
  throw new BadMessage('The message names no appointment.', { code: '101', at: { segment: 'SCH', field: 2 } })
}

interface Outcome {
  readonly how: How
  readonly patient: string
  readonly event: string
  readonly set: Readonly<Record<string, Json>>
  readonly warnings: readonly Complaint[]
  /** InSched's event type, where the channel has one for the peer's code. */
  readonly eventType?: string | undefined
  /** No message has booked it: staff are to look. */
  readonly isEarly?: boolean
}

async function changedTo({ replica, channel, queue, numbers, queued, site, zone }: Handling, { how, patient, event, set, warnings, eventType, isEarly }: Outcome): Promise<Change> {
  const stands = (await replica.record('events', event))?.fields ?? {}
  const fields = { ...stands, ...set } as unknown as EventFields
  const former = stands['startsAt'] as string | undefined
  const owner = (await replica.head('patients', patient))!.facts
  const where = await placeOf(replica, site, fields.location ?? '', await zone())
  const startsAt = instantOf(fields.startsAt, where.zone)
  const facts = { patient, site, shown: owner.shown && fields.words !== null, reachable: owner.reachable, startsAt } // prettier-ignore
  const changes = Object.entries(set).some(([field, value]) => stands[field] !== value)
  const edits: Edit[] = changes ? [{ collection: 'events', key: event, facts, set, at: queued.at }] : []
  const local = queue.isLanded(event) ? undefined : await numbers.localOf(event)
  const moved = former !== undefined && former !== fields.startsAt ? ` (it was ${former.replace('T', ' ')})` : '' // prettier-ignore
  const todo = {
    event,
    why: `${channel.name} ${inWords[how]} ${local === undefined ? 'an event' : `event ${local}`} of ${fields.startsAt.replace('T', ' ')}, ${fields.minutes} minutes${moved}. InSched does not have this yet.`,
    todo: local === undefined && how === 'book' ? 'Enter the event in InSched at this time for this patient. Both are one event here from then on, and this item ends by itself.' : 'Make the same change in InSched.',
  } // prettier-ignore
  if (!changes) return { patient, edits, warnings }
  // Deleting is staff's own: what is deleted there is gone.
  if (how === 'delete') return { patient, edits, warnings, todo }
  const record = { table: 'events' as const, document: event, patient, set: { ...rowOf(set), ...(eventType === undefined ? {} : { event_type: eventType }) }, was: rowOf(stands) } // prettier-ignore
  const look = { event, why: `${channel.name} changed an appointment of ${fields.startsAt.replace('T', ' ')} that no message had booked within a minute. It was booked as the change says.`, todo: 'Check with the other office whether it is right.' } // prettier-ignore
  return { patient, edits, warnings, ...(isEarly ? { todo: look } : {}), records: [{ record, todo }] }
} // prettier-ignore

/** InSched's columns of a record's fields. */
function rowOf(fields: Readonly<Record<string, Json>>): Record<string, string | number | null> {
  const row: Record<string, string | number | null> = {}
  for (const [field, column] of [['startsAt', 'starts_at'], ['minutes', 'minutes'], ['status', 'status']] as const)
    if (fields[field] !== undefined) row[column] = fields[field] as string | number
  if (fields['location'] !== undefined) row['location_id'] = fields['location'] === null ? null : Number(fields['location'])
  return row
} // prettier-ignore

async function placeOf(replica: Handling['replica'], site: string, location: string, zone: string): Promise<{ zone: string }> {
  const fields = (await replica.record('practice', site))?.fields ?? {}
  return { zone: (fields[`location/${location}`] as unknown as LocationValue | undefined)?.zone ?? zone }
} // prettier-ignore

/** What a message says of when, where and what. */
async function saidIn(handling: Handling, sch: Segment | undefined, former: string | null): Promise<{ set: Record<string, Json>; warnings: Complaint[]; eventType: string | undefined }> {
  const { message, channel, replica, site } = handling
  const warnings: Complaint[] = []
  const { location, unknown } = await locationIn(handling)
  if (unknown) warnings.push(warning('The place is not known here, and was left out.', '103', { segment: 'AIL', field: 3 }))
  const own = await handling.zone()
  const { zone } = await placeOf(replica, site, location ?? former ?? '', own)
  const written = channel.zone ?? own
  const tq1 = segmentOf(message, 'TQ1')
  const resource = (['AIS', 'AIP', 'AIL', 'AIG'] as const).flatMap((name) => segmentsOf(message, name).map((segment) => textAt(segment, startField[name]))).find((text) => text !== '') ?? '' // prettier-ignore
  const starts = [[textAt(tq1, 7), 'TQ1', 7], [textAt(sch, 11, { component: 4 }), 'SCH', 11], [resource, 'AIS', 4]] as const
  const [first, ...others] = starts.filter(([text]) => text !== '')
  if (!first) throw new BadMessage('The appointment has no start.', { code: '101', at: { segment: 'SCH', field: 11 } })
  const wall = (text: string, segment: string, field: number): string => {
    const time = parseTime(text)
    const clock = time && wallClockIn(time, zone, written)
    if (clock === undefined) throw new BadMessage('This is no time to the minute.', { code: '102', at: { segment, field } })
    return clock
  }
  const [text, segment, field] = first
  const startsAt = wall(text, segment, field)
  for (const [text, segment, field] of others) if (parseTime(text) && wall(text, segment, field) !== startsAt) warnings.push(warning('The message names more than one start; the first one counts.', '102', { segment, field })) // prettier-ignore
  const endText = textAt(tq1, 8) || textAt(sch, 11, { component: 5 })
  const explicit = endText === '' ? undefined : minutesBetween(startsAt, wall(endText, 'SCH', 11))
  const said = durationIn(message, sch)
  if (explicit !== undefined && said !== undefined && explicit !== said) warnings.push(warning(`The message says ${said} minutes, and from start to end are ${explicit}; these count.`, '102', { segment: 'SCH', field: 9 })) // prettier-ignore
  const minutes = explicit !== undefined && explicit > 0 ? explicit : said
  if (minutes === undefined) warnings.push(warning(`The message has no duration; ${usualMinutes} minutes were taken.`, '101', { segment: 'SCH', field: 9 })) // prettier-ignore
  if (minutes !== undefined && (minutes < 1 || minutes > 1_440)) throw new BadMessage('The duration is none that an appointment can have.', { code: '102', at: { segment: 'SCH', field: 9 } }) // prettier-ignore
  const codes = [textAt(sch, 7), textAt(sch, 8), textAt(sch, 7, { component: 2 }), textAt(sch, 8, { component: 2 })]
  const status = statuses[textAt(sch, 25).toUpperCase()]
  const set: Record<string, Json> = {
    startsAt,
    minutes: minutes ?? usualMinutes,
    // A place that is not known here changes nothing.
    ...(location === null ? {} : { location }),
    ...(status === undefined ? {} : { status }),
  }
  const typed = codes.find((one) => Object.hasOwn(channel.eventTypes, one))
  return { set, warnings, eventType: typed === undefined ? undefined : channel.eventTypes[typed] }
} // prettier-ignore

const startField = { AIS: 4, AIP: 6, AIL: 6, AIG: 8 } as const

function minutesBetween(from: string, until: string): number {
  return Math.round((Date.parse(`${until}Z`) - Date.parse(`${from}Z`)) / 60_000)
}

/** SCH-9 in the units of SCH-10; TQ1-6; or of the first resource that has one. Whole minutes. */
function durationIn(message: Handling['message'], sch: Segment | undefined): number | undefined {
  const ais = segmentOf(message, 'AIS')
  const given = [[textAt(sch, 9), textAt(sch, 10)], [textAt(ais, 7), textAt(ais, 8)]] as const // prettier-ignore
  for (const [number, unit] of given) {
    const factor = minutesOf[unit.toUpperCase()]
    if (/^\d{1,6}(\.\d+)?$/.test(number) && factor !== undefined)
      return Math.max(1, Math.round(Number(number) * factor))
  }
  return undefined
}

/** InSched's location for AIL-3: as the channel has it, or by its name. */
async function locationIn({ message, channel, replica, site }: Handling): Promise<{ location: string | null; unknown: boolean }> {
  const ail = segmentOf(message, 'AIL')
  const names = [1, 4, 9].map((component) => textAt(ail, 3, { component })).filter((name) => name !== '')
  if (names.length === 0) return { location: null, unknown: false }
  const mapped = names.find((name) => Object.hasOwn(channel.locations, name))
  if (mapped !== undefined) return { location: channel.locations[mapped]!, unknown: false }
  const fields = (await replica.record('practice', site))?.fields ?? {}
  for (const [field, value] of Object.entries(fields)) {
    const place = field.startsWith('location/') ? (value as unknown as LocationValue) : undefined
    if (place && names.some((name) => name.toLowerCase() === place.name.toLowerCase())) return { location: field.slice('location/'.length), unknown: false } // prettier-ignore
  }
  return { location: null, unknown: true }
} // prettier-ignore

function warning(message: string, code: ErrorCode, at: Place): Complaint {
  return { message, code, at, severity: 'W' }
}
