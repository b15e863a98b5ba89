/**
 * The download of the exchange: what patients and office said to each other, what patients confirmed and paid, and what
 * staff have to look at, each as one item under a number that only grows; and the acknowledgement of a station for it.
 * An item that comes again has the same `id`, by which the station does it once.
 */
import * as v from 'valibot'
import { setAsideReasons } from '../../replica/kinds/confirmations.ts'
import { assertRoot, elementOf, id, readElement, rootStart } from './exchange-form.ts'
import { readXml, XmlRefused, type XmlLimits } from './xml-reader.ts'

/** By the kind of the item its values; patients and events by the station's numbers, times in ISO 8601 and UTC. */
export interface ItemValues {
  readonly message: { readonly patient: number; readonly event: number | null; readonly direction: 'in' | 'out'; readonly at: string; readonly thread: string; readonly by: string | null; readonly subject: string; readonly text: string } // prettier-ignore
  readonly request: { readonly patient: number; readonly event: number | null; readonly asks: 'declined' | 'wants to move' | 'contact change'; readonly at: string; readonly startsAt: string | null; readonly note: string | null; readonly homePhone: string | null; readonly cellPhone: string | null; readonly email: string | null; readonly language: string | null } // prettier-ignore
  /** `write`: what the station is to write into its schedule; else what became of it. */
  readonly confirmation: { readonly patient: number; readonly event: number; readonly state: 'write' | 'written' | 'set aside'; readonly answer: string; readonly at: string; readonly startsAt: string; readonly lastConfirmedDate: string | null; readonly confirmationType: string | null; readonly why: string | null } // prettier-ignore
  readonly communication: { readonly patient: number; readonly event: number | null; readonly channel: 'text' | 'email'; readonly direction: 'in' | 'out'; readonly at: string; readonly state: string; readonly subject: string; readonly text: string } // prettier-ignore
  readonly payment: { readonly patient: number; readonly payment: string; readonly at: string; readonly amountCents: number; readonly refundedCents: number; readonly voidedCents: number; readonly currency: string; readonly transaction: string; readonly authorization: string | null; readonly last4: string | null; readonly brand: string | null } // prettier-ignore
  readonly review: { readonly patient: number | null; readonly event: number | null; readonly about: string; readonly state: 'open' | 'resolved'; readonly at: string; readonly why: string; readonly todo: string } // prettier-ignore
}
export type ItemKind = keyof ItemValues
export type Item = { [K in ItemKind]: { readonly kind: K; readonly id: string } & ItemValues[K] }[ItemKind]

/** What of an item stands as attribute. */
const attributes = new Set(['patient', 'event', 'direction', 'channel', 'state', 'at', 'asks', 'thread', 'answer', 'payment', 'about']) // prettier-ignore

export function writeItem(number: number, item: Item): string {
  const { kind, id, ...values } = item
  const all = Object.entries(values)
  return elementOf(kind, { item: number, id, ...Object.fromEntries(all.filter(([name]) => attributes.has(name))) }, Object.fromEntries(all.filter(([name]) => !attributes.has(name)))) // prettier-ignore
}

/** Items of a download, behind `since` up to `to`. */
export interface Download {
  readonly since: number
  readonly to: number
  /** Whether there are more behind `to`. */
  readonly more: boolean
  readonly items: Iterable<{ readonly number: number; readonly item: Item }>
}

/** A download as its document, item by item. */
export function* downloadDocument({ since, to, more, items }: Download): Generator<string> {
  yield rootStart('download', { since, to, more })
  for (const { number, item } of items) yield `${writeItem(number, item)}\n`
  yield '</download>\n'
}

const refusable = setAsideReasons.filter((why) => why !== 'unknown event')
const deposit = v.strictObject({ item: id, id })
const notWritten = v.strictObject({ item: id, why: v.picklist(refusable, 'is no reason that is taken') })
const answered = v.strictObject({ item: id, as: v.picklist(['accepted', 'refused'], 'is accepted or refused') })

/** What a station says of a download. */
export interface Acknowledgement {
  /** The last item that it has, durably. */
  readonly to: number
  /** By item: the deposit that a payment became, why a confirmation was not written, how staff answered a request. */
  readonly deposits: ReadonlyMap<number, number>
  readonly notWritten: ReadonlyMap<number, (typeof refusable)[number]>
  readonly answered: ReadonlyMap<number, 'accepted' | 'refused'>
}
const limits: XmlLimits = { mostBytes: 8 * 1024 * 1024, mostDepth: 4, mostElements: 100_000 }

/** Reads an acknowledgement; throws XmlRefused with a sentence where it is none. */
export function readAcknowledgement(bytes: Uint8Array): Acknowledgement {
  const root = readXml(bytes, limits)
  assertRoot(root, 'acknowledgement')
  const to = v.safeParse(
    v.union([
      v.pipe(
        v.literal('0'),
        v.transform(() => 0),
      ),
      id,
    ]),
    root.attributes['to'],
  )
  if (!to.success) throw new XmlRefused('acknowledgement: to is no number of an item.')
  const result = { to: to.output, deposits: new Map<number, number>(), notWritten: new Map<number, (typeof refusable)[number]>(), answered: new Map<number, 'accepted' | 'refused'>() } // prettier-ignore
  for (const child of root.children) {
    if (typeof child === 'string') {
      if (child.trim() !== '') throw new XmlRefused('acknowledgement: has text that is in no element.')
    } else if (child.name === 'deposit') {
      const read = readElement(deposit, child)
      result.deposits.set(read.item, read.id)
    } else if (child.name === 'notWritten') {
      const read = readElement(notWritten, child)
      result.notWritten.set(read.item, read.why)
    } else if (child.name === 'answered') {
      const read = readElement(answered, child)
      result.answered.set(read.item, read.as)
    } else throw new XmlRefused('An acknowledgement holds deposit, notWritten and answered, and nothing else.')
  }
  const beyond = [...result.deposits.keys(), ...result.notWritten.keys(), ...result.answered.keys()].find((item) => item > result.to) // prettier-ignore
  if (beyond !== undefined) throw new XmlRefused(`acknowledgement: item ${beyond} lies behind its end.`)
  return result
}
