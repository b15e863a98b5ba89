/** A message and its bytes, in HL7's own encoding or as v2.xml: what comes as one is answered as the same. */
import { isXml } from '../xml/xml-reader.ts'
import { buildV2xml, parseV2xml } from '../xml/v2xml.ts'
import { decodeMessage, encodeMessage } from './character-sets.ts'
import { buildMessage, parseMessage, segmentOf, textAt, type Message } from './message.ts'

/** The message in these bytes; throws BadMessage where it is none. `fallback`: the character set where none is named. */
export function readMessage(bytes: Uint8Array, fallback: string): Message {
  return isXml(bytes) ? parseV2xml(bytes) : parseMessage(decodeMessage(bytes, fallback))
}

/** The bytes of a message; XML is UTF-8. Throws a sentence where its character set does not have all its characters. */
export function writeMessageBytes(message: Message, fallback: string): Uint8Array {
  if (message.form === 'xml') return Buffer.from(buildV2xml(message))
  const set = textAt(segmentOf(message, 'MSH'), 18).toUpperCase() || fallback
  return encodeMessage(buildMessage(message), set)
}
