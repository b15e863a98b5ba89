/**
 * What goes out, as data: for each trigger the message and its fields, as templates. A field is `SEGMENT-NUMBER`; its text is
 * in the standard delimiters, and `{name}` stands for a value, escaped. A channel overrides fields, the kind of message and
 * codes, so that what a peer wants differently is data too; an empty text leaves a field out.
 */
import { escaped } from './escapes.ts'
import { parseMessage, type Segment } from './message.ts'

export const triggers = [
  'patient changed',
  'checked in',
  'confirmed',
  'event booked',
  'event moved',
  'event cancelled',
  'event deleted',
  'charge posted',
  'payment posted',
  'payment reversed',
] as const
export type Trigger = (typeof triggers)[number]

export interface Profile {
  /** MSH-9. */
  readonly kind: string
  /** By `SEGMENT-NUMBER`, the segments in their order; PID is filled by itself and only overridden. */
  readonly fields: Readonly<Record<string, string>>
}

/** Who pays and what insures the patient, behind what a DFT P03 says. */
const billing = {
  'GT1-1': '1',
  'GT1-2': '{guarantor.number}^^^{own}',
  'GT1-3': '{guarantor.lastName}^{guarantor.firstName}^{guarantor.middleName}',
  'GT1-6': '{guarantor.phone}^PRN^PH',
  'GT1-8': '{guarantor.birthDate}',
  'GT1-11': '{guarantor.relation}',
  'IN1-1': '{insurance.place}',
  'IN1-2': '{insurance.company}',
  'IN1-3': '{insurance.company}',
  'IN1-4': '{insurance.company}',
  'IN1-8': '{insurance.group}',
  'IN1-16': '{insurance.holder}',
  'IN1-36': '{insurance.member}',
}

/** One appointment and its patient, in the order of SIU_S12. */
function appointment({ reason, status, note }: { reason: string; status: string; note?: string }): Profile['fields'] {
  return {
    'SCH-1': '{event.theirs}',
    'SCH-2': '{event.number}^{own}',
    'SCH-6': reason,
    'SCH-9': '{event.minutes}',
    'SCH-10': 'min',
    'SCH-11': '^^{event.minutes}^{event.start}^{event.end}',
    'SCH-25': status,
    'TQ1-1': '1',
    'TQ1-7': '{event.start}',
    'TQ1-8': '{event.end}',
    ...(note === undefined ? {} : { 'NTE-1': '1', 'NTE-3': note }),
    'PID-1': '1',
    'RGS-1': '1',
    'AIL-1': '1',
    'AIL-3': '{event.location}',
  }
}

export const profiles: Readonly<Record<Trigger, Profile>> = {
  'patient changed': { kind: 'ADT^A08^ADT_A01', fields: { 'EVN-2': '{now}', 'PID-1': '1', 'PV1-2': 'O' } },
  'checked in': {
    kind: 'ADT^A04^ADT_A01',
    fields: {
      'EVN-2': '{now}',
      'PID-1': '1',
      'PV1-2': 'O',
      'PV1-3': '^^^{event.location}',
      'PV1-19': '{event.number}^^^{own}',
      'PV1-44': '{now}',
    },
  },
  // Table 0278 has no word for it: SCH-25 is a code of the site, until the channel has the peer's own.
  confirmed: {
    kind: 'SIU^S14^SIU_S12',
    fields: appointment({ reason: 'CONFIRMED^Confirmed by the patient^99PC', status: 'CONFIRMED^Confirmed^99PC', note: 'Confirmed {confirmed.at} by {confirmed.by}' }), // prettier-ignore
  },
  'event booked': {
    kind: 'SIU^S12^SIU_S12',
    fields: appointment({ reason: 'BOOKED^Booked^99PC', status: 'Booked^Booked^HL70278' }),
  },
  'event moved': {
    kind: 'SIU^S13^SIU_S12',
    fields: appointment({ reason: 'MOVED^Moved^99PC', status: 'Booked^Booked^HL70278', note: '{event.moved}' }),
  },
  'event cancelled': {
    kind: 'SIU^S15^SIU_S12',
    fields: appointment({ reason: 'CANCELED^Canceled^99PC', status: 'Cancelled^Cancelled^HL70278' }),
  },
  'event deleted': {
    kind: 'SIU^S17^SIU_S12',
    fields: appointment({ reason: 'DELETED^Deleted^99PC', status: 'Deleted^Deleted^HL70278' }),
  },
  // A credit names the charge that it takes back (FT1-2); its type says which of the two it is.
  'charge posted': {
    kind: 'DFT^P03^DFT_P03',
    fields: {
      'EVN-2': '{now}',
      'PID-1': '1',
      'PV1-2': 'O',
      'FT1-1': '1',
      'FT1-2': '{charge.number}',
      'FT1-4': '{charge.at}',
      'FT1-5': '{charge.postedAt}',
      'FT1-6': '{charge.type}',
      'FT1-7': '{charge.procedure}',
      'FT1-10': '{charge.units}',
      'FT1-11': '{charge.amount}&{charge.currency}',
      'FT1-20': '^{charge.provider}',
      'FT1-25': '{charge.procedure}',
      'DG1-1': '{diagnosis.place}',
      'DG1-3': '{diagnosis.code}',
      'DG1-6': 'F',
      ...billing,
    },
  },
  'payment posted': {
    kind: 'DFT^P03^DFT_P03',
    fields: {
      'EVN-2': '{now}',
      'PID-1': '1',
      'PV1-2': 'O',
      'FT1-1': '1',
      'FT1-2': '{payment.transaction}',
      'FT1-4': '{payment.at}',
      'FT1-5': '{payment.postedAt}',
      'FT1-6': 'PY',
      'FT1-7': '{payment.code}^{payment.words}^99PC',
      'FT1-9': 'Deposit {payment.deposit}',
      'FT1-10': '1',
      'FT1-11': '{payment.amount}&{payment.currency}',
      'FT1-12': '{payment.amount}&{payment.currency}',
      ...billing,
    },
  },
  // Table 0017 has no refund: an adjustment with its sign, which refers to the payment that it is of.
  'payment reversed': {
    kind: 'DFT^P03^DFT_P03',
    fields: {
      'EVN-2': '{now}',
      'PID-1': '1',
      'PV1-2': 'O',
      'FT1-1': '1',
      'FT1-2': '{reversal.number}',
      'FT1-4': '{reversal.at}',
      'FT1-5': '{reversal.at}',
      'FT1-6': 'AJ',
      'FT1-7': '{reversal.code}^{reversal.words}^99PC',
      'FT1-9': 'Deposit {payment.deposit}',
      'FT1-10': '1',
      'FT1-11': '{reversal.amount}&{payment.currency}',
      'FT1-12': '{reversal.amount}&{payment.currency}',
      'FT1-30': '{payment.transaction}',
      ...billing,
    },
  },
}

/** A profile with what a channel has otherwise. */
export function profileFor(trigger: Trigger, overrides: Readonly<Record<string, string>> = {}): Profile {
  const { kind = profiles[trigger].kind, ...fields } = overrides
  return { kind, fields: { ...profiles[trigger].fields, ...fields } }
}

type Values = Readonly<Record<string, string>>
/** What a message says: values by name, and by segment those of each time that the segment stands there; none: it does not. */
export interface Said {
  readonly values: Values
  readonly several?: Readonly<Record<string, readonly Values[]>>
}

/** The segments of a profile behind MSH, with these values; `pid` is what is known of the patient. */
export function segmentsFrom(profile: Profile, { values, several = {} }: Said, pid: Segment): Segment[] {
  const lines = new Map<string, string[]>()
  for (const [place, template] of Object.entries(profile.fields)) {
    const [name, number] = place.split('-') as [string, string]
    const line = lines.get(name) ?? lines.set(name, []).get(name)!
    line[Number(number)] = template
  }
  const filled = (fields: readonly (string | undefined)[], said: Values): string[] => Array.from(fields, (template = '') => template.replaceAll(/\{([\w.]+)\}/g, (_, key: string) => escaped(said[key] ?? values[key] ?? ''))) // prettier-ignore
  const text = [...lines].flatMap(([name, fields]) => (several[name] ?? [{}]).map((said) => `${name}|${filled(fields, said).slice(1).join('|')}`)) // prettier-ignore
  const { segments } = parseMessage(`MSH|^~\\&\r${text.join('\r')}\r`)
  return segments.slice(1).map((segment) => (segment.name === 'PID' ? merged(pid, segment) : segment))
}

/** What is known, with what the profile says over it. */
function merged(pid: Segment, over: Segment): Segment {
  const length = Math.max(pid.fields.length, over.fields.length)
  const isSaid = (place: number): boolean => over.fields[place] !== undefined && over.fields[place].some((one) => one.some((part) => part.some((text) => text !== ''))) // prettier-ignore
  return { name: 'PID', fields: Array.from({ length }, (_, place) => (isSaid(place) ? over.fields[place]! : (pid.fields[place] ?? [[['']]]))) } // prettier-ignore
}
