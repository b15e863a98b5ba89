/**
 * The ids of the product. A ULID is minted once by whoever makes the thing, and never holds a datum of a person.
 * Branded, so that a practice is not taken for a patient; made only by `mintUlid` and `parseUlid`.
 */
import { encodeTime, isValid } from 'ulid'
import { createHash } from 'node:crypto'
import type { Clock } from './clock.ts'

declare const brand: unique symbol
/** 26 characters of Crockford base 32: 48 bits of time, 80 bits of chance (ulid/spec). */
export type Ulid = string & { readonly [brand]: 'Ulid' }
/** A practice: one tenant of a portal. */
export type PracticeId = Ulid
/** A practice site: one InSched database with one agent. */
export type SiteId = Ulid
/** One place that holds data: a site's folder, or the portal's copy of one practice. */
export type ReplicaId = Ulid

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A new ULID at the clock's time. */
export function mintUlid(clock: Clock): Ulid {
  return (encodeTime(clock.now(), 10) + base32(clock.bytes(16), 16)) as Ulid
}

/** The ULID in `text`; throws a TypeError that names `what` where it is none. */
export function parseUlid(text: unknown, what = 'id'): Ulid {
  if (typeof text !== 'string' || !isValid(text))
    throw new TypeError(`This is not a valid ${what}: ${String(text).slice(0, 40)}`)
  return text.toUpperCase() as Ulid
}

/**
 * A ULID-shaped key derived from `parts` alone, so that saying the same thing twice names the same document
 * (a review opened again after a crash is the same review). Its time part carries no time.
 */
export function derivedUlid(...parts: string[]): Ulid {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest()
  return ('0' + base32(digest, 25)) as Ulid
}

function base32(bytes: Uint8Array, length: number): string {
  let text = ''
  for (let i = 0; i < length; i++) text += alphabet[bytes[i]! & 31]
  return text
}

const valueOf = new Int8Array(128).fill(-1)
for (let i = 0; i < 32; i++) valueOf[alphabet.charCodeAt(i)] = i

/** The 16 bytes of a ULID; undefined where the text is none. */
export function packUlid(text: string): Uint8Array | undefined {
  if (text.length !== 26) return undefined
  const bytes = new Uint8Array(16)
  let bits = 0
  let held = 0
  let at = 0
  for (let i = 0; i < 26; i++) {
    const value = valueOf[text.charCodeAt(i)] ?? -1
    if (value < 0 || (i === 0 && value > 7)) return undefined
    held = (held << (i === 0 ? 3 : 5)) | value
    bits += i === 0 ? 3 : 5
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = (held >> bits) & 255
      held &= (1 << bits) - 1
    }
  }
  return bytes
}

const letters = Buffer.from(alphabet, 'latin1')
const unpacked = Buffer.alloc(26)

/** The ULID of 16 bytes. */
export function unpackUlid(bytes: Uint8Array): string {
  let bits = 2 // Two zero bits in front make 130 bits: 26 characters of 5.
  let held = 0
  let at = 0
  for (let i = 0; i < 16; i++) {
    held = (held << 8) | bytes[i]!
    bits += 8
    while (bits >= 5) {
      bits -= 5
      unpacked[at++] = letters[(held >> bits) & 31]!
      held &= (1 << bits) - 1
    }
  }
  return unpacked.toString('latin1')
}
