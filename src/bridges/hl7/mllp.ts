/**
 * Frames of MLLP: 0x0B, a message, 0x1C, 0x0D. Pure and incremental: however a connection cuts its bytes, the same frames
 * come out. A frame ends at 0x1C, which no message may hold; the CR behind it may be missing. What stands between frames
 * is discarded and counted; a frame that begins within another has cut it off; one that is too large is discarded to its
 * end. In release 2 a frame of one byte is a commit acknowledgement: whether the frame before is kept.
 */

const begins = 0x0b
const ends = 0x1c
const carriageReturn = 0x0d
const lineFeed = 0x0a
/** Bytes of commit acknowledgements (HL7 MLLP release 2). */
const commits = { kept: 0x06, 'not kept': 0x15 } as const
export type Commit = keyof typeof commits
/** What is kept of a frame's memory for the next one. */
const keptBetween = 64 * 1024

export type Framed =
  | { readonly kind: 'message'; readonly bytes: Uint8Array }
  /** Bytes that belong to no whole frame. */
  | { readonly kind: 'discarded'; readonly bytes: number; readonly why: 'between frames' | 'cut off' | 'too large' }

export interface MllpFramer {
  /** What these bytes complete, in order. */
  push(bytes: Uint8Array): Framed[]
  /** Bytes that are kept of a frame that has not ended. */
  pending(): number
}

/** Frames of at most `mostBytes`. */
export function mllpFramer(mostBytes: number): MllpFramer {
  let held = Buffer.alloc(0)
  let size = 0
  let state: 'between' | 'within' | 'discarding' = 'between'
  let skipped = 0

  const keep = (part: Uint8Array): void => {
    const before = size
    size += part.length
    if (size > mostBytes) {
      state = 'discarding'
      held = Buffer.alloc(0)
    } else {
      // Doubled, so that a sender of single bytes costs no more than one of whole frames.
      if (size > held.length) held = Buffer.concat([held], Math.min(mostBytes, Math.max(size, 2 * held.length)))
      held.set(part, before)
    }
  }

  return {
    pending: () => size,
    push(bytes) {
      const found: Framed[] = []
      const discard = (count: number, why: 'between frames' | 'cut off' | 'too large'): void => {
        if (count > 0) found.push({ kind: 'discarded', bytes: count, why })
      }
      const next = { [begins]: -2, [ends]: -2 }
      /** Where such a byte is from `at` on; looked for once. */
      const find = (byte: typeof begins | typeof ends, at: number): number => {
        if (next[byte] !== -1 && next[byte]! < at) next[byte] = bytes.indexOf(byte, at)
        return next[byte]! < 0 ? bytes.length : next[byte]!
      }
      for (let at = 0; at < bytes.length;) {
        if (state === 'between') {
          const begin = find(begins, at)
          // The end of the frame before, and line breaks that some put between frames.
          for (; at < begin; at++) if (bytes[at] !== carriageReturn && bytes[at] !== lineFeed) skipped++
          if (begin === bytes.length) break
          discard(skipped, 'between frames')
          skipped = 0
          state = 'within'
          at = begin + 1
          continue
        }
        const end = find(ends, at)
        const stop = Math.min(end, find(begins, at))
        if (state === 'within') keep(bytes.subarray(at, stop))
        else size += stop - at
        if (stop === bytes.length) break
        if (state === 'discarding') discard(size, 'too large')
        else if (stop === end) found.push({ kind: 'message', bytes: Uint8Array.from(held.subarray(0, size)) })
        else discard(size, 'cut off')
        size = 0
        if (held.length > keptBetween) held = Buffer.alloc(0)
        state = stop === end ? 'between' : 'within'
        at = stop + 1
      }
      return found
    },
  }
}

/** A message as a frame. */
export function mllpFrame(message: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(begins), message, Uint8Array.of(ends, carriageReturn)])
}

/** A commit acknowledgement as a frame; release 2 alone. */
export function commitFrame(commit: Commit): Uint8Array {
  return mllpFrame(Uint8Array.of(commits[commit]))
}

/** Which commit acknowledgement the content of a frame is; undefined where it is none. */
export function commitOf(content: Uint8Array): Commit | undefined {
  if (content.length !== 1) return undefined
  return (Object.keys(commits) as Commit[]).find((one) => commits[one] === content[0])
}
