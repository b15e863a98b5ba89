/**
 * How a database that was put back to a backup is known (DOM-19). The agent's cursor in the trail, with the hash of the
 * audit row there, stands in InSched's database and is put back with it; the same is kept in the site's own folder, as the
 * anchor. Only the agent moves the cursor, and the anchor follows each move before anything is said of it, so a cursor
 * behind the anchor, or one with another hash, is a database that was put back.
 */
import type { AgentRow } from './agent-rows.ts'

/** A cursor and 22 bits of its hash, in one number: ids up to 2 to the 31st. */
export type Anchor = number

type Cursor = Pick<AgentRow, 'last_audit_id' | 'last_audit_hash'>
const hashes = 2 ** 22

/** The anchor of a cursor; undefined where nothing was read yet. */
export function anchorOf({ last_audit_id: id, last_audit_hash: hash }: Cursor): Anchor | undefined {
  return id === null || hash === null ? undefined : id * hashes + (Number.parseInt(hash.slice(0, 6), 16) >> 2)
}

/** Whether a database with this cursor was put back since the anchor was kept; `cursor` undefined: to before it was bound. */
export function isPutBack(cursor: Cursor | undefined, anchor: Anchor): boolean {
  const now = cursor && anchorOf(cursor)
  if (now === undefined) return true
  const [id, kept] = [Math.floor(now / hashes), Math.floor(anchor / hashes)]
  return id < kept || (id === kept && now !== anchor)
}
