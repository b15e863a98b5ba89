/**
 * XML of any length in bounded memory: the start of its root, then each child of the root whole, as `xml-reader.ts` reads
 * it, then the end. Only one child is held at a time. The same is refused as there, also where it only shows in what lies
 * between the children; what was given before the refusal must not be taken for the whole, which is known at the end.
 */
import { readXmlText, XmlRefused, type XmlElement, type XmlLimits } from './xml-reader.ts'

export interface StreamLimits {
  readonly mostBytes: number
  readonly mostChildren: number
  /** Of each child by itself. */
  readonly child: XmlLimits
}
export const usualStream: StreamLimits = {
  mostBytes: 1024 * 1024 * 1024,
  mostChildren: 1_000_000,
  child: { mostBytes: 256 * 1024, mostDepth: 8, mostElements: 4_000 },
}

/** The root without what is in it, or one of its children. */
export type Streamed = { readonly root: XmlElement } | { readonly child: XmlElement }

/** What opens, closes or stands beside in markup, and where it ends. */
interface Mark { readonly kind: 'open' | 'empty' | 'close' | 'aside'; readonly end: number } // prettier-ignore

/** Reads a document as it comes; throws XmlRefused where it is not taken, or ended too early. */
export async function* readXmlStream(
  bytes: AsyncIterable<Uint8Array>,
  limits: StreamLimits = usualStream,
): AsyncGenerator<Streamed> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  /** Up to here it was looked at; `start`: where the child begins that is not whole yet. */
  let [at, start, depth, children, size] = [0, -1, 0, 0, 0]
  let root: string | undefined
  let isOver = false

  const between = (from: number, to: number): void => {
    if (start < 0 && /\S/.test(text.slice(from, to))) throw new XmlRefused(depth === 0 ? 'This is no well-formed XML.' : 'The XML has text between its records.') // prettier-ignore
  }
  /** What is whole in the text so far. */
  function* whole(): Generator<Streamed> {
    for (let open = text.indexOf('<', at); open >= 0; open = text.indexOf('<', at)) {
      between(at, open)
      const mark = markAt(text, open)
      if (mark === undefined) {
        at = open
        break
      }
      at = mark.end
      if (mark.kind === 'aside') {
        if (start < 0 && text.startsWith('<![CDATA[', open)) throw new XmlRefused('The XML has text between its records.') // prettier-ignore
        if (root === undefined) assertEncoding(text.slice(open, at))
        continue
      }
      if (isOver) throw new XmlRefused('XML has one root element.')
      if (root === undefined) {
        if (mark.kind === 'close') throw new XmlRefused('This is no well-formed XML.')
        const tag = text.slice(open, at)
        root = /^<([^\s/>]+)/.exec(tag)?.[1] ?? ''
        isOver = mark.kind === 'empty'
        if (!isOver) depth = 1
        yield { root: readXmlText(isOver ? tag : `${tag.slice(0, -1)}/>`, limits.child) }
        continue
      }
      if (mark.kind === 'close' && depth === 1) {
        if (!new RegExp(`^</${escapedName(root)}\\s*>$`).test(text.slice(open, at))) throw new XmlRefused('This is no well-formed XML.') // prettier-ignore
        ;[depth, isOver] = [0, true]
        continue
      }
      if (start < 0) start = open
      depth += mark.kind === 'open' ? 1 : mark.kind === 'close' ? -1 : 0
      if (depth > 1) continue
      if (++children > limits.mostChildren) throw new XmlRefused('The XML has more records than are taken.')
      if (at - start > limits.child.mostBytes) throw tooLong()
      const child = text.slice(start, at)
      start = -1
      yield { child: readXmlText(child, limits.child) }
    }
    // What was given is let go of.
    const keep = start >= 0 ? start : at
    text = text.slice(keep)
    at -= keep
    if (start >= 0) start = 0
    if (text.length > limits.child.mostBytes) throw tooLong()
  }

  for await (const part of bytes) {
    size += part.length
    if (size > limits.mostBytes) throw new XmlRefused('The XML is larger than is taken.')
    text += decoded(decoder, part)
    yield* whole()
  }
  text += decoded(decoder)
  yield* whole()
  if (!isOver) throw new XmlRefused('The XML ends before it is whole.')
  between(at, text.length)
}

function decoded(decoder: TextDecoder, part?: Uint8Array): string {
  try {
    return part === undefined ? decoder.decode() : decoder.decode(part, { stream: true })
  } catch (cause) {
    throw new XmlRefused('The XML has bytes that are no characters of UTF-8.', { cause })
  }
}

function assertEncoding(mark: string): void {
  const given = /^<\?xml[^>]*encoding\s*=\s*["']([\w.-]+)["']/.exec(mark)?.[1]?.toLowerCase() ?? 'utf-8'
  if (given !== 'utf-8' && given !== 'us-ascii') throw new XmlRefused('The encoding of the XML is not taken. Send UTF-8.') // prettier-ignore
}

const tooLong = (): XmlRefused => new XmlRefused('The XML has a record that is larger than is taken.')

const ends = [['<!--', '-->'], ['<![CDATA[', ']]>'], ['<?', '?>']] as const // prettier-ignore

/** The markup that begins at `open`; undefined where its end has not come yet. */
function markAt(text: string, open: number): Mark | undefined {
  for (const [begin, end] of ends) {
    if (text.startsWith(begin, open)) {
      const found = text.indexOf(end, open + begin.length)
      return found < 0 ? undefined : { kind: 'aside', end: found + end.length }
    }
    // It may be one of these when more has come.
    if (begin.startsWith(text.slice(open, open + begin.length))) return undefined
  }
  if (text[open + 1] === '!') throw new XmlRefused('XML with a DTD or an entity of its own is not taken.')
  const end = tagEnd(text, open)
  if (end === undefined) return undefined
  return { kind: text[open + 1] === '/' ? 'close' : text[end - 2] === '/' ? 'empty' : 'open', end }
}

/** Behind the `>` of a tag: in quotes it is none. */
function tagEnd(text: string, open: number): number | undefined {
  for (let at = open + 1; at < text.length; at++) {
    const char = text[at]
    if (char === '>') return at + 1
    if (char !== '"' && char !== "'") continue
    at = text.indexOf(char, at + 1)
    if (at < 0) return undefined
  }
  return undefined
}

function escapedName(name: string): string {
  return name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
