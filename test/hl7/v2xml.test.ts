/** HL7 in XML: the same message either way, and nothing from outside that could do harm. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { acknowledge } from '../../src/bridges/hl7/acknowledgements.ts'
import { BadMessage } from '../../src/bridges/hl7/bad-message.ts'
import { buildMessage, parseMessage, type Message } from '../../src/bridges/hl7/message.ts'
import { buildV2xml, parseV2xml } from '../../src/bridges/xml/v2xml.ts'
import { readXml, XmlRefused } from '../../src/bridges/xml/xml-reader.ts'
import { anyMessage } from './any-message.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
/** Without what XML does not say: spaces alone, and nothing at the end of a level. */
function said({ segments }: Message): unknown {
  const trimmed = <T>(list: readonly T[], isEmpty: (one: T) => boolean): T[] => list.slice(0, list.findLastIndex((one) => !isEmpty(one)) + 1) // prettier-ignore
  return segments.map(({ name, fields }) => ({
    name,
    fields: trimmed(
      fields.map((field) => {
        const repetitions = field.map((repetition) => trimmed(repetition.map((component) => trimmed(component.map((one) => (one.trim() === '' ? '' : one)), (one) => one === '')), (one) => one.length === 0)) // prettier-ignore
        return repetitions.length === 1 ? trimmed(repetitions, (one) => one.length === 0) : repetitions
      }),
      (one) => one.length === 0,
    ),
  }))
}

it('a message as XML and back says the same, for any content', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const xml = buildV2xml(message)
      expect(said(parseV2xml(bytes(xml)))).toEqual(said(message))
      readXml(bytes(xml))
    }),
    { numRuns: 500 },
  )
})

it('XML is written as the standard has it: data types, groups of segments, escapes', () => {
  const text =
    'MSH|^~\\&|EHR|HOSP|||20270301||SIU^S12^SIU_S12|1|P|2.5\rSCH||F1\rPID|||42^^^HOSP&1.2&ISO||O\\T\\Brien^Ann\\.br\\\rRGS|1\r'
  const xml = buildV2xml(parseMessage(text))
  expect(xml).toContain('<SIU_S12 xmlns="urn:hl7-org:v2xml">')
  expect(xml).toContain('<SIU_S12.PATIENT>\n<PID><PID.3><CX.1>42</CX.1><CX.4><HD.1>HOSP</HD.1><HD.2>1.2</HD.2><HD.3>ISO</HD.3></CX.4></PID.3>') // prettier-ignore
  expect(xml).toContain('<XPN.1><FN.1>O&amp;Brien</FN.1></XPN.1><XPN.2>Ann<escape V=".br"/></XPN.2>')
  expect(xml).toContain('</SIU_S12.PATIENT>\n<SIU_S12.RESOURCES>\n<RGS>')
  expect(buildMessage({ ...parseV2xml(bytes(xml)), segments: parseV2xml(bytes(xml)).segments })).toContain('PID|||42^^^HOSP&1.2&ISO||O\\T\\Brien^Ann\\.br\\') // prettier-ignore
})

it('what came as XML is answered as XML', () => {
  const message = parseV2xml(bytes(buildV2xml(parseMessage('MSH|^~\\&|A|B|C|D|||ADT^A08|7|P|2.5\r'))))
  const answer = buildV2xml(acknowledge(message, { code: 'AA', id: 'X1', at: 0 }))
  expect(answer).toContain('<MSA><MSA.1>AA</MSA.1><MSA.2>7</MSA.2></MSA>')
})

const deep = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth)
it.each([
  ['a DTD', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
  ['a DTD from elsewhere', '<!DOCTYPE a SYSTEM "http://127.0.0.1/x"><a/>'],
  ['a DTD in small letters, later', '<a/><!doctype a>'],
  ['an entity of its own', '<a>&b;</a>'],
  ['entities of entities', `<!DOCTYPE a [<!ENTITY b "${'&c;'.repeat(9)}"><!ENTITY c "x">]><a>&b;</a>`],
  ['a character that XML does not know', '<a>&#0;</a>'],
  ['another encoding', '<?xml version="1.0" encoding="UTF-7"?><a/>'],
  ['too deep', deep(41)],
  ['two roots', '<a/><b/>'],
  ['an end that is missing', '<a><b></a>'],
  ['nothing', ''],
])('XML is refused with %s', (_, text) => {
  expect(() => readXml(bytes(text))).toThrow(XmlRefused)
})

it('limits hold: bytes, depth, elements; and five entities and characters by number are text', () => {
  const limits = { mostBytes: 100, mostDepth: 3, mostElements: 4 }
  expect(readXml(bytes(deep(3)), limits).name).toBe('a')
  for (const text of [deep(4), '<a><b/><b/><b/><b/></a>', `<a>${'x'.repeat(100)}</a>`]) expect(() => readXml(bytes(text), limits)).toThrow(XmlRefused) // prettier-ignore
  expect(readXml(bytes('<p:a xmlns:p="u" b="&lt;"><!-- &no; --><![CDATA[&amp;]]>&amp;&#233;&#x1F44B;</p:a>'))).toMatchObject({ name: 'a', attributes: { b: '<' } }) // prettier-ignore
})

it('whatever comes as XML is read or refused, within a second', () => {
  const pieces = fc.constantFrom('<a>', '</a>', '<MSH>', '<MSH.1>', '<', '>', '/>', '&', '&amp;', '<!', '<!--', '-->', '<![CDATA[', ']]>', '<?xml ?>', '"', "'", '=', ' ', 'x', ':@', '#text', '__proto__', '\u0000') // prettier-ignore
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
      const began = performance.now()
      try {
        parseV2xml(bytes(parts.join('')))
      } catch (error) {
        if (!(error instanceof BadMessage)) throw error
      }
      expect(performance.now() - began).toBeLessThan(1_000)
    }),
    { numRuns: 2_000 },
  )
})
