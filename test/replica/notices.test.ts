/** When a site tells the portal by a notice that a document of its own passes no more (R9): the decisions alone, without a link. */
import { describe, expect, it } from 'vitest'
import type { WireRow } from '../../src/replica/admission.ts'
import type { Passes } from '../../src/replica/collections.ts'
import type { StoredDocument } from '../../src/replica/store.ts'
import { ceases, isKnownWithheld, noticeFor } from '../../src/replica/withdrawal.ts'
import { bytes, rowOf } from './store-values.ts'

const own = 'mesa'
const factsAt = (at: number, reachable: boolean, site = own) => ({ patient: 'p', site, shown: true, reachable, startsAt: null, at }) // prettier-ignore
/** What passes where patients must be reachable; of another site's nothing does. */
const reachable: Passes = (_, facts, erasure = false) => facts.site === own && (erasure || facts.reachable)
/** Where the portal lets nothing pass. */
const nothing: Passes = (_, facts, erasure = false) => facts.site === own && erasure
const heldWith = (at: number, isReachable: boolean): StoredDocument => ({
  head: { collection: 'messages', key: 'a', generation: 1, erased: 0, seq: 1, facts: factsAt(at, isReachable) },
  vector: bytes('v'),
  withdrawn: false,
})
const rowWith = (at: number, isReachable: boolean, site = own) =>
  rowOf('a', 'x', { facts: factsAt(at, isReachable, site) })
const sentWith = (at: number, isReachable: boolean, over: Partial<WireRow> = {}): WireRow => ({ seq: 9, key: 'a', generation: 1, erased: 0, facts: factsAt(at, isReachable), update: bytes('content'), receipt: false, ...over }) // prettier-ignore

describe('a change by which a document ceases to pass', () => {
  it('[R9] is told of by the settings of now', () => {
    expect(ceases(rowWith(2, false), heldWith(1, true), reachable, reachable)).toBe(true)
    expect(ceases(rowWith(2, true), heldWith(1, true), reachable, reachable)).toBe(false)
    expect(ceases(rowWith(2, false), heldWith(1, false), reachable, reachable)).toBe(false)
  })
  it('[R9] is told of by what the site chose too, while the portal narrows it to nothing: it may have had the document before', () => {
    expect(ceases(rowWith(2, false), heldWith(1, true), nothing, reachable)).toBe(true)
    expect(ceases(rowWith(2, true), heldWith(1, true), nothing, reachable)).toBe(false)
    expect(ceases(rowWith(2, false), heldWith(1, true), nothing, nothing)).toBe(false)
  })
})

describe('the first that a site hears of a document', () => {
  it('[R9] is a notice where it is the site’s own and does not pass: it was put back, and said so before', () => {
    expect(isKnownWithheld(rowWith(1, false), undefined, reachable)).toBe(true)
    expect(isKnownWithheld(rowWith(1, true), undefined, reachable)).toBe(false)
    expect(isKnownWithheld(rowWith(1, false), heldWith(1, false), reachable)).toBe(false)
    expect(isKnownWithheld(rowWith(1, false, 'tempe'), undefined, reachable)).toBe(false)
    expect(isKnownWithheld({ ...rowWith(1, false), erased: 1 }, undefined, reachable)).toBe(false)
  })
})

describe('a row of the portal with older facts than the site has', () => {
  it('[R9] is answered by a notice where it passes by those and not by the newer ones', () => {
    expect(noticeFor(sentWith(1, true), heldWith(2, false), reachable)).toMatchObject({ receipt: true, facts: factsAt(2, false) }) // prettier-ignore
    expect(noticeFor(sentWith(1, true), heldWith(2, true), reachable)).toBeUndefined()
    expect(noticeFor(sentWith(2, false), heldWith(2, false), reachable)).toBeUndefined()
  })
  it('[R9] is answered also where by the settings of now neither passes, if it brings content: by other settings the older ones may', () => {
    expect(noticeFor(sentWith(1, true), heldWith(2, false), nothing)).toMatchObject({ facts: factsAt(2, false) })
    expect(
      noticeFor(sentWith(1, true, { update: new Uint8Array([0, 0]) }), heldWith(2, false), nothing),
    ).toBeUndefined()
    expect(noticeFor(sentWith(2, false), heldWith(2, false), nothing)).toBeUndefined()
    expect(noticeFor(sentWith(1, true, { receipt: true }), heldWith(2, false), nothing)).toBeUndefined()
  })
})
