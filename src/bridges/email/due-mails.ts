/**
 * Which mails of one practice are due to a patient, from the documents alone: that a message waits (and after one, two and
 * three days again), a payment that the office asks for, and the invitation that staff want. Who sends them is given.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../../replica/clock.ts'
import { derivedUlid, mintUlid } from '../../replica/ids.ts'
import { invitationLasts, newInvitation } from '../../replica/kinds/access.ts'
import { foldCommunications, type CommunicationEntry, type MessageState } from '../../replica/kinds/communications.ts'
import { inOrder } from '../../replica/kinds/kind.ts'
import { foldMessages } from '../../replica/kinds/messages.ts'
import { foldPayments } from '../../replica/kinds/payments.ts'
import type { Replica } from '../../replica/replica-face.ts'
import type { Situations } from '../texts/situation.ts'
import { noticesOf, reminderDue, unreadMessages } from '../texts/unread-messages.ts'
import type { TextLanguage } from '../texts/wording.ts'
import { linkPath } from './links.ts'
import { paymentMailsDue } from './payment-mails.ts'
import { invitationMail, noticeMail, paymentMail, type MailLinks, type MailWords } from './wording.ts'

/** Who may be mailed, and at which address. `isTold`: also what nobody asked for just now. */
export interface Addressee { readonly address: string; readonly recipient: string; readonly site: string; readonly language: TextLanguage; readonly portal: boolean; readonly isTold: boolean } // prettier-ignore
/** What a mail says, and what it is for. */
export interface Letter { readonly words: MailWords; readonly from: string; readonly links: MailLinks } // prettier-ignore
export type LetterFor = Pick<Extract<CommunicationEntry, { kind: 'email' }>, 'what' | 'event' | 'startsAt' | 'rule'>

interface DueMails {
  readonly replica: Replica
  readonly practice: string
  readonly hmacKey: Uint8Array
  readonly clock: Clock
  /** The origin that people see. */
  readonly origin: string
  /** Whether payments are taken: without that nobody is asked for one. */
  readonly takesCards: () => boolean
  readonly situations: Situations
  /** Undefined where nobody may be mailed. */
  readonly addresseeOf: (patient: string) => Promise<Addressee | undefined>
  /** Claims a mail under an id and sends it. */
  readonly mail: (patient: string, id: string, to: Addressee, letter: Letter, of: LetterFor) => Promise<void>
  readonly add: (patient: string, entries: Record<string, CommunicationEntry>) => Promise<void>
  readonly stateOf: (message: string, state: MessageState) => Record<string, CommunicationEntry>
}

/** A message that is read or taken back at once is not told of. */
const grace = 60_000
/** A message is new for so long: older ones were told of, or there was nobody to tell. */
export const isNewFor = 86_400_000

/** Sends what is due to a patient; resolves with when to look again, undefined where nothing comes by itself. */
export function dueMails(options: DueMails): (patient: string) => Promise<number | undefined> {
  const { replica, practice, hmacKey, clock, origin, situations, addresseeOf, mail, add, stateOf } = options

  /** A mail that told of a message was opened when that message was, at the portal: nothing in a mail tells on its reader. */
  const noteOpened = async (patient: string): Promise<void> => {
    const { out } = foldCommunications(await replica.entries('communications', patient))
    const sent = new Map(
      out.filter((one) => one.what === 'message notice' && one.state === 'sent').map((one) => [one.id, one]),
    )
    if (sent.size === 0) return
    const messages = foldMessages(await replica.entries('messages', patient)).flatMap((thread) => thread.messages)
    const opened = messages.flatMap(({ id, openedAt }) =>
      noticesOf(id).filter((notice) => openedAt !== null && (sent.get(notice)?.at ?? Infinity) <= openedAt),
    )
    if (opened.length > 0)
      await add(
        patient,
        Object.assign({}, ...opened.map((notice) => stateOf(notice, 'opened'))) as Record<string, CommunicationEntry>,
      )
  }
  /** Mails the invitation that staff asked for last, once: made here, so that its link is in the mail and nowhere else. */
  const invite = async (patient: string, to: Addressee): Promise<void> => {
    const entries = await replica.entries('access', patient)
    const asked = entries
      .filter((one) => one.kind === 'invitation asked')
      .toSorted(inOrder)
      .at(-1)
    if (!asked || !to.portal || clock.now() > asked.at + invitationLasts) return
    const id = derivedUlid('invitation', asked.id)
    const { out } = foldCommunications(await replica.entries('communications', patient))
    if (out.some((one) => one.id === id)) return
    const token = Buffer.from(clock.bytes(24)).toString('base64url')
    const tokenHash = createHash('sha256').update(token).digest('hex')
    const { at: _, ...facts } = (await replica.head('access', patient))!.facts
    await replica.change([
      {
        collection: 'access',
        key: patient,
        facts,
        add: newInvitation(entries, { at: clock.now(), by: asked.by, tokenHash, mint: () => mintUlid(clock) }),
      },
    ])
    const { practice: from } = await situations.senderOf(to.site)
    await mail(
      patient,
      id,
      to,
      {
        words: invitationMail(from, to.language),
        from,
        links: { signIn: `${origin}/invitation/${practice}.${token}` },
      },
      { what: 'invitation' },
    )
  }
  const askToPay = async (patient: string, to: Addressee, zone: string): Promise<number | undefined> => {
    if (!options.takesCards()) return undefined
    const { requests } = foldPayments(await replica.entries('payments', patient))
    if (requests.length === 0) return undefined
    const { out } = foldCommunications(await replica.entries('communications', patient))
    const { due: mails, next } = paymentMailsDue(requests, new Set(out.map((one) => one.id)), clock.now(), zone)
    const { practice: from } = await situations.senderOf(to.site)
    for (const { id, request } of mails)
      await mail(
        patient,
        id,
        to,
        {
          words: paymentMail(from, to.language),
          from,
          links: { pay: `${origin}${linkPath(hmacKey, 'pay', { practice, patient, message: request })}` },
        },
        { what: 'payment request' },
      )
    return next ?? undefined
  }
  const notify = async (patient: string, to: Addressee, zone: string): Promise<number | undefined> => {
    if (!to.portal || !to.isTold) return undefined
    const unread = unreadMessages(foldMessages(await replica.entries('messages', patient)), zone)
    const now = clock.now()
    const { out } = foldCommunications(await replica.entries('communications', patient))
    const notices = out.filter((one) => one.what === 'message notice')
    const last = Math.max(0, ...notices.map((one) => one.at))
    const fresh = unread.filter((one) => one.sentAt > now - isNewFor && one.sentAt > last)
    const newest = fresh.at(-1)
    const reminder = reminderDue(unread, now)
    const isDue = reminder.due !== null && !notices.some((one) => one.id === reminder.due!.id) && last < reminder.due.at
    const id = newest && newest.sentAt + grace <= now ? noticesOf(newest.entry)[0] : isDue ? reminder.due!.id : undefined
    if (id !== undefined && !notices.some((one) => one.id === id)) {
      const { practice: from } = await situations.senderOf(to.site)
      await mail(patient, id, to, { words: noticeMail(from, to.language), from, links: { signIn: `${origin}/` } }, { what: 'message notice' })
    }
    const waits = newest && newest.sentAt + grace > now ? newest.sentAt + grace : Infinity
    const next = Math.min(waits, reminder.next ?? Infinity)
    return next === Infinity ? undefined : next
  } // prettier-ignore

  return async (patient) => {
    await noteOpened(patient)
    const to = await addresseeOf(patient)
    if (!to) return undefined
    const { zone = 'UTC' } = await situations.practiceOf(to.site)
    await invite(patient, to)
    const next = [await notify(patient, to, zone), await askToPay(patient, to, zone)].filter((at) => at !== undefined)
    return next.length === 0 ? undefined : Math.min(...next)
  }
}
