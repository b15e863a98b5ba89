/**
 * The follower that fills the outbox: every message, request, text, email, payment, confirmation and review of this site's
 * patients becomes an item once, under an id that follows from what it says. Level-triggered: it asks what of a document is
 * not there yet. What becomes of an answer that waits is another's to say (`confirm`).
 */
import { derivedUlid } from '../../replica/ids.ts'
import { foldCommunications } from '../../replica/kinds/communications.ts'
import { foldConfirmations, type Answer } from '../../replica/kinds/confirmations.ts'
import { foldPayments } from '../../replica/kinds/payments.ts'
import { foldReview } from '../../replica/kinds/reviews.ts'
import type { DocumentHead, FollowerOptions, Replica } from '../../replica/replica-face.ts'
import type { Item } from './exchange-items.ts'
import type { Outbox } from './outbox-sqlite.ts'

export interface OutgoingParts {
  readonly replica: Replica
  readonly outbox: Outbox
  /** The key of the site. */
  readonly site: string
  /** The site's number of a patient or an event; after Combine the Survivor's (DOM-10). Undefined where there is none. */
  readonly numberOf: (document: string) => Promise<number | undefined>
  /** What is to be said of an answer that nobody has settled yet; undefined: nothing now. */
  readonly confirm: (event: string, answer: Answer) => Promise<Item | undefined>
  /** A message is for a patient without a number. */
  readonly unknown?: (head: DocumentHead, items: readonly string[]) => Promise<void>
}

const iso = (at: number): string => new Date(at).toISOString()

/** A follower by this name. */
export function outgoing(name: string, parts: OutgoingParts): FollowerOptions {
  const { replica, outbox, site, numberOf } = parts

  const eventOf = async (event: string | null | undefined): Promise<number | null> => (event ? ((await numberOf(event)) ?? null) : null) // prettier-ignore

  const messages = async (head: DocumentHead, patient: number): Promise<Item[]> => {
    const entries = (await replica.entries('messages', head.key)).filter((entry) => entry.kind === 'message')
    return Promise.all(
      entries.map(async (entry): Promise<Item> => {
        const isOffice = entry.by.role === 'staff' || entry.by.role === 'site'
        return { kind: 'message', id: `message:${entry.id}`, patient, event: await eventOf(entry.event), direction: isOffice ? 'out' : 'in', at: iso(entry.at), thread: entry.thread, by: entry.by.name ?? entry.by.initials ?? null, subject: entry.subject, text: entry.text } // prettier-ignore
      }),
    )
  }
  const requests = async (head: DocumentHead, patient: number): Promise<Item[]> => {
    const items: Item[] = []
    const none = { startsAt: null, note: null, homePhone: null, cellPhone: null, email: null, language: null }
    for (const entry of await replica.entries('requests', head.key)) {
      const said = { kind: 'request' as const, id: `request:${entry.id}`, patient, at: iso(entry.at) }
      if (entry.kind === 'declined' || entry.kind === 'wants to move')
        items.push({ ...none, ...said, asks: entry.kind, event: await eventOf(entry.event), startsAt: entry.startsAt, note: entry.note ?? null }) // prettier-ignore
      if (entry.kind === 'contact change')
        items.push({ ...none, ...said, asks: entry.kind, event: null, ...entry.fields })
    }
    return items
  }
  const communications = async (head: DocumentHead, patient: number): Promise<Item[]> => {
    const { out, received } = foldCommunications(await replica.entries('communications', head.key))
    const items: Item[] = []
    for (const one of out) {
      if (one.state === 'queued' || one.state === 'dropped') continue
      items.push({ kind: 'communication', id: `communication:${one.id}:${one.state}`, patient, event: await eventOf(one.event), channel: one.kind, direction: 'out', at: iso(one.at), state: one.state, subject: one.what, text: one.body }) // prettier-ignore
    }
    for (const one of received)
      items.push({ kind: 'communication', id: `communication:${one.id}`, patient, event: await eventOf(one.event), channel: 'text', direction: 'in', at: iso(one.at), state: 'received', subject: 'Reply', text: one.body }) // prettier-ignore
    return items
  }
  const payments = async (head: DocumentHead, patient: number): Promise<Item[]> => {
    const { payments } = foldPayments(await replica.entries('payments', head.key))
    const items: Item[] = []
    for (const { id, paid, amount, refunded, withdrawn, assigned } of payments.toReversed()) {
      if (!paid) continue
      const to = assigned.at(-1)?.to
      const whose = to === undefined ? patient : await numberOf(to)
      if (whose === undefined) continue
      const values = [refunded.minor, withdrawn.minor, whose].join(' ')
      items.push({ kind: 'payment', id: `payment:${id}:${derivedUlid(values)}`, patient: whose, payment: id, at: iso(paid.at), amountCents: amount.minor, refundedCents: refunded.minor, voidedCents: withdrawn.minor, currency: amount.currency, transaction: paid.transaction, authorization: paid.authorization, last4: paid.last4, brand: paid.brand }) // prettier-ignore
    }
    return items
  }
  const confirmations = async (head: DocumentHead, patient: number, event: number | undefined): Promise<Item[]> => {
    const items: Item[] = []
    for (const answer of foldConfirmations(await replica.entries('confirmations', head.key))) {
      if (answer.state === 'sent') {
        const item = await parts.confirm(head.key, answer)
        if (item) items.push(item)
      } else if (event !== undefined && !outbox.has(`confirmation:${answer.id}`)) {
        const written = answer.state === 'written'
        items.push({ kind: 'confirmation', id: `confirmation:${answer.id}`, patient, event, state: answer.state, answer: answer.id, at: iso(answer.at), startsAt: answer.startsAt, lastConfirmedDate: written ? answer.lastConfirmed : null, confirmationType: written ? answer.confirmationType : null, why: written ? null : answer.why }) // prettier-ignore
      }
    }
    return items
  }
  const review = async (head: DocumentHead): Promise<Item[]> => {
    const found = foldReview(await replica.entries('reviews', head.key))
    if (!found) return []
    const { about, why, todo, openedAt, resolved } = found
    const patient = found.patient === null ? null : ((await numberOf(found.patient)) ?? null)
    const state = resolved ? ('resolved' as const) : ('open' as const)
    return [{ kind: 'review', id: `review:${head.key}:${state}`, patient, event: await eventOf(found.event), about, state, at: iso(resolved?.at ?? openedAt), why, todo }] // prettier-ignore
  }

  const itemsOf = async (head: DocumentHead): Promise<Item[]> => {
    if (head.collection === 'reviews') return review(head)
    const patient = head.facts.patient === null ? undefined : await numberOf(head.facts.patient)
    if (patient === undefined) {
      await parts.unknown?.(head, await saidIn(head))
      return []
    }
    switch (head.collection) {
      case 'messages':
        return messages(head, patient)
      case 'requests':
        return requests(head, patient)
      case 'communications':
        return communications(head, patient)
      case 'payments':
        return payments(head, patient)
      default:
        return confirmations(head, patient, await numberOf(head.key))
    }
  }
  /** The entries of a document that would have become items. */
  const saidIn = async (head: DocumentHead): Promise<string[]> =>
    head.collection === 'messages'
      ? (await replica.entries('messages', head.key)).filter(({ kind }) => kind === 'message').map(({ id }) => id)
      : []

  return {
    name,
    collections: ['confirmations', 'messages', 'requests', 'communications', 'payments', 'reviews'],
    batch: 50,
    async handle(heads) {
      for (const head of heads) {
        // What another site's patients say is for that site.
        if (head.facts.site !== null && head.facts.site !== site) continue
        const document = `${head.collection} ${head.key}`
        if (head.erased > 0 && head.generation === head.erased) outbox.forget(document)
        else outbox.add(document, await itemsOf(head))
      }
      return []
    },
  }
}
