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
