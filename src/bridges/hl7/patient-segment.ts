/** PID as this bridge writes it: ids with who assigned them, name, birth date, phones, email, language. */
import { escaped } from './escapes.ts'
import { components, makeSegment, type Field, type Repetition, type Segment } from './message.ts'
import type { PeerId } from './people.ts'

/** From the fields of a patient's record; what is not there is left empty. */
export function patientSegment(fields: Readonly<Record<string, unknown>>, ids: readonly PeerId[]): Segment {
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '')
  const repetition = (...parts: string[]): Repetition => parts.map((part) => [escaped(part)])
  const phones: Field = [
    ...(text('homePhone') ? [repetition(text('homePhone'), 'PRN', 'PH')] : []),
    ...(text('cellPhone') ? [repetition(text('cellPhone'), 'PRN', 'CP')] : []),
    ...(text('email') ? [repetition('', 'NET', 'Internet', text('email'))] : []),
  ]
  return makeSegment('PID', {
    1: '1',
    ...(ids.length > 0 ? { 3: ids.map(({ authority, id }) => repetition(id, '', '', authority.startsWith('channel ') ? '' : authority)) } : {}), // prettier-ignore
    5: components(text('lastName'), text('firstName'), text('middleName')),
    7: text('birthDate').replaceAll('-', ''),
    ...(phones.length > 0 ? { 13: phones } : {}),
    15: text('language'),
  })
}
