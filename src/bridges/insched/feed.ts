/**
 * Where changes are seen. The trail follows a journal whose ids are in the order of the commits. In SQLite the practice's
 * audit table is one. Elsewhere the agent keeps its own (`pc_changes`) and captures into it: rows of an audit table that
 * come late, rows whose change stamp is another than it was, or rows that compare otherwise.
 */
import type { AuditReads } from './audit-table.ts'
import type { Db } from './agent-rows.ts'
import type { OwnMark, OwnRow } from './rows.ts'

export interface Feed {
  /** The journal, as it stands for `on`. */
  journal(on: Db): AuditReads
  /** Before the first full read: what stands now is known, and what comes after is news. In transactions of its own. */
  begin(): Promise<void>
  /** Brings the journal up to now; in transactions of its own, each short. */
  capture(): Promise<void>
  /** Whether the journal may not be up to now. */
  isBehind(on: Db): Promise<boolean>
  /** Whether it is time to capture by itself. */
  isDue(on: Db): Promise<boolean>
  /** Runs the agent's own statements within a transaction and marks what they changed. `rows` fills with the rows as they are changed. */
  own(on: Db, mark: OwnMark, statements: () => Promise<void>, rows: readonly OwnRow[]): Promise<void>
  /** Whether what was read last is gone from the practice's audit table: then what came after it may be gone unread. */
  isCut(on: Db): Promise<boolean>
  /** Takes what the audit table holds now as known. Within a write transaction. */
  acceptCut(on: Db): Promise<void>
  /** What a person must know of it, as a sentence; null where all is well. */
  problem(): string | null
}
