/** What a document means is the same on every replica: its folds do not see in which order entries and writers stand. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { foldAccess, type AccessEntry } from '../../src/replica/kinds/access.ts'
import { foldConfirmations, type ConfirmationEntry } from '../../src/replica/kinds/confirmations.ts'
import type { Entry } from '../../src/replica/kinds/kind.ts'
import { foldMessages, type MessageEntry } from '../../src/replica/kinds/messages.ts'
import { foldRequests, type RequestEntry } from '../../src/replica/kinds/requests.ts'
import { foldReview, type ReviewEntry } from '../../src/replica/kinds/reviews.ts'
import { foldRecord, type Written } from '../../src/replica/records.ts'

/** A list and a true permutation of it. */
const permuted = <T>(list: fc.Arbitrary<T[]>): fc.Arbitrary<readonly [T[], T[]]> =>
  list.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })),
  )

const fields = ['phone', 'email', 'name']
const written = fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 9 }), fc.nat(8)) as fc.Arbitrary<Written>
const writer = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...fields), written), { selector: ([field]) => field })
  .chain((list) => permuted(fc.constant(list)))
const writers = fc.uniqueArray(fc.tuple(fc.constantFrom('R1', 'R2', 'R3', 'R4'), writer), {
  selector: ([replica]) => replica,
})
type Maps = Parameters<typeof foldRecord>[0]
const asMaps = (list: readonly (readonly [string, Record<string, Written>])[]): Maps =>
  new Map(list.map(([replica, set]) => [replica, new Map(Object.entries(set))]))

it('[LOG-7] a record folds to the same whatever the order of its writers and of their fields', () => {
  fc.assert(
    fc.property(permuted(writers), ([list, other]) => {
      const one: Maps = new Map(list.map(([replica, [set]]) => [replica, new Map(set)]))
      const two: Maps = new Map(other.map(([replica, [, set]]) => [replica, new Map(set)]))
      expect(foldRecord(two)).toEqual(foldRecord(one))
    }),
  )
})

it('[LOG-8] the newest time of a field stands, and what lost without having been seen is a conflict', () => {
  fc.assert(
    fc.property(writers, (list) => {
      const maps: Maps = new Map(list.map(([replica, [set]]) => [replica, new Map(set)]))
      const { fields: values, times, conflicts } = foldRecord(maps)
      for (const field of fields) {
        const all = [...maps].flatMap(([replica, map]) => {
          const own = map.get(field)
          return own ? [{ replica, value: own[0], time: own[1], base: own[2] }] : []
        })
        const newest = Math.max(...all.map((one) => one.time))
        const winner = all
          .filter((one) => one.time === newest)
          .toSorted((a, b) => (a.replica < b.replica ? -1 : 1))
          .at(-1)
        expect(values[field]).toBe(winner?.value)
        expect(times.get(field)).toBe(winner?.time)
        const unseen = all.filter((one) => one !== winner && winner && winner.base < one.time && one.value !== winner.value) // prettier-ignore
        expect(conflicts.filter((one) => one.field === field)).toEqual(
          unseen
            .map(({ replica, value, time }) => ({ field, value, replica, time, winner: winner!.replica }))
            .toSorted((a, b) => (a.replica < b.replica ? -1 : 1)),
        )
      }
    }),
  )
})

it('[LOG-8] two sites that edit different fields keep both; of the same field the newer stands and the other is kept as a conflict', () => {
  const apart = foldRecord(asMaps([['R1', { phone: [1, 5, 0] }], ['R2', { email: [2, 6, 0] }]])) // prettier-ignore
  expect(apart).toMatchObject({ fields: { phone: 1, email: 2 }, conflicts: [] })
  const same = foldRecord(asMaps([['R1', { phone: [1, 5, 0] }], ['R2', { phone: [2, 6, 0] }]])) // prettier-ignore
  expect(same.fields).toEqual({ phone: 2 })
  expect(same.conflicts).toEqual([{ field: 'phone', value: 1, replica: 'R1', time: 5, winner: 'R2' }])
  const seen = foldRecord(asMaps([['R1', { phone: [1, 5, 0] }], ['R2', { phone: [2, 6, 5] }]])) // prettier-ignore
  expect(seen.conflicts).toEqual([])
})

// Few ids and times, so that entries name each other and meet in the same millisecond.
const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const at = fc.nat(3)
const start = fc.constantFrom('2027-01-01T10:00', '2027-01-02T10:00')
const kind = <const K extends string, T>(name: K, rest: { [P in keyof T]: fc.Arbitrary<T[P]> }) =>
  fc.record({ kind: fc.constant(name), at, ...rest })
const by = fc.constantFrom('s', 't').map((who) => ({ role: 'staff' as const, id: who }))

const confirmation = fc.oneof(
  kind('answered', { channel: fc.constant('portal'), startsAt: start, patient: fc.constant('p') }),
  kind('written', { answer: id, lastConfirmed: start, confirmationType: fc.constantFrom('Portal', 'Text') }),
  kind('set aside', { answer: id, why: fc.constantFrom('moved', 'canceled'), review: id }),
)
const message = fc.oneof(
  kind('message', { thread: fc.constantFrom('t', 'u'), subject: fc.constantFrom('s', 'z'), text: fc.constantFrom('x', 'y') }), // prettier-ignore
  kind('read', { entry: id }),
  kind('retracted', { entry: id }),
)
const request = fc.oneof(
  kind('declined', { event: fc.constant('e'), startsAt: start }),
  kind('wants to move', { event: fc.constant('e'), startsAt: start, note: fc.constantFrom('x', 'y') }),
  kind('contact change', { fields: fc.record({ email: fc.constantFrom('x', 'y') }) }),
  kind('accepted', { request: id, note: fc.constantFrom('x', 'y') }),
  kind('refused', { request: id, note: fc.constantFrom('x', 'y') }),
)
const access = fc.oneof(
  kind('invited', { tokenHash: fc.constantFrom('0', '1'), until: fc.nat(9) }),
  kind('accepted', { invitation: id, account: fc.constantFrom('x', 'y') }),
  kind('revoked', { revokes: fc.array(id, { maxLength: 3 }), why: fc.constantFrom('by staff', 'wrong dates') }),
)
const review = fc.oneof(
  kind('opened', { about: fc.constant('row refused'), why: fc.constantFrom('x', 'y'), todo: fc.constantFrom('x', 'y'), patient: fc.option(fc.constant('p')) }), // prettier-ignore
  kind('resolved', { note: fc.constantFrom('x', 'y') }),
)

const entries = <T>(value: fc.Arbitrary<object>): fc.Arbitrary<Entry<T>[]> =>
  fc
    .uniqueArray(fc.tuple(id, value, by), { selector: ([key]) => key, minLength: 2 })
    .map((list) => list.map(([key, rest, who]) => ({ ...rest, by: who, id: key }) as unknown as Entry<T>))

function sameInAnyOrder<T>(value: fc.Arbitrary<object>, fold: (entries: readonly Entry<T>[]) => unknown): void {
  fc.assert(
    fc.property(permuted(entries<T>(value)), ([list, other]) => {
      expect(fold(other)).toEqual(fold(list))
    }),
    { numRuns: 300 },
  )
}

it('[LOG-7] confirmations, messages, requests, access and reviews fold to the same in any order', () => {
  sameInAnyOrder<ConfirmationEntry>(confirmation, foldConfirmations)
  sameInAnyOrder<MessageEntry>(message, foldMessages)
  sameInAnyOrder<RequestEntry>(request, foldRequests)
  sameInAnyOrder<AccessEntry>(access, foldAccess)
  sameInAnyOrder<ReviewEntry>(review, foldReview)
})

it('an answer that was written stays written, whatever else is said of it', () => {
  fc.assert(
    fc.property(entries<ConfirmationEntry>(confirmation), (list) => {
      for (const answer of foldConfirmations(list)) {
        const says = (said: string) => list.some((entry) => entry.kind === said && 'answer' in entry && entry.answer === answer.id) // prettier-ignore
        expect(answer.state).toBe(says('written') ? 'written' : says('set aside') ? 'set aside' : 'sent')
      }
    }),
  )
})

it('a request that was accepted and refused at once counts as refused', () => {
  fc.assert(
    fc.property(entries<RequestEntry>(request), (list) => {
      for (const asked of foldRequests(list)) {
        const says = (said: string) => list.some((entry) => entry.kind === said && 'request' in entry && entry.request === asked.id) // prettier-ignore
        expect(asked.state).toBe(says('refused') ? 'refused' : says('accepted') ? 'accepted' : 'open')
      }
    }),
  )
})

it('what was revoked gives no access, also where the revocation arrives before what it ends', () => {
  fc.assert(
    fc.property(entries<AccessEntry>(access), (list) => {
      const revoked = list.flatMap((entry) => (entry.kind === 'revoked' ? entry.revokes : []))
      const { invitations, accounts, standing } = foldAccess(list)
      for (const one of invitations) expect(revoked).not.toContain(one.id)
      for (const one of standing) expect(revoked).not.toContain(one)
      const stands = list.flatMap((entry) => (entry.kind === 'accepted' && !revoked.includes(entry.id) ? [entry.account] : [])) // prettier-ignore
      expect(new Set(accounts)).toEqual(new Set(stands))
    }),
  )
})

it('a review that was opened is open until it is resolved, and the first resolution stands', () => {
  fc.assert(
    fc.property(entries<ReviewEntry>(review), (list) => {
      const opened = list.filter((entry) => entry.kind === 'opened').map((entry) => entry.at)
      const resolved = list.filter((entry) => entry.kind === 'resolved').map((entry) => entry.at)
      const folded = foldReview(list)
      expect(folded?.openedAt).toBe(opened.length > 0 ? Math.min(...opened) : undefined)
      expect(folded?.resolved?.at).toBe(folded && resolved.length > 0 ? Math.min(...resolved) : undefined)
    }),
  )
})
