/** What a document means is the same on every replica: whatever the order of what arrives, and however often it does. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { foldConfirmations, type ConfirmationEntry } from '../../src/replica/kinds/confirmations.ts'
import type { Entry } from '../../src/replica/kinds/kind.ts'
import { foldMessages, type MessageEntry } from '../../src/replica/kinds/messages.ts'
import { foldRecord, type Written } from '../../src/replica/records.ts'

const by = { role: 'staff' as const, id: 's' }
const id = fc.constantFrom('a', 'b', 'c', 'd')
const at = fc.nat(5)
const written = fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 9 }), fc.nat(8)) as fc.Arbitrary<Written>
const maps = fc.uniqueArray(
  fc.tuple(fc.constantFrom('R1', 'R2', 'R3'), fc.dictionary(fc.constantFrom('phone', 'email'), written)),
  {
    selector: ([replica]) => replica,
  },
)
const asMaps = (list: readonly (readonly [string, Record<string, Written>])[]) =>
  new Map(list.map(([replica, fields]) => [replica, new Map(Object.entries(fields))]))

it('a record folds to the same whatever the order of its writers', () => {
  fc.assert(
    fc.property(maps, (list) => {
      expect(foldRecord(asMaps(list))).toEqual(foldRecord(asMaps(list.toReversed())))
    }),
  )
})

it('two sites that edit different fields keep both; of the same field the newer stands and the other is kept as a conflict', () => {
  const apart = foldRecord(asMaps([['R1', { phone: [1, 5, 0] }], ['R2', { email: [2, 6, 0] }]])) // prettier-ignore
  expect(apart).toMatchObject({ fields: { phone: 1, email: 2 }, conflicts: [] })
  const same = foldRecord(asMaps([['R1', { phone: [1, 5, 0] }], ['R2', { phone: [2, 6, 0] }]])) // prettier-ignore
  expect(same.fields).toEqual({ phone: 2 })
  expect(same.conflicts).toEqual([{ field: 'phone', value: 1, replica: 'R1', time: 5, winner: 'R2' }])
  const seen = foldRecord(asMaps([['R1', { phone: [1, 5, 0] }], ['R2', { phone: [2, 6, 5] }]])) // prettier-ignore
  expect(seen.conflicts).toEqual([])
})

const confirmation = fc.oneof(
  fc.record({
    kind: fc.constant('answered' as const),
    at,
    channel: fc.constant('portal' as const),
    startsAt: fc.constantFrom('2027-01-01T10:00', '2027-01-02T10:00'),
  }),
  fc.record({
    kind: fc.constant('written' as const),
    at,
    answer: id,
    lastConfirmed: fc.constant('2027-01-01T09:00'),
    confirmationType: fc.constant('Portal'),
  }),
  fc.record({
    kind: fc.constant('set aside' as const),
    at,
    answer: id,
    why: fc.constant('moved' as const),
    review: fc.constant('r'),
  }),
)
const message = fc.oneof(
  fc.record({
    kind: fc.constant('message' as const),
    at,
    thread: fc.constantFrom('t', 'u'),
    subject: fc.constant('s'),
    text: fc.constantFrom('x', 'y'),
  }),
  fc.record({ kind: fc.constant('read' as const), at, entry: id }),
  fc.record({ kind: fc.constant('retracted' as const), at, entry: id }),
)
const entries = <T>(value: fc.Arbitrary<object>): fc.Arbitrary<Entry<T>[]> =>
  fc
    .uniqueArray(fc.tuple(id, value), { selector: ([key]) => key })
    .map((list) => list.map(([key, rest]) => ({ ...rest, by, patient: 'p', id: key }) as unknown as Entry<T>))

it('confirmations and messages fold to the same in any order', () => {
  fc.assert(
    fc.property(entries<ConfirmationEntry>(confirmation), (list) => {
      expect(foldConfirmations(list)).toEqual(foldConfirmations(list.toReversed()))
    }),
  )
  fc.assert(
    fc.property(entries<MessageEntry>(message), (list) => {
      expect(foldMessages(list)).toEqual(foldMessages(list.toReversed()))
    }),
  )
})
