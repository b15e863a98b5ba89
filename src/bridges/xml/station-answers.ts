/**
 * What becomes of what a station is told: whether an answer may go into its schedule (DOM-1 to DOM-4), and what its
 * acknowledgement says of answers, payments and requests. An answer that was not acknowledged is still on its way.
 */
import { instantOf, wallClockOf } from '../../mirror/wall-clock.ts'
import type { Clock } from '../../replica/clock.ts'
import { derivedUlid } from '../../replica/ids.ts'
import { foldConfirmations, type Answer, type SetAsideReason } from '../../replica/kinds/confirmations.ts'
import type { EventFields } from '../../replica/kinds/fields.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { DocumentHead, Edit, Replica } from '../../replica/replica-face.ts'
import { setAsideEdits, typeOf } from '../insched/set-aside.ts'
import type { Acknowledgement, Item } from './exchange-items.ts'
import type { KeptItem, Outbox } from './outbox-sqlite.ts'
import type { StationStore } from './station-sqlite.ts'
import { XmlRefused } from './xml-reader.ts'

export interface StationAnswersParts {
  readonly store: StationStore
  readonly outbox: Outbox
  readonly replica: Replica
  readonly site: string
  readonly zoneOf: (location: string | null) => Promise<string>
  readonly clock: Clock
}
type ItemOf<K extends Item['kind']> = Extract<Item, { kind: K }>

export function stationAnswers({ store, outbox, replica, site, zoneOf, clock }: StationAnswersParts) {
  const by: By = { role: 'site', id: site, initials: 'PC' }

  /** The station's number of a patient or an event; after Combine the Survivor's (DOM-10), cycles refused. */
  const numberOf = async (document: string): Promise<number | undefined> => {
    let found = store.recordOf(document)
    if (found?.table !== 'patients') return found?.id
    const seen = new Set<number>()
    while (found && found.patient !== null) {
      if (seen.has(found.id)) return undefined
      seen.add(found.id)
      found = store.identity('patients', found.patient)
    }
    return found?.id
  }
  const fieldsOf = async (event: string): Promise<EventFields | undefined> =>
    (await replica.record('events', event))?.fields as unknown as EventFields | undefined

  const objectionTo = async (event: string, answer: Answer): Promise<SetAsideReason | undefined> => {
    if (store.isRemoved(event)) return 'deleted'
    const [head, fields] = [await replica.head('events', event), await fieldsOf(event)]
    if (!head || !fields || !store.recordOf(event)) return 'unknown event'
    const owner = head.facts.patient === null ? undefined : await numberOf(head.facts.patient)
    if (owner === undefined || owner !== (await numberOf(answer.patient))) return 'another patient'
    if (fields.startsAt !== answer.startsAt) return 'moved'
    if (fields.status === 'Canceled') return 'canceled'
    if (fields.status === 'No Show') return 'no show'
    if (fields.status === 'Checked Out') return 'checked out'
    return answer.at >= instantOf(fields.startsAt, await zoneOf(fields.location)) ? 'past' : undefined
  }
  const writtenEdits = (event: string, answer: string, confirmed: { lastConfirmed: string; confirmationType: string }, isNewer: boolean): Edit[] => {
    const at = clock.now()
    return [
      { collection: 'confirmations', key: event, add: { [`written:${answer}`]: { kind: 'written', at, by, answer, ...confirmed } } },
      ...(isNewer ? [{ collection: 'events' as const, key: event, set: confirmed, at }] : []),
    ]
  } // prettier-ignore

  /** The item by which an answer goes to the station; one that may not go is set aside, and one that is older than what stands changes nothing (DOM-2). */
  const confirm = async (event: string, answer: Answer): Promise<Item | undefined> => {
    // What was told is the station's to say.
    if (outbox.has(`confirmation:${answer.id}`)) return undefined
    const why = await objectionTo(event, answer)
    if (why !== undefined) {
      await replica.change(setAsideEdits({ event, answer, why }, { by, site, now: clock.now() }))
      return undefined
    }
    const fields = (await fieldsOf(event))!
    const confirmed = wallClockOf(answer.at, await zoneOf(fields.location))
    const { lastConfirmed: last, confirmationType: type } = fields
    if (last && confirmed <= last) {
      await replica.change(writtenEdits(event, answer.id, { lastConfirmed: last, confirmationType: type ?? typeOf(answer) }, false)) // prettier-ignore
      return undefined
    }
    return { kind: 'confirmation', id: `confirmation:${answer.id}`, patient: (await numberOf(answer.patient))!, event: (await numberOf(event))!, state: 'write', answer: answer.id, at: new Date(answer.at).toISOString(), startsAt: answer.startsAt, lastConfirmedDate: confirmed, confirmationType: typeOf(answer), why: null } // prettier-ignore
  }

  /** Messages for a patient whom the station has removed: staff see them as a review (DOM-16). */
  const unknown = async (head: DocumentHead, messages: readonly string[]): Promise<void> => {
    if (messages.length === 0) return
    const facts = { patient: head.facts.patient, site, shown: false, reachable: false, startsAt: null }
    await replica.change(messages.map((message): Edit => ({
      collection: 'reviews',
      key: derivedUlid('message not written', message),
      facts,
      add: { opened: { kind: 'opened', at: clock.now(), by, about: 'message not written', why: 'A portal message is for a patient who is not, or no longer, among the records of this station.', todo: 'Find the patient and file the message by hand.', patient: head.facts.patient, event: null } },
    })))
  } // prettier-ignore

  const confirmed = async (item: ItemOf<'confirmation'>, event: string, why: SetAsideReason | undefined): Promise<Edit[]> => {
    const answer = foldConfirmations(await replica.entries('confirmations', event)).find(({ id }) => id === item.answer)
    if (answer?.state !== 'sent') return []
    if (why !== undefined) return setAsideEdits({ event, answer, why }, { by, site, now: clock.now() })
    const confirmed = { lastConfirmed: item.lastConfirmedDate!, confirmationType: item.confirmationType! }
    const last = (await fieldsOf(event))?.lastConfirmed ?? null
    return writtenEdits(event, answer.id, confirmed, store.recordOf(event) !== undefined && (last === null || confirmed.lastConfirmed > last)) // prettier-ignore
  } // prettier-ignore
  const said = async ({ number, document, item }: KeptItem, ack: Acknowledgement): Promise<Edit[]> => {
    const key = document.slice(document.indexOf(' ') + 1)
    const at = clock.now()
    if (item.kind === 'confirmation' && item.state === 'write') return confirmed(item, key, ack.notWritten.get(number))
    const deposit = item.kind === 'payment' ? ack.deposits.get(number) : undefined
    if (item.kind === 'payment' && deposit !== undefined) {
      const { payment, transaction, amountCents: amount, refundedCents: refunded, voidedCents: voided } = item
      const about = { at, by, payment, deposit, transaction }
      const seen = { kind: 'deposit seen' as const, ...about, rank: number, amount, refunded, voided }
      return [{ collection: 'payments', key, add: { [`posted:${payment}`]: { kind: 'posted', ...about }, [`deposit seen:${deposit}:${number}:${amount}:${refunded}:${voided}`]: seen } }] // prettier-ignore
    }
    const as = item.kind === 'request' ? ack.answered.get(number) : undefined
    const request = item.id.slice('request:'.length)
    return as === undefined ? [] : [{ collection: 'requests', key, add: { [`${as}:${request}`]: { kind: as, at, by, request } } }] // prettier-ignore
  }
  const assertNamed = (numbers: Iterable<number>, kind: Item['kind']): KeptItem[] =>
    [...numbers].map((number) => {
      const kept = outbox.item(number)
      if (kept?.item.kind !== kind) throw new XmlRefused(`acknowledgement: item ${number} is no ${kind}.`)
      return kept
    })

  /** Takes an acknowledgement, all of it or none; the same again changes nothing. */
  const acknowledge = async (ack: Acknowledgement): Promise<void> => {
    if (ack.to > outbox.last()) throw new XmlRefused(`acknowledgement: there is no item ${ack.to}.`)
    const named = [...assertNamed(ack.deposits.keys(), 'payment'), ...assertNamed(ack.notWritten.keys(), 'confirmation'), ...assertNamed(ack.answered.keys(), 'request')] // prettier-ignore
    const from = outbox.acknowledged()
    const edits: Edit[] = []
    for (const one of named) if (one.number <= from) edits.push(...(await said(one, ack)))
    for (const one of outbox.between(from, ack.to)) edits.push(...(await said(one, ack)))
    if (edits.length > 0) await replica.change(edits)
    outbox.acknowledge(ack.to)
  }

  return { numberOf, confirm, unknown, acknowledge }
}
