/**
 * XML from outside, read whole and with limits: no DTD, no entities but the five of XML and characters by number, so nothing
 * in it can name a file, an address or itself; a bounded depth, size and number of elements. What is not well-formed is
 * refused. Comments and processing instructions say nothing.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser'

export interface XmlElement {
  /** Without its prefix. */
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly (XmlElement | string)[]
}

/** XML that is not taken; the sentence says why, and nothing of what stands in it. */
export class XmlRefused extends Error {
  override readonly name = 'XmlRefused'
}

export interface XmlLimits {
  readonly mostBytes: number
  readonly mostDepth: number
  readonly mostElements: number
}
const usualLimits: XmlLimits = { mostBytes: 16 * 1024 * 1024, mostDepth: 40, mostElements: 500_000 }

/** Encodings that are taken; UTF-8 where none is named. */
const encodings: Readonly<Record<string, 'utf8' | 'latin1'>> = { 'utf-8': 'utf8', 'us-ascii': 'utf8', 'iso-8859-1': 'latin1' } // prettier-ignore
const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  attributesGroupName: false,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: 1_000,
})

/** The root element of a document; throws XmlRefused where it is not taken. */
export function readXml(bytes: Uint8Array, limits: XmlLimits = usualLimits): XmlElement {
  if (bytes.length > limits.mostBytes) throw new XmlRefused('The XML is larger than is taken.')
  return readXmlText(decoded(bytes), limits)
}

/** The root element of a document that is text already; as `readXml` otherwise. */
export function readXmlText(text: string, limits: XmlLimits = usualLimits): XmlElement {
  // Before any of it is read: where there is no DTD there is nothing to expand.
  if (/<!(?!--|\[CDATA\[)/.test(text)) throw new XmlRefused('XML with a DTD or an entity of its own is not taken.')
  assertDepth(text, limits)
  const valid = XMLValidator.validate(text)
  if (valid !== true) throw new XmlRefused('This is no well-formed XML.')
  let parsed: unknown
  try {
    parsed = parser.parse(text)
  } catch (cause) {
    throw new XmlRefused('This is no XML that can be read.', { cause })
  }
  const roots = childrenIn(parsed).filter((child): child is XmlElement => typeof child !== 'string')
  const [root] = roots
  if (!root || roots.length !== 1) throw new XmlRefused('XML has one root element.')
  return root
}

/** Whether bytes look like XML rather than HL7's own encoding. */
export function isXml(bytes: Uint8Array): boolean {
  return /^(?:\u00EF\u00BB\u00BF)?\s*</.test(Buffer.from(bytes.subarray(0, 64)).toString('latin1'))
}

function decoded(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.subarray(0, 200)).toString('latin1')
  const given = /^[^<]*<\?xml[^>]*encoding\s*=\s*["']([\w.-]+)["']/.exec(head)?.[1]?.toLowerCase() ?? 'utf-8'
  const encoding = encodings[given]
  if (encoding === undefined) throw new XmlRefused('The encoding of the XML is not taken. Send UTF-8.')
  if (encoding === 'latin1') return Buffer.from(bytes).toString('latin1')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new XmlRefused('The XML has bytes that are no characters of its encoding.', { cause })
  }
}

/** Counts what opens and closes, before a parser has to hold it. */
function assertDepth(text: string, { mostDepth, mostElements }: XmlLimits): void {
  let [depth, elements] = [0, 0]
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) {
    const next = text[at + 1]
    if (next === '!' || next === '?') continue
    if (next === '/') {
      depth--
      continue
    }
    if (++elements > mostElements) throw new XmlRefused('The XML has more elements than are taken.')
    const end = text.indexOf('>', at)
    if (end > 0 && text[end - 1] === '/') continue
    if (++depth > mostDepth) throw new XmlRefused('The XML is nested deeper than is taken.')
  }
}

function childrenIn(parsed: unknown): (XmlElement | string)[] {
  if (!Array.isArray(parsed)) return []
  return (parsed as Record<string, unknown>[]).flatMap((node): (XmlElement | string)[] => {
    const attributes = (node[':@'] ?? {}) as Record<string, string>
    return Object.entries(node).flatMap(([name, inner]): (XmlElement | string)[] => {
      if (name === ':@') return []
      if (name === '#text') return [unescapedText(inner as string)]
      const plain = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, unescapedText(value)])) // prettier-ignore
      return [{ name: name.slice(name.indexOf(':') + 1), attributes: plain, children: childrenIn(inner) }]
    })
  })
}

function unescapedText(text: string): string {
  if (!text.includes('&')) return text
  return text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([\w.-]{1,40}));?/g, (whole, decimal?: string, hex?: string, name?: string) => {
    if (!whole.endsWith(';')) throw new XmlRefused('The XML has an entity that does not end.')
    if (name !== undefined) {
      if (!Object.hasOwn(named, name)) throw new XmlRefused('XML with an entity of its own is not taken.')
      return named[name]!
    }
    const code = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal)
    const isCharacter = code === 9 || code === 10 || code === 13 || (code >= 32 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff)
    if (!isCharacter) throw new XmlRefused('The XML has a character that XML does not know.')
    return String.fromCodePoint(code)
  })
} // prettier-ignore

/** Text as XML holds it. */
export function xmlText(text: string): string {
  return text.replaceAll(/[&<>"'\r\n\t]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' })[char] ?? `&#${char.charCodeAt(0)};`) // prettier-ignore
}
