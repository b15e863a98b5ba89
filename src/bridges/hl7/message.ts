/**
 * A message of HL7 v2: parsed and built by hl7-standard, which assumes the standard delimiters, a break after a segment and
 * at least one field in it, writes subcomponents of a field without components as repetitions, and ends segments by
 * CRLF. All of that is made right here, before and after, so that parse, build, parse gives the same values for any
 * content. Values are kept as they stand in the message, in the standard delimiters; `value` gives their text.
 */
import HL7, { type Hl7Data, type Hl7Segment } from 'hl7-standard'
import { BadMessage } from './bad-message.ts'
import { delimitersOf, encodingCharacters, standardDelimiters, translate, type Delimiters } from './delimiters.ts'
import { escaped, unescaped } from './escapes.ts'

/** Subcomponents, escaped. */
export type Component = readonly string[]
export type Repetition = readonly Component[]
export type Field = readonly Repetition[]
export interface Segment {
  readonly name: string
  /** From field 1 on; of MSH from field 3 on, its delimiters being the message's. */
  readonly fields: readonly Field[]
}
export interface Message {
  /** Of a message in XML; its delimiters are the standard ones. */
  readonly form?: 'xml'
  readonly delimiters: Delimiters
  readonly segments: readonly Segment[]
}

const nameForm = /^[A-Z][A-Z0-9]{2}$/
const envelope: ReadonlySet<string> = new Set(['FHS', 'BHS', 'BTS', 'FTS'])
/** The number of a segment's first field among `fields`. */
const firstField = (name: string): number => (name === 'MSH' ? 3 : 1)

/** The message in a text; throws BadMessage where it is none. Segments end by CR, LF or both. */
export function parseMessage(text: string): Message {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line !== '')
  const header = lines[0] ?? ''
  if (!header.startsWith('MSH')) throw new BadMessage('This does not begin with MSH.', { code: '100', at: { segment: 'MSH' }, rejects: true }) // prettier-ignore
  const delimiters = delimitersOf(header)
  return { delimiters, segments: parseSegments(lines.map((line, place) => standardLine(line, place, delimiters))) }
}

/** A segment in the standard delimiters, its header's own ones too. */
function standardLine(line: string, place: number, delimiters: Delimiters): string {
  const name = line.slice(0, 3)
  const follows = line[3] ?? delimiters.field
  if (!nameForm.test(name) || follows !== delimiters.field || (name === 'MSH') !== (place === 0) || envelope.has(name))
    throw new BadMessage(`Line ${place + 1} is not a segment that may stand there.`, { code: '100' })
  if (name !== 'MSH') return `${name}|${translate(line.slice(4), delimiters, standardDelimiters)}`
  const own = 4 + encodingCharacters(delimiters).length
  return `${name}|^~\\&${translate(line.slice(own), delimiters, standardDelimiters)}`
}

function parseSegments(lines: readonly string[]): Segment[] {
  const parsed = new HL7(`${lines.join('\r')}\r`)
  parsed.transform(undefined, true)
  return parsed
    .getSegments()
    .toSorted((a, b) => a.index - b.index)
    .map(({ type, data }) => {
      const fields: Field[] = []
      for (let number = firstField(type); data[`${type}.${number}`] !== undefined; number++)
        fields.push(fieldIn(data[`${type}.${number}`]!, `${type}.${number}`))
      return { name: type, fields }
    })
}

function fieldIn(held: Hl7Data, name: string): Field {
  if (typeof held === 'string') return [[[held]]]
  if (!Array.isArray(held)) return [repetitionIn(held, name)]
  // Without components a list is of subcomponents; of repetitions each is an object, save the ones of a field without `~`.
  return held.some((one) => typeof one === 'string') ? [[held as string[]]] : (held as Exclude<Hl7Data, string>[]).map((one) => repetitionIn(one as Readonly<Record<string, string | string[]>>, name)) // prettier-ignore
}

function repetitionIn(held: Readonly<Record<string, string | string[]>>, name: string): Repetition {
  const components: Component[] = []
  for (let number = 1; held[`${name}.${number}`] !== undefined; number++) {
    const component = held[`${name}.${number}`]!
    components.push(typeof component === 'string' ? [component] : component)
  }
  return components
}

/** The text of a message in its own delimiters, each segment ended by CR. */
export function buildMessage({ delimiters, segments }: Message): string {
  const built = new HL7('MSH')
  for (const { name, fields } of segments) {
    const segment: Hl7Segment = built.createSegment(name)
    if (name === 'MSH') segment.data[`${name}.2`] = '^~\\&'
    fields.forEach((field, place) => {
      const at = `${name}.${firstField(name) + place}`
      segment.data[at] = dataOf(field, at)
    })
  }
  const own = `${delimiters.field}${encodingCharacters(delimiters)}`
  const lines = built.build().split('\r\n')
  // Each field has a delimiter behind it: the last one's is too much.
  return lines
    .map((line) => {
      const [name, rest] = [line.slice(0, 3), line.slice(4, -1)]
      if (name !== 'MSH') return `${name}${delimiters.field}${translate(rest, standardDelimiters, delimiters)}\r`
      return `${name}${own}${translate(rest.slice(4), standardDelimiters, delimiters)}\r`
    })
    .join('')
}

function dataOf(field: Field, name: string): Hl7Data {
  const objects = field.map(
    (repetition) =>
    Object.fromEntries(repetition.map((component, place) => [`${name}.${place + 1}`, component.length === 1 ? component[0]! : [...component]])), // prettier-ignore
  )
  const [only] = objects
  if (only === undefined) return ''
  if (objects.length > 1) return objects
  const values = Object.values(only)
  return values.length === 1 && typeof values[0] === 'string' ? values[0] : only
}

/** The first segment of a name. */
export function segmentOf(message: Message, name: string): Segment | undefined {
  return message.segments.find((segment) => segment.name === name)
}

/** The segments of a name, in their order. */
export function segmentsOf(message: Message, name: string): Segment[] {
  return message.segments.filter((segment) => segment.name === name)
}

/** Where in a field a value stands; each is 1 where it is left out. */
export interface At {
  readonly repetition?: number
  readonly component?: number
  readonly subcomponent?: number
}

/**
 * The text of a value: undefined where it is empty, which changes nothing; null for `""`, which deletes what stands
 * (2.5.3); spaces around it are no part of it.
 */
export function value(segment: Segment | undefined, field: number, at: At = {}): string | null | undefined {
  const { repetition = 1, component = 1, subcomponent = 1 } = at
  const place = field - firstField(segment?.name ?? '')
  const raw = segment?.fields[place]?.[repetition - 1]?.[component - 1]?.[subcomponent - 1]
  if (raw === undefined || raw.trim() === '') return undefined
  return raw === '""' ? null : unescaped(raw).trim()
}

/** The text of a value; empty where there is none or it is deleted. */
export function textAt(segment: Segment | undefined, field: number, at: At = {}): string {
  return value(segment, field, at) ?? ''
}

/** How many repetitions a field has. */
export function repetitions(segment: Segment | undefined, field: number): number {
  return segment?.fields[field - firstField(segment.name)]?.length ?? 0
}

/** A field with one repetition of these components; null is written as `""`. */
export function components(...texts: readonly (string | null)[]): Field {
  return [texts.map((text) => [text === null ? '""' : escaped(text)])]
}

/** A segment of these fields, by their numbers; a text is one value. */
export function makeSegment(name: string, fields: Readonly<Record<number, string | null | Field>>): Segment {
  const last = Math.max(firstField(name) - 1, ...Object.keys(fields).map(Number))
  const made: Field[] = []
  for (let number = firstField(name); number <= last; number++) {
    const field = fields[number]
    made.push(field === undefined ? [[['']]] : typeof field === 'string' || field === null ? components(field) : field)
  }
  return { name, fields: made }
}
