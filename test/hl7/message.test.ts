/** Messages as text: whatever stands in them means the same after they were read and written, in whatever delimiters. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BadMessage } from '../../src/bridges/hl7/bad-message.ts'
import { buildBatch, splitBatch } from '../../src/bridges/hl7/batches.ts'
import { characterSets, decodeMessage, encodeMessage } from '../../src/bridges/hl7/character-sets.ts'
import { standardDelimiters } from '../../src/bridges/hl7/delimiters.ts'
import { escaped, unescaped } from '../../src/bridges/hl7/escapes.ts'
import { buildMessage, parseMessage, segmentOf, segmentsOf, textAt, value } from '../../src/bridges/hl7/message.ts'
import { parseTime, wallClockIn, writeTime } from '../../src/bridges/hl7/times.ts'
import { anyMessage, anyText } from './any-message.ts'

const header = 'MSH|^~\\&|EHR|HOSP|PC|BLOOM|20261124080000||ADT^A08|17|P|2.5'

it('parse, build, parse gives the same values, for any content and any delimiters', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const text = buildMessage(message)
      const read = parseMessage(text)
      expect(read).toEqual(message)
      expect(buildMessage(read)).toBe(text)
    }),
    { numRuns: 1_000 },
  )
})

it('a message means the same in other delimiters', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const standard = parseMessage(buildMessage({ ...message, delimiters: standardDelimiters }))
      expect(parseMessage(buildMessage(message)).segments).toEqual(standard.segments)
    }),
    { numRuns: 500 },
  )
})

it('any text can be a value: it comes back as it was, and ends no segment and no frame', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const raw = escaped(text)
      expect(unescaped(raw)).toBe(text)
      // oxlint-disable-next-line no-control-regex
      expect(raw).not.toMatch(/[|^&~\u0000-\u001f]/)
    }),
    { numRuns: 1_000 },
  )
})

it('escapes are read by what they say, and unknown ones are kept', () => {
  expect(unescaped('Smith \\T\\ Sons \\F\\ \\S\\ \\R\\ \\E\\')).toBe('Smith & Sons | ^ ~ \\')
  expect(unescaped('one\\.br\\two\\X0D\\')).toBe('one\ntwo\r')
  expect(unescaped('caf\\XC3A9\\ or caf\\XE9\\')).toBe('café or café')
  expect(unescaped('\\Zlocal\\ \\C2842\\ C:\\')).toBe('\\Zlocal\\ \\C2842\\ C:\\')
})

it('delimiters are those of MSH-1 and MSH-2, never assumed', () => {
  const read = parseMessage('MSH!+*@%!EHR!!!!!!ADT+A08!17!P!2.5\rPID!1!!42+++HOSP%1.2.3%ISO*7!!O@S@Brien|x+Ann\r')
  const pid = segmentOf(read, 'PID')
  expect([textAt(pid, 3, { component: 4, subcomponent: 2 }), textAt(pid, 3, { repetition: 2 })]).toEqual(['1.2.3', '7'])
  // Its own escape names its own delimiter; what is a delimiter elsewhere is a character here.
  expect([textAt(pid, 5), textAt(pid, 5, { component: 2 })]).toEqual(['O+Brien|x', 'Ann'])
})

it.each(['MSH|^~\\^|x\r', 'MSH|||x\r', 'MSHx^~\\&x\r', 'MSH|^~\\&#!|x\r', 'MSH'])('delimiters that cannot be told apart are refused: %j', (text) => {
  expect(() => parseMessage(text)).toThrow(BadMessage)
}) // prettier-ignore

it.each(['', 'PID|1\r', '<xml/>', `${header}\rpid|1\r`, `${header}\rPIDX|1\r`, `${header}\r${header}\r`, `${header}\rBTS|1\r`])('what is no message is refused with a place: %j', (text) => {
  expect(() => parseMessage(text)).toThrow(BadMessage)
}) // prettier-ignore

it('CRLF and LF end a segment as CR does, a missing last one too; a segment without fields is one', () => {
  for (const end of ['\r', '\n', '\r\n']) {
    const read = parseMessage([header, 'EVN', 'PID|1||42'].join(end))
    expect(read.segments.map((one) => one.name)).toEqual(['MSH', 'EVN', 'PID'])
    expect(buildMessage(read)).toMatch(/^MSH\|\^~\\&\|EHR.*\rEVN\|\rPID\|1\|\|42\r$/)
  }
})

it('subcomponents of a field without components stay subcomponents', () => {
  const read = parseMessage(`${header}\rPID|a&b|c&d~e\r`)
  expect(read.segments[1]!.fields).toEqual([[[['a', 'b']]], [[['c', 'd']], [['e']]]])
  expect(buildMessage(read)).toContain('PID|a&b|c&d~e\r')
})

it('two quotation marks delete, nothing changes nothing', () => {
  const pid = segmentOf(parseMessage(`${header}\rPID|1||""|| ^""\r`), 'PID')
  expect([value(pid, 3), value(pid, 4), value(pid, 5), value(pid, 5, { component: 2 }), value(pid, 30)]).toEqual([null, undefined, undefined, null, undefined]) // prettier-ignore
})

it('a batch is its messages, and counts that do not add up are said', () => {
  const [one, two] = [`${header}\rPID|1\r`, `${header}\rPID|2\r`]
  const built = buildBatch([one, two], { application: 'PC', at: '20261124', id: 'B1' })
  expect(splitBatch(built)).toEqual({ messages: [one, two], isBatch: true, problems: [] })
  expect(splitBatch(one + two)).toEqual({ messages: [one, two], isBatch: false, problems: [] })
  expect(splitBatch(built.replace('BTS|2', 'BTS|3')).problems).toEqual(['BTS-1 says 3, and there are 2.'])
  expect(splitBatch(`noise\n\n${one}`).problems).toEqual(['1 line stands outside of a message.'])
  expect(splitBatch('').problems).toEqual(['There is no message in it.'])
})

it('every character set that can be written reads what it wrote; what it does not have is refused both ways', () => {
  const text = (set: string, name: string): string => `MSH|^~\\&|A||B|||||1|P|2.5||||||${set}\rPID|1||${name}\r`
  for (const set of characterSets.filter((one) => !['GB 18030-2000', 'BIG-5'].includes(one))) {
    const name = { '8859/2': 'Łódź', '8859/5': 'Анна', '8859/7': 'Άννα', '8859/15': '€', '8859/1': 'Zoë', '8859/9': 'Şule', UNICODE: '李', 'UNICODE UTF-8': '李 👋' }[set] ?? 'Ann' // prettier-ignore
    expect(decodeMessage(encodeMessage(text(set, name), set), 'ASCII')).toBe(text(set, name))
  }
  expect(decodeMessage(Buffer.from(text('GB 18030-2000', '').replace('PID|1||', 'PID|1||') , 'latin1'), 'ASCII')).toContain('PID') // prettier-ignore
  expect(() => decodeMessage(Buffer.from(text('UNICODE UTF-8', 'Zoë'), 'latin1'), 'ASCII')).toThrow(
    /no characters of UNICODE UTF-8/,
  )
  expect(() => decodeMessage(Buffer.from(text('ASCII', 'Zoë')), 'ASCII')).toThrow(/no characters of ASCII/)
  expect(() => decodeMessage(Buffer.from(text('KLINGON', 'x')), 'ASCII')).toThrow(/not known/)
  expect(() => encodeMessage('李', '8859/1')).toThrow(/does not have/)
  // The first of several, a byte order mark, and the channel's own where the message names none.
  expect(decodeMessage(Buffer.from(text('8859/1~UNICODE UTF-8', 'Zoë'), 'latin1'), 'ASCII')).toContain('Zoë')
  expect(decodeMessage(Buffer.from(`\uFEFF${text('', 'Zoë')}`), 'UNICODE UTF-8')).toMatch(/^MSH.*Zoë/s)
  expect(decodeMessage(Buffer.from(text('', 'Zoë'), 'latin1'), '8859/1')).toContain('Zoë')
})

it('a time keeps its precision and its offset', () => {
  for (const text of ['2026', '202611', '20261124', '2026112408', '202611240845', '20261124084501', '20261124084501.1234', '202109141120+0215', '20261124-0700', '20240229'])
    expect(writeTime(parseTime(text)!)).toBe(text) // prettier-ignore
  for (const text of ['', '26', '20261', '20261324', '20230229', '202611242460', '20261124084501.', 'tomorrow', '20261124+9900'])
    expect(parseTime(text)).toBeUndefined() // prettier-ignore
})

it('[DOM-14] a time without an offset is of the channel’s zone, one with an offset is that moment', () => {
  const wall = (text: string, zone: string, written: string) => wallClockIn(parseTime(text)!, zone, written)
  expect(wall('202611240845', 'America/Phoenix', 'America/Phoenix')).toBe('2026-11-24T08:45')
  expect(wall('202611240845', 'America/Phoenix', 'America/New_York')).toBe('2026-11-24T06:45')
  expect(wall('202109141120+0215', 'America/Phoenix', 'America/Phoenix')).toBe('2021-09-14T02:05')
  // The same wall clock on both sides of a change of daylight saving.
  expect(wall('202611010030', 'America/Phoenix', 'America/New_York')).toBe('2026-10-31T21:30')
  expect(wall('202611010330', 'America/Phoenix', 'America/New_York')).toBe('2026-11-01T01:30')
  expect(wall('20261124', 'America/Phoenix', 'America/Phoenix')).toBeUndefined()
})

it('segments of a name keep their order among the others', () => {
  const read = parseMessage(`${header}\rPID|1\rOBX|1\rPID|2\rOBX|2\r`)
  expect(segmentsOf(read, 'OBX').map((one) => textAt(one, 1))).toEqual(['1', '2'])
  expect(read.segments.map((one) => one.name).join()).toBe('MSH,PID,OBX,PID,OBX')
})
