/** `npm run soak -- hl7`: hostile bytes on the parser, the framer and the XML reader, 100,000 of each or as many as asked for. */
import { expect, it } from 'vitest'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { BadMessage } from '../../src/bridges/hl7/bad-message.ts'
import { readMessage } from '../../src/bridges/hl7/encodings.ts'
import { buildMessage } from '../../src/bridges/hl7/message.ts'
import { mllpFrame, mllpFramer } from '../../src/bridges/hl7/mllp.ts'
import { parseV2xml, buildV2xml } from '../../src/bridges/xml/v2xml.ts'
import fc from 'fast-check'
import { chanceOf, seedOfRun, type Chance } from '../faults/harness/chance.ts'
import { anyMessage } from '../hl7/any-message.ts'
import { record } from './record.ts'
import { countOfRun } from './story.ts'

const seed = seedOfRun()
const valid = fc.sample(anyMessage, { numRuns: 1_000, seed })
const texts = valid.map((message) => Buffer.from(buildMessage(message)))
const documents = valid.map((message) => Buffer.from(buildV2xml(message)))
const frames = texts.map((text) => mllpFrame(text))
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const mebibyte = 1024 * 1024

/** Bytes with something wrong: bits turned, an end cut off, another's end, bytes put in, or none of these bytes at all. */
function hostile(all: readonly Uint8Array[], from: Chance): Uint8Array {
  const bytes = Uint8Array.from(all[from.below(all.length)]!)
  switch (from.below(5)) {
    case 0:
      for (let i = from.below(6); i >= 0; i--) bytes[from.below(bytes.length)]! ^= 1 << from.below(8)
      return bytes
    case 1:
      return bytes.subarray(0, from.below(bytes.length + 1))
    case 2: {
      const other = all[from.below(all.length)]!
      return Buffer.concat([bytes.subarray(0, from.below(bytes.length)), other.subarray(from.below(other.length))])
    }
    case 3: {
      const at = from.below(bytes.length)
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.alloc(from.below(40), '<&\\|^~\r\u000b'[from.below(8)]),
        bytes.subarray(at),
      ])
    }
    default:
      return Uint8Array.from({ length: from.below(200) }, () => from.below(256))
  }
}

/** Whatever is said of it must be said of these bytes. */
function refusedOrRead(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof BadMessage)) throw error
  }
}

it(`hostile bytes are read or refused: no crash, no hang, memory flat (seed ${seed})`, () => {
  const count = countOfRun(100_000)
  const chance = chanceOf(seed)
  const worst = { parser: 0, framer: 0, xml: 0 }
  const framer = mllpFramer(64 * 1024)
  const faults: string[] = ['The run broke off']
  const memory: number[] = []
  const timed = (what: keyof typeof worst, work: () => void): void => {
    const began = performance.now()
    work()
    worst[what] = Math.max(worst[what], performance.now() - began)
  }
  try {
    for (let i = 0; i < count; i++) {
      const [text, xml, frame] = [hostile(texts, chance), hostile(documents, chance), hostile(frames, chance)]
      timed('parser', () => refusedOrRead(() => readMessage(text, 'UNICODE UTF-8')))
      timed('xml', () => refusedOrRead(() => parseV2xml(xml)))
      timed('framer', () => void framer.push(frame))
      if (i === Math.floor(count / 5) || i === count - 1) {
        collect()
        memory.push(process.memoryUsage().heapUsed)
      }
    }
    faults.length = 0
    for (const [what, ms] of Object.entries(worst)) if (ms > 1_000) faults.push(`The ${what} took ${ms} ms`)
    if (memory[1]! - memory[0]! > 16 * mebibyte) faults.push(`Memory grew by ${memory[1]! - memory[0]!} bytes`)
  } finally {
    const rounded = Object.fromEntries(Object.entries(worst).map(([what, ms]) => [`ms for the ${what}`, Math.ceil(ms)]))
    record({ soak: 'hl7', seed, counts: { 'inputs on each of parser, framer and XML reader': count }, worst: rounded, faults }) // prettier-ignore
  }
  expect(faults).toEqual([])
})
