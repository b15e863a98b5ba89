/** Any record of an upload and any item of a download, within what the schema takes. */
import fc from 'fast-check'
import { setAsideReasons } from '../../src/replica/kinds/confirmations.ts'
import { eventStatuses } from '../../src/replica/kinds/fields.ts'
import type { Item } from '../../src/bridges/xml/exchange-items.ts'
import type { UploadRecord } from '../../src/bridges/xml/exchange-records.ts'

const legal = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...Array.from('aBé9 <&>"\']]>\n\t\r😀')) }, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }).filter((char) => !/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(char))) // prettier-ignore
const text = (most: number) => fc.array(legal, { maxLength: Math.min(most, 20) }).map((all) => Array.from(all.join('')).slice(0, most).join('')) // prettier-ignore
const said = (most: number) => text(most).map((given) => (given === '' ? null : given))
const needed = (most: number) => text(most - 1).map((given) => `${given}x`)
const id = fc.integer({ min: 1, max: 999_999_999_999_999 })
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary)
const orNothing = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const minute = fc.date({ min: new Date('1900-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }).map((at) => at.toISOString().slice(0, 16)) // prettier-ignore
const day = minute.map((at) => at.slice(0, 10))
const instant = minute.map((at) => `${at}:00.000Z`)
const cents = fc.integer({ min: -100_000_000_000, max: 100_000_000_000 })
const zone = fc.constantFrom('America/Phoenix', 'Europe/London')

const record = <K extends UploadRecord['what']>(what: K, values: { [F in keyof Omit<Extract<UploadRecord, { what: K }>, 'what'>]: fc.Arbitrary<Extract<UploadRecord, { what: K }>[F]> }): fc.Arbitrary<UploadRecord> => fc.record({ what: fc.constant(what), ...values }) as unknown as fc.Arbitrary<UploadRecord> // prettier-ignore
export const anyRecord: fc.Arbitrary<UploadRecord> = fc.oneof(
  record('practice', { name: needed(200), phone: said(40), address: said(300), zone }),
  record('location', { id, name: needed(200), zone, address: said(300), phone: said(40) }),
  record('patient', { id, firstName: text(100), middleName: said(100), lastName: needed(100), birthDate: orNull(day), homePhone: said(40), cellPhone: said(40), email: said(200), language: said(35), state: said(60), textConsent: orNull(fc.boolean()), emailConsent: orNull(fc.boolean()), portalEnabled: fc.boolean(), balanceDueCents: orNull(cents), survivor: orNull(id) }), // prettier-ignore
  record('plan', { id, patient: id, words: said(200), status: said(60), startsOn: orNull(day), endsOn: orNull(day), stage: fc.array(fc.record({ id, position: fc.nat(10_000), words: said(200), completed: fc.boolean(), completedOn: orNull(day) }), { maxLength: 3 }) }), // prettier-ignore
  record('event', { id, patient: id, occurrence: orNothing(day), words: said(200), startsAt: minute, minutes: fc.integer({ min: 1, max: 1_440 }), location: orNull(id), status: fc.constantFrom(...eventStatuses), lastConfirmedDate: orNull(minute), confirmationType: said(40) }), // prettier-ignore
  record('removed', { record: fc.constantFrom('patient', 'plan', 'event'), id, occurrence: orNothing(day) }),
)

const item = <K extends Item['kind']>(kind: K, values: { [F in keyof Omit<Extract<Item, { kind: K }>, 'kind' | 'id'>]: fc.Arbitrary<Extract<Item, { kind: K }>[F]> }): fc.Arbitrary<Item> => fc.record({ kind: fc.constant(kind), id: needed(40), ...values }) as unknown as fc.Arbitrary<Item> // prettier-ignore
/** Words of people may hold what XML has no way to say. */
const words = fc.string({ unit: 'binary', maxLength: 30 }).map((given) => `x${given}`)
export const anyItem: fc.Arbitrary<Item> = fc.oneof(
  item('message', { patient: id, event: orNull(id), direction: fc.constantFrom('in', 'out'), at: instant, thread: needed(26), by: orNull(words), subject: words, text: words }), // prettier-ignore
  item('request', { patient: id, event: orNull(id), asks: fc.constantFrom('declined', 'wants to move', 'contact change'), at: instant, startsAt: orNull(minute), note: orNull(words), homePhone: orNull(words), cellPhone: orNull(words), email: orNull(words), language: orNull(words) }), // prettier-ignore
  item('confirmation', { patient: id, event: id, state: fc.constantFrom('write', 'written', 'set aside'), answer: needed(26), at: instant, startsAt: minute, lastConfirmedDate: orNull(minute), confirmationType: orNull(needed(40)), why: orNull(fc.constantFrom(...setAsideReasons)) }), // prettier-ignore
  item('communication', { patient: id, event: orNull(id), channel: fc.constantFrom('text', 'email'), direction: fc.constantFrom('in', 'out'), at: instant, state: needed(20), subject: words, text: words }), // prettier-ignore
  item('payment', { patient: id, payment: needed(26), at: instant, amountCents: fc.nat(1_000_000), refundedCents: fc.nat(1_000_000), voidedCents: fc.nat(1_000_000), currency: fc.constant('usd'), transaction: needed(40), authorization: orNull(needed(20)), last4: orNull(fc.constant('4242')), brand: orNull(needed(20)) }), // prettier-ignore
  item('review', { patient: orNull(id), event: orNull(id), about: needed(40), state: fc.constantFrom('open', 'resolved'), at: instant, why: words, todo: words }), // prettier-ignore
)
