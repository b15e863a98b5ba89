/**
 * The exchange XML (`docs/exchange.xsd`): its name and version, how values stand in it, and how an element is read by a schema.
 * What is refused is named by record and field, never by its value.
 */
import * as v from 'valibot'
import { XmlRefused, xmlText, type XmlElement } from './xml-reader.ts'

export const exchangeNamespace = 'urn:patientconnection:exchange:1'
/** Of the version that is written; every 1.x is read. */
export const exchangeVersion = '1.0'

/** Throws a sentence where an element is not the root of such a document. */
export function assertRoot(root: XmlElement, name: string): void {
  const spaces = Object.entries(root.attributes).filter(([key]) => /^xmlns(:|$)/.test(key))
  if (root.name !== name || !spaces.some(([, space]) => space === exchangeNamespace)) throw new XmlRefused(`This is no ${name} of the exchange. Its root element is <${name} xmlns="${exchangeNamespace}">.`) // prettier-ignore
  if (!/^1\.\d{1,3}$/.test(root.attributes['version'] ?? '')) throw new XmlRefused(`The version of the exchange is not taken. Write version="${exchangeVersion}".`) // prettier-ignore
}

/** The start of a document. */
export function rootStart(name: string, attributes: Readonly<Record<string, string | number | boolean>> = {}): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="${exchangeNamespace}" version="${exchangeVersion}"${attributesOf(attributes)}>\n`
}

type Value = string | number | boolean | null | undefined
/** One element on a line of its own; what is null or undefined is left out. Attributes first, then an element for each value. */
export function elementOf(name: string, attributes: Readonly<Record<string, Value>>, values: Readonly<Record<string, Value>> = {}, more = ''): string {
  const inner = Object.entries(values).filter(([, value]) => isSaid(value)).map(([key, value]) => `<${key}>${inXml(value!)}</${key}>`).join('') + more
  return `<${name}${attributesOf(attributes)}${inner === '' ? '/' : `>${inner}</${name}`}>`
} // prettier-ignore

/** What XML has no way to say stands as the character for what cannot be shown. */
function inXml(value: string | number | boolean): string {
  return xmlText(String(value).replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD'))
}
function isSaid(value: Value): value is string | number | boolean {
  return value !== null && value !== undefined && value !== ''
}
function attributesOf(attributes: Readonly<Record<string, Value>>): string {
  return Object.entries(attributes).filter(([, value]) => isSaid(value)).map(([key, value]) => ` ${key}="${inXml(value!)}"`).join('') // prettier-ignore
}

/** An element by a schema; `lists`: of which children there may be several. Throws a sentence that names record and field. */
export function readElement<S extends v.GenericSchema>(schema: S, element: XmlElement, lists: readonly string[] = []): v.InferOutput<S> {
  const read = v.safeParse(schema, plainOf(element, lists))
  if (read.success) return read.output
  const [issue] = read.issues
  const field = v.getDotPath(issue)
  throw new XmlRefused(`${nameOf(element)}: ${field ?? 'it'} ${/^(is|has|takes) /.test(issue.message) ? issue.message : issue.received === 'undefined' ? 'is missing' : 'is none that is taken'}.`)
} // prettier-ignore

/** As a sentence names a record. */
export function nameOf({ name, attributes }: XmlElement): string {
  const id = attributes['id'] ?? attributes['item']
  return id !== undefined && /^\d{1,16}$/.test(id) ? `${name} ${id}` : name
}

function plainOf(element: XmlElement, lists: readonly string[]): Record<string, unknown> {
  const plain: Record<string, unknown> = { ...element.attributes }
  for (const child of element.children) {
    if (typeof child === 'string') {
      if (child.trim() !== '') throw new XmlRefused(`${nameOf(element)}: has text that is in no element.`)
      continue
    }
    if (lists.includes(child.name)) {
      const list = (plain[child.name] ??= []) as unknown[]
      list.push(plainOf(child, []))
      continue
    }
    if (Object.hasOwn(plain, child.name)) throw new XmlRefused(`${nameOf(element)}: ${child.name} stands there twice.`)
    if (Object.keys(child.attributes).length > 0) throw new XmlRefused(`${nameOf(element)}: ${child.name} takes no attributes.`) // prettier-ignore
    const text = child.children.map((part) => (typeof part === 'string' ? part : undefined))
    if (text.includes(undefined)) throw new XmlRefused(`${nameOf(element)}: ${child.name} takes text alone.`)
    plain[child.name] = text.join('')
  }
  return plain
}

// How values stand in the XML.
export const id = v.pipe(v.string(), v.regex(/^[1-9]\d{0,14}$/, 'is no number of a record'), v.transform(Number))
export const text = (most: number) => v.pipe(v.string(), v.check((given) => given.length <= most || Array.from(given).length <= most, `has more than ${most} characters`)) // prettier-ignore
export const needed = (most: number) => v.pipe(text(most), v.regex(/[^ \t\n\r]/, 'is empty'))
/** What is left out or empty is null. */
export const orNull = <T>(schema: v.GenericSchema<unknown, T>) => v.optional(v.union([v.pipe(v.literal(''), v.transform(() => null)), schema], (issue) => (issue.issues?.at(-1)?.message ?? 'is none that is taken')), '') // prettier-ignore
export const isDay = (day: string): boolean => !Number.isNaN(Date.parse(`${day}T00:00Z`)) && new Date(`${day}T00:00Z`).toISOString().startsWith(day) // prettier-ignore
export const date = v.pipe(v.string(), v.regex(/^\d{4}-\d{2}-\d{2}$/, 'is no date, such as 1990-12-31'), v.check(isDay, 'is no date, such as 1990-12-31')) // prettier-ignore
export const wallClock = v.pipe(v.string(), v.regex(/^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d$/, 'is no time, such as 2026-12-01T09:30'), v.check((time) => isDay(time.slice(0, 10)), 'is no time, such as 2026-12-01T09:30')) // prettier-ignore
export const yesNo = v.pipe(v.picklist(['true', 'false', '1', '0'], 'is neither true nor false'), v.transform((word) => word === 'true' || word === '1')) // prettier-ignore
export const whole = (least: number, most: number) => v.pipe(v.string(), v.regex(/^-?\d{1,12}$/, 'is no whole number'), v.transform(Number), v.minValue(least, `is less than ${least}`), v.maxValue(most, `is more than ${most}`)) // prettier-ignore
