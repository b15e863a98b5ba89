/**
 * HL7 v2.xml (`urn:hl7-org:v2xml`): the same messages with elements for segments, fields and components. An element's number
 * says its place, whether its name is the data type's (`XPN.1`), as the standard has it, or the field's (`PID.5.1`), as
 * many write it; groups of segments are seen through. Written are the data types of the standard, from a table. Escapes
 * stand as `<escape V="..."/>`.
 */
import { BadMessage } from '../hl7/bad-message.ts'
import { encodingCharacters, delimitersOf, standardDelimiters } from '../hl7/delimiters.ts'
import { escaped } from '../hl7/escapes.ts'
import { segmentOf, textAt, type Component, type Field, type Message, type Repetition, type Segment } from '../hl7/message.ts' // prettier-ignore
import { componentTypes, fieldTypes, groups } from './v2xml-types.ts'
import { readXml, xmlText, XmlRefused, type XmlElement, type XmlLimits } from './xml-reader.ts'

const space = 'urn:hl7-org:v2xml'
const segmentName = /^[A-Z][A-Z0-9]{2}$/
const mostFields = 1_000

/** The message in a document; throws BadMessage where it is none, or is no XML that is taken. */
export function parseV2xml(bytes: Uint8Array, limits?: XmlLimits): Message {
  let root: XmlElement
  try {
    root = readXml(bytes, limits)
  } catch (error) {
    if (error instanceof XmlRefused) throw new BadMessage(error.message, { code: '102', rejects: true })
    throw error
  }
  const elements = segmentsIn(root)
  const msh = elements[0]
  if (msh?.name !== 'MSH') throw new BadMessage('This XML does not begin with MSH.', { code: '100', at: { segment: 'MSH' }, rejects: true }) // prettier-ignore
  const own = (number: number): string => textIn(elementsIn(msh).find((one) => one.name === `MSH.${number}`))
  // They say how texts inside would be cut; here nothing is cut by them.
  if (own(1) !== '' || own(2) !== '') delimitersOf(`MSH${own(1)}${own(2)}`)
  return { form: 'xml', delimiters: standardDelimiters, segments: elements.map(segmentIn) }
}

function elementsIn({ children }: XmlElement): XmlElement[] {
  return children.filter((child): child is XmlElement => typeof child !== 'string')
}

function textIn(element: XmlElement | undefined): string {
  return (element?.children ?? []).map((child) => (typeof child === 'string' ? child : textIn(child))).join('').trim() // prettier-ignore
}

/** The segments below an element, in order; groups hold segments and groups. */
function segmentsIn(element: XmlElement): XmlElement[] {
  return elementsIn(element).flatMap((child) => (segmentName.test(child.name) ? [child] : segmentsIn(child)))
}

function placeOf(name: string): number {
  const place = Number(/\.(\d{1,4})$/.exec(name)?.[1] ?? 0)
  if (place < 1 || place > mostFields) throw new BadMessage('An element of the message has no number that can be.', { code: '100' }) // prettier-ignore
  return place
}

function segmentIn(element: XmlElement): Segment {
  const first = element.name === 'MSH' ? 3 : 1
  const fields: Repetition[][] = []
  for (const child of elementsIn(element)) {
    const place = placeOf(child.name) - first
    if (place < 0) continue
    ;(fields[place] ??= []).push(repetitionIn(child))
  }
  return { name: element.name, fields: Array.from(fields, (field): Field => field ?? [[['']]]) }
}

function repetitionIn(field: XmlElement): Repetition {
  const parts = numbered(field)
  if (!parts) return [[valueIn(field)]]
  return Array.from(parts, (part): Component => {
    if (!part) return ['']
    const inner = numbered(part)
    return inner ? Array.from(inner, (one) => (one ? valueIn(one) : '')) : [valueIn(part)]
  })
}

/** The parts of an element by their numbers; undefined where it holds a value. */
function numbered(element: XmlElement): (XmlElement | undefined)[] | undefined {
  const parts = elementsIn(element).filter(({ name }) => name !== 'escape')
  if (parts.length === 0) return undefined
  const placed: (XmlElement | undefined)[] = []
  for (const part of parts) placed[placeOf(part.name) - 1] ??= part
  return placed
}

/** A value as messages hold it: text escaped, `<escape V=".br"/>` as its sequence. */
function valueIn(element: XmlElement): string {
  const parts = element.children.map((child) => {
    if (typeof child === 'string') return escaped(child)
    const body = child.name === 'escape' ? (child.attributes['V'] ?? '') : ''
    return child.name === 'escape' && !/[\\|^~&\r\n]/.test(body) ? `\\${body}\\` : escaped(textIn(child))
  })
  const value = parts.join('')
  return value.trim() === '' ? '' : value
}

/** A message as a document in UTF-8. */
export function buildV2xml(message: Message): string {
  const msh = segmentOf(message, 'MSH')
  const structure = textAt(msh, 9, { component: 3 }) || [textAt(msh, 9), textAt(msh, 9, { component: 2 })].filter(Boolean).join('_') || 'ACK' // prettier-ignore
  const root = /^[A-Z][A-Z0-9_]*$/.test(structure) ? structure : 'ACK'
  const body = message.segments.map((segment) => ({ name: segment.name, text: segmentText(segment) }))
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${space}">\n${grouped(root, body)}</${root}>\n`
}

/** Segments in the groups that their structure has; one without groups is flat. */
function grouped(structure: string, segments: readonly { name: string; text: string }[]): string {
  let open: string | undefined
  let out = ''
  for (const { name, text } of segments) {
    const group = groups[structure]?.find((one) => one.segments.includes(name))
    const isNext = group !== undefined && (group.name !== open || group.segments[0] === name)
    if (open !== undefined && (isNext || group?.name !== open)) out += `</${structure}.${open}>\n`
    if (isNext) out += `<${structure}.${group.name}>\n`
    open = group?.name
    out += text
  }
  return open === undefined ? out : `${out}</${structure}.${open}>\n`
}

function segmentText({ name, fields }: Segment): string {
  const first = name === 'MSH' ? 3 : 1
  const head = name === 'MSH' ? `<MSH.1>|</MSH.1><MSH.2>${xmlText(encodingCharacters(standardDelimiters))}</MSH.2>` : ''
  const body = fields.flatMap((field, place) => {
    const at = `${name}.${first + place}`
    // One that is empty among several holds its place.
    return field.map((repetition) => fieldText(at, repetition) || (field.length > 1 ? `<${at}/>` : ''))
  })
  return `<${name}>${head}${body.join('')}</${name}>\n`
}

function fieldText(name: string, repetition: Repetition): string {
  if (repetition.every((component) => component.every((one) => one === ''))) return ''
  const type = fieldTypes[name]
  const [only] = repetition
  if (type === undefined && repetition.length === 1 && only!.length === 1)
    return `<${name}>${valueText(only![0]!)}</${name}>`
  return `<${name}>${repetition.map((component, place) => componentText(type === undefined ? `${name}.${place + 1}` : `${type}.${place + 1}`, component)).join('')}</${name}>` // prettier-ignore
}

function componentText(name: string, component: Component): string {
  if (component.every((one) => one === '')) return ''
  const type = componentTypes[name]
  if (type === undefined && component.length === 1) return `<${name}>${valueText(component[0]!)}</${name}>`
  const inner = component.map((one, place) => (one === '' ? '' : `<${type ?? name}.${place + 1}>${valueText(one)}</${type ?? name}.${place + 1}>`)) // prettier-ignore
  return `<${name}>${inner.join('')}</${name}>`
}

const plain: Readonly<Record<string, string>> = { F: '|', S: '^', T: '&', R: '~', E: '\\' }

function valueText(value: string): string {
  let out = ''
  let from = 0
  for (const found of value.matchAll(/\\([^\\]*)\\/g)) {
    const body = found[1]!
    out += xmlText(value.slice(from, found.index))
    out += Object.hasOwn(plain, body) ? xmlText(plain[body]!) : `<escape V="${xmlText(body)}"/>`
    from = found.index + found[0].length
  }
  return out + xmlText(value.slice(from))
}
