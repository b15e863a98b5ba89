/**
 * What differs between the database engines that a practice may have InSched in: how one is opened and named, how its
 * transactions begin, and a few expressions. All else of the bridge is said once, through Kysely.
 */
import type { Dialect, RawBuilder, SqlBool } from 'kysely'
import type { Db } from './agent-rows.ts'

export interface Engine {
  /** The database as people see it: its file, or its server and name; never a password. */
  readonly name: string
  readonly dialect: Dialect
  /** Whether numbers that grow are drawn in the order in which their transactions commit. */
  readonly commitsInOrder: boolean
  /** The statements that begin a transaction: one that changes something, and one that sees one state throughout. */
  readonly begins: { readonly write: string; readonly read: string }
  /** What a select of the agent's row ends with in a transaction that writes, so that two agents cannot both be first. */
  readonly forUpdate: RawBuilder<unknown>
  /** Resolves when a transaction may begin. */
  turn(): Promise<void>
  /** Whether a column is one of these values. */
  among(column: RawBuilder<unknown>, values: readonly (string | number)[]): RawBuilder<SqlBool>
  /** The elements of a list as a table `each` with the column `value`, a JSON text. */
  each(list: readonly unknown[]): RawBuilder<unknown>
  /** A column in a condition that no index on it is to serve. */
  unindexed(column: RawBuilder<unknown>): RawBuilder<unknown>
  /** Changes whenever another program commits; elsewhere than in SQLite also when this one does. */
  version(db: Db): Promise<string>
  /** The version that others will find when this transaction has committed and nobody else has. */
  versionAfter(db: Db): Promise<string>
  /** Now, as a mark by which it is known later that every transaction of now has ended. */
  moment(db: Db): Promise<string>
  hasEnded(db: Db, moment: string): Promise<boolean>
  /** Whether another file stands in the place of the one that is open: what is read and written is no longer InSched's. */
  isReplaced(): boolean
  /** How long a statement may wait for a lock, milliseconds. */
  setPatience(ms: number): void
  /** A sentence for an error of opening that is not one of those that pass by themselves; undefined where none fits. */
  refusal(error: unknown): string | undefined
}
