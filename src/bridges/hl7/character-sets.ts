/**
 * The bytes of a message and its text, by the character set that MSH-18 names (table 0211), or the channel's where it
 * names none. Bytes that the set does not have are refused, and so is text that cannot be written: nothing becomes a
 * question mark. Of several sets the first counts; the ISO 2022 switches between sets within a message are not spoken.
 */
import { BadMessage } from './bad-message.ts'

/** Names of table 0211 to labels of the Encoding Standard; Latin 1 and ASCII are this file's own. */
const labels: Readonly<Record<string, string>> = {
  ASCII: 'ascii',
  '8859/1': 'latin1',
  '8859/2': 'iso-8859-2',
  '8859/3': 'iso-8859-3',
  '8859/4': 'iso-8859-4',
  '8859/5': 'iso-8859-5',
  '8859/6': 'iso-8859-6',
  '8859/7': 'iso-8859-7',
  '8859/8': 'iso-8859-8',
  '8859/9': 'windows-1254',
  '8859/15': 'iso-8859-15',
  'UNICODE UTF-8': 'utf-8',
  UNICODE: 'utf-8',
  'GB 18030-2000': 'gb18030',
  'BIG-5': 'big5',
}
export const characterSets = Object.keys(labels)
/** Sets of one byte a character, which can be written too. */
const oneByte = /^(iso-8859|windows)-/

/** The text of a message; throws BadMessage where the set is not known or the bytes are none of it. */
export function decodeMessage(bytes: Uint8Array, fallback: string): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const plain = buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf ? buffer.subarray(3) : buffer
  const name = setNamedIn(plain) ?? fallback
  const label = labels[name]
  const at = { segment: 'MSH', field: 18 }
  if (label === undefined) throw new BadMessage('The character set that MSH-18 names is not known here.', { code: '103', at, rejects: true }) // prettier-ignore
  if (label === 'latin1') return plain.toString('latin1')
  if (label === 'ascii') {
    if (plain.some((byte) => byte > 127)) throw undecodable(name)
    return plain.toString('latin1')
  }
  try {
    return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(plain)
  } catch (error) {
    if (error instanceof TypeError) throw undecodable(name)
    throw error
  }
}

function undecodable(name: string): BadMessage {
  return new BadMessage(`The message has bytes that are no characters of ${name}.`, { code: '102', at: { segment: 'MSH', field: 18 } }) // prettier-ignore
}

/** MSH-18, first repetition, read before anything is decoded: delimiters and names of sets are ASCII. */
function setNamedIn(bytes: Buffer): string | undefined {
  const end = bytes.findIndex((byte) => byte === 13 || byte === 10)
  const header = bytes.subarray(0, end < 0 ? Math.min(bytes.length, 4_096) : end).toString('latin1')
  const fields = header.split(header[3] ?? '|')
  const [first = ''] = (fields[17] ?? '').split(fields[1]?.[1] ?? '~')
  return first.trim().toUpperCase() || undefined
}

const encoders = new Map<string, ReadonlyMap<string, number>>()

/** The bytes of a text; throws a sentence where the set does not have all its characters, or cannot be written. */
export function encodeMessage(text: string, name: string): Uint8Array {
  const label = labels[name]
  if (label === 'utf-8') return Buffer.from(text)
  const most = label === 'ascii' ? 0x7f : label === 'latin1' ? 0xff : undefined
  if (most !== undefined) {
    for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > most) throw unwritable(name)
    return Buffer.from(text, 'latin1')
  }
  if (label === undefined || !oneByte.test(label)) throw new Error(`Messages are not written in ${name}. Choose another character set for this channel.`) // prettier-ignore
  const bytes = encoders.get(label) ?? encoders.set(label, bytesOf(label)).get(label)!
  return Uint8Array.from(text, (char) => {
    const byte = bytes.get(char)
    if (byte === undefined) throw unwritable(name)
    return byte
  })
}

function unwritable(name: string): Error {
  return new Error(`The message has characters that ${name} does not have. Set another character set for this channel, then send it again.`) // prettier-ignore
}

function bytesOf(label: string): Map<string, number> {
  const decoder = new TextDecoder(label)
  return new Map(Array.from({ length: 256 }, (_, byte) => [decoder.decode(Uint8Array.of(byte)), byte]))
}
