/** What the parts of the writer share: how one inbound item is written, and whom it is for. */
import type { Clock } from '../../replica/clock.ts'
import type { SetAsideReason } from '../../replica/kinds/confirmations.ts'
import type { ReviewKind } from '../../replica/kinds/reviews.ts'
import type { Edit, Replica } from '../../replica/replica-face.ts'
import type { Changes, Reads } from './insched.ts'
import type { Mapping } from './mapping.ts'
import type { EventRow, PatientRow } from './rows.ts'

export interface WriterParts {
  readonly replica: Replica
  readonly insched: Reads
  readonly clock: Clock
  /** What the practice lets the agent write. */
  readonly may: Mapping['may write']
  /** Runs `work` in one write transaction that begins with nothing unread: what staff changed comes first. */
  upToDate<T>(work: (change: Changes) => Promise<T>): Promise<T>
  /** One inbound item: its statements, its checkpoint and its effect, within the transaction of `upToDate`. */
  apply(change: Changes, effect: string, statements: () => Promise<void>): Promise<void>
  isDone(now: Reads, effect: string): Promise<boolean>
  /** The row that a patient's items go to: after Combine the Survivor's, cycles refused (DOM-10). */
  patientRow(now: Reads, key: string | null): Promise<PatientRow | 'held' | undefined>
  survivorOf(now: Reads, patient: number | null): Promise<PatientRow | 'held' | undefined>
  eventRow(now: Reads, key: string): Promise<{ readonly row: EventRow } | { readonly why: SetAsideReason }>
  review(
    about: ReviewKind,
    what: { key: string; patient: string | null; event: string | null; why: string; todo: string },
  ): Edit
}
