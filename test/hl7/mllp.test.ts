/** Frames on a connection: whole messages come out, however the bytes were cut and whatever stands between. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { mllpFrame, mllpFramer, type Framed } from '../../src/bridges/hl7/mllp.ts'

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const messages = (framed: readonly Framed[]): string[] => framed.flatMap((one) => (one.kind === 'message' ? [Buffer.from(one.bytes).toString('latin1')] : [])) // prettier-ignore
/** What no frame may hold. */
const content = fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.filter((byte) => byte !== 0x0b && byte !== 0x1c))
const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 40 })

function pushed(bytes: Uint8Array, sizes: readonly number[], most = 1_000): Framed[] {
  const framer = mllpFramer(most)
  const found: Framed[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    found.push(...framer.push(bytes.subarray(at, at + size)))
    at += size
  }
  return found
}

it('whatever is framed comes out, in order, however the bytes are cut and whatever stands between frames', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ content, noise: content }), { maxLength: 8 }), cuts, (all, sizes) => {
      const bytes = Buffer.concat(all.flatMap((one) => [one.noise, mllpFrame(one.content)]))
      expect(messages(pushed(bytes, sizes))).toEqual(all.map((one) => Buffer.from(one.content).toString('latin1')))
    }),
    { numRuns: 500 },
  )
})

it('any bytes are framed the same in one read or in many, and nothing of it throws', () => {
  const any = fc.uint8Array({ maxLength: 60 }).map((bytes) => bytes.map((byte) => [0x0b, 0x1c, 0x0d, 65, 66][byte % 5]!)) // prettier-ignore
  fc.assert(
    fc.property(any, cuts, (bytes, sizes) => {
      expect(pushed(bytes, sizes, 7)).toEqual(pushed(bytes, [bytes.length || 1], 7))
    }),
    { numRuns: 500 },
  ) // prettier-ignore
})

it('bytes between frames are discarded and counted, a frame without its CR is one', () => {
  expect(pushed(bytesOf('noise\v A\x1c\v B\x1c\r\nmore\v C\x1c\r'), [100])).toEqual([
    { kind: 'discarded', bytes: 5, why: 'between frames' },
    { kind: 'message', bytes: Uint8Array.from(bytesOf(' A')) },
    { kind: 'message', bytes: Uint8Array.from(bytesOf(' B')) },
    { kind: 'discarded', bytes: 4, why: 'between frames' },
    { kind: 'message', bytes: Uint8Array.from(bytesOf(' C')) },
  ])
})

it('a frame that begins within another has cut it off', () => {
  expect(pushed(bytesOf('\vhalf\vwhole\x1c\r'), [100])).toEqual([
    { kind: 'discarded', bytes: 4, why: 'cut off' },
    { kind: 'message', bytes: Uint8Array.from(bytesOf('whole')) },
  ])
})

it('a frame that is too large is not kept, and the next one comes out', () => {
  const framer = mllpFramer(10)
  for (let i = 0; i < 1_000; i++) {
    expect(framer.push(bytesOf(i === 0 ? '\v0123456789abcdef' : '0123456789abcdef'))).toEqual([])
  }
  expect(framer.push(bytesOf('\x1c\r\vnext\x1c\r'))).toEqual([
    { kind: 'discarded', bytes: 16_000, why: 'too large' },
    { kind: 'message', bytes: Uint8Array.from(bytesOf('next')) },
  ])
})

it('a sender of single bytes costs no more than its message', () => {
  const framer = mllpFramer(1_000_000)
  framer.push(Uint8Array.of(0x0b))
  const began = performance.now()
  for (let i = 0; i < 100_000; i++) framer.push(Uint8Array.of(65))
  expect(framer.push(Uint8Array.of(0x1c))).toHaveLength(1)
  expect(performance.now() - began).toBeLessThan(5_000)
})
