/** A patient's threads with the office as a page shows them: who said what, what is new to this reader, and what may be taken back. */
import type { Clock } from '../../replica/clock.ts'
import type { Attachment } from '../../replica/kinds/attachments.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { IndexRow } from '../../replica/replica-face.ts'
import type { Member, Viewer } from './viewer.ts'

/** The body of a row of the view `message`. */
export interface Message {
  readonly thread: string
  readonly subject: string
  readonly text: string
  readonly by: By
  readonly retracted: boolean
  readonly readBy: readonly string[]
  /** When the office first opened what a patient wrote, and the other way round. */
  readonly openedAt: number | null
  readonly closed: boolean
  readonly attachments?: readonly Attachment[]
  /** The patient whose document holds it, where that one was combined into this one (DOM-10). */
  readonly of?: string
}
export interface Said extends Message { readonly id: string; readonly at: number; readonly fromOffice: boolean } // prettier-ignore
export interface Thread {
  readonly id: string
  readonly subject: string
  readonly closed: boolean
  /** Oldest first. */
  readonly said: readonly Said[]
}

/** For how long a message may be taken back, while the office has not opened it. */
export const retractWithin = 10 * 60_000

export function saidIn(row: IndexRow): Said {
  const { id, at, state } = row
  return { ...(row.body as unknown as Message), id, at, fromOffice: state === 'out' }
}

/** The threads, the one with the newest message first. */
export async function threadsOf({ replica, patient }: Member): Promise<Thread[]> {
  const rows = await replica.index({ view: 'message', patient })
  const threads = Map.groupBy(rows.map(saidIn), (one) => one.thread)
  return [...threads]
    .map(([id, said]) => ({ id, subject: said[0]!.subject, closed: said[0]!.closed, said }))
    .toSorted((a, b) => b.said.at(-1)!.at - a.said.at(-1)!.at)
}

/** What of the office this account has not read yet. */
export function newTo(account: string, said: readonly Said[]): Said[] {
  return said.filter((one) => one.fromOffice && !one.readBy.includes(account))
}

/** Whether the reader may take a message back now. */
export function mayRetract({ account }: Viewer, { by, at, openedAt, retracted }: Said, clock: Clock): boolean {
  return by.id === account && !retracted && openedAt === null && clock.now() - at <= retractWithin
}

/** The threads that hold a text in subject or message, whatever its case and accents; retracted messages hold none. */
export function search(threads: readonly Thread[], text: string): Thread[] {
  const wanted = plain(text)
  return threads.filter(({ subject, said }) => [subject, ...said.map((one) => one.text)].some((one) => plain(one).includes(wanted))) // prettier-ignore
}

function plain(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()
}
