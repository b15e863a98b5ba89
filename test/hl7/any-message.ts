/** Messages of any content, in any delimiters, for properties: values of any text, levels of any number. */
import fc from 'fast-check'
import { standardDelimiters, type Delimiters } from '../../src/bridges/hl7/delimiters.ts'
import { escaped } from '../../src/bridges/hl7/escapes.ts'
import { makeSegment, type Field, type Message } from '../../src/bridges/hl7/message.ts'

/** Five or six different punctuation characters. */
export const anyDelimiters: fc.Arbitrary<Delimiters> = fc
  .oneof(
    { weight: 1, arbitrary: fc.constant('|^~\\&'.split('')) },
    { weight: 1, arbitrary: fc.constant('|^~\\&#'.split('')) },
    {
      weight: 3,
      arbitrary: fc.shuffledSubarray('|^~\\&#!$%*+,-/:;<=>?@[]_`{}()"\''.split(''), { minLength: 5, maxLength: 6 }),
    },
  )
  .map(([field, component, repetition, escape, subcomponent, truncation = '']) => ({ field: field!, component: component!, repetition: repetition!, escape: escape!, subcomponent: subcomponent!, truncation })) // prettier-ignore

export const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(...'|^~\\&#"\r\n\u000b\u001c ab'.split('')), maxLength: 8 }),
  fc.constantFrom('', '""', 'O\\\\Brien', 'C:\\temp\\x', '1 < 2 & 3 > 2', 'a|b^c~d&e'),
)
const values = fc.oneof(anyText.map(escaped), fc.constantFrom('\\.br\\', '\\X0D0A\\', '\\Zlocal\\', '\\H\\bold\\N\\'))
const anyField: fc.Arbitrary<Field> = fc.array(
  fc.array(fc.array(values, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  { minLength: 1, maxLength: 3 },
)
const anySegment = fc.record({
  name: fc.constantFrom('PID', 'PV1', 'EVN', 'ZXX', 'Z01', 'OBX', 'AIL'),
  fields: fc.array(anyField, { minLength: 1, maxLength: 6 }),
})

export const anyMessage: fc.Arbitrary<Message> = fc
  .record({
    delimiters: anyDelimiters,
    header: fc.array(anyField, { maxLength: 4 }),
    rest: fc.array(anySegment, { maxLength: 8 }),
  }) // prettier-ignore
  .map(({ delimiters, header, rest }) => ({ delimiters, segments: [{ name: 'MSH', fields: header }, ...rest] }))

/** A message of one kind in the standard delimiters, for tests that read like messages. */
export function messageOf(kind: readonly [string, string], segments: Message['segments'], more: Readonly<Record<number, string>> = {}): Message {
  return {
    delimiters: standardDelimiters,
    segments: [makeSegment('MSH', { 3: 'EHR', 4: 'HOSP', 5: 'PC', 6: 'BLOOM', 7: '20261124080000', 9: [[[kind[0]], [kind[1]]]], 10: 'M1', 11: 'P', 12: '2.5', ...more }), ...segments],
  }
} // prettier-ignore
