/**
 * Who did what, when, to whose record: append-only, ids only, views as well as changes (45 CFR 164.312(b)). Each row's
 * hash is keyed and covers the row before it, so a row that is altered, left out or put in is found by whoever holds the
 * key; the count and the last hash, kept elsewhere, show a cut end. What goes with a change is durable before its
 * answer; views are written together, within a second and at close.
 */
import type Database from 'better-sqlite3'
import { createHmac } from 'node:crypto'
import type { Clock } from '../replica/clock.ts'

/** What can be done, a closed list, so that no text of a person gets in. */
export const deeds = [
  'practice added',
  'site added',
  'site enrolled',
  'site known again',
  'site retired',
  'device revoked',
  'station added',
  'station token made',
  'station refused',
  'station uploaded',
  'station downloaded',
  'station acknowledged',
  'outward released',
  'invitation accepted',
  'wrong date',
  'invitation ended',
  'signed in',
  'wrong password',
  'signed out',
  'password set',
  'wrong code',
  'code sent',
  'proved again',
  'email confirmed',
  'passkey added',
  'passkey removed',
  'session ended',
  'all sessions ended',
  'refused',
  'access granted',
  'access ended',
  'wrong second factor',
  'second factor set',
  'second factor reset',
  'user added',
  'user changed',
  'user disabled',
  'user enabled',
  'switched person',
  'viewed',
  'confirmed',
  'declined',
  'asked to move',
  'message sent',
  'messages read',
  'message retracted',
  'contact change asked',
  'request answered',
  'portal set',
  'attachment opened',
  'payment begun',
  'saved card removed',
  'saved cards removed at the processor',
  'same payment noticed',
  'same payment allowed',
  'same payment left',
  'payment notice refused',
  'payment notice repeated',
  'payments reconciled',
  'payment requested',
  'payment request withdrawn',
  'refund asked',
  'payment assigned',
  'payments exported',
  'first user made',
  'patients found',
  'patient invited',
  'patient erased',
  'review resolved',
  'event confirmed',
  'texts held',
  'texts let go',
  'text sent by hand',
  'channels chosen',
  'records uploaded',
  'communications downloaded',
  'synchronized',
  'preference changed',
  'mirror changed',
  'mirror previewed',
  'backup begun',
  'backup ended',
  'restored database settled',
  'connection tested',
  'alarm raised',
  'alarm over',
  'run begun',
  'run failed',
  'error acknowledged',
  'thread assigned',
  'inbox route changed',
  'thread closed',
  'thread reopened',
  'note added',
  'reply answered',
  'communication hidden',
  'communication shown',
  'communications exported',
  'records exported',
  'records imported',
  'hl7 channel changed',
  'hl7 message viewed',
  'hl7 message sent',
  'hl7 message replayed',
  'hl7 id linked',
  'operator link made',
  'operator signed in',
  'operator signed out',
] as const
export type Deed = (typeof deeds)[number]

/** Ids alone: of the account or the member of staff, the practice, the patient, and what it was done to. */
export interface AuditEvent {
  readonly did: Deed
  readonly by?: string | undefined
  readonly practice?: string | undefined
  readonly patient?: string | undefined
  /** The entries, events or records; for a view the page; of a preference its key, what it was, what it became. */
  readonly of?: string | readonly string[] | undefined
}

/** What a reader of the trail asks for; all of it together. `since` and `until` are milliseconds UTC. */
export interface AuditQuery {
  readonly by?: string | undefined
  readonly patient?: string | undefined
  readonly did?: Deed | undefined
  readonly since?: number | undefined
  readonly until?: number | undefined
  readonly before?: number | undefined
  readonly limit: number
}

export interface AuditTrail {
  /** Appends; durable when it returns, or with the transaction that is open. */
  record(event: AuditEvent): void
  /** Appends within a second: for what changes nothing. */
  noted(event: AuditEvent): void
  /** Walks the chain: how many rows it has, its last hash, and the number of the first row that is not as it was written. */
  verify(): { readonly rows: number; readonly last: string; readonly brokenAt: number | null }
  /** Rows that fit, the newest first; `before`: only those with a smaller number. */
  search(query: AuditQuery): { readonly number: number; readonly at: number; readonly event: AuditEvent }[]
  /** The rows, oldest first, for the reader of the trail. */
  rows(after?: number, limit?: number): { readonly number: number; readonly at: number; readonly event: AuditEvent }[]
  /** Writes what waits. */
  close(): void
}

interface Row { readonly number: number; readonly at: number; readonly event: string; readonly hash: string } // prettier-ignore

const writtenWithin = 1_000
/** So few that nobody waits for long while they are written. */
const mostWaiting = 100

/** The trail in a database that is open; `key` keys its hashes. */
export function auditTrail(db: Database.Database, options: { readonly key: Uint8Array; readonly clock: Clock }) {
  const { key, clock } = options
  db.exec(
    'create table if not exists audit_trail(number integer primary key, at integer not null, event text not null, hash text not null)',
  )
  const lastRow = db.prepare('select number, hash from audit_trail order by number desc limit 1')
  const insert = db.prepare('insert into audit_trail values (?, ?, ?, ?)')
  const hashOf = (before: string, row: Omit<Row, 'hash'>): string =>
    createHmac('sha256', key)
      .update(JSON.stringify([before, row.number, row.at, row.event]))
      .digest('hex')
  let waiting: { at: number; event: AuditEvent }[] = []
  let cancel = (): void => {}

  const append = db.transaction((events: readonly { at: number; event: AuditEvent }[]) => {
    let { number, hash } = (lastRow.get() as Row | undefined) ?? { number: 0, hash: '' }
    for (const { at, event } of events) {
      const row = { number: ++number, at, event: JSON.stringify(event) }
      hash = hashOf(hash, row)
      insert.run(row.number, row.at, row.event, hash)
    }
  })
  const flush = (): void => {
    if (waiting.length > 0) append(waiting)
    waiting = []
    cancel()
    cancel = () => {}
  }
  // A disk that is full now may have room later; until then the next record says so to whoever asks.
  const flushLater = (): void => {
    cancel = clock.after(writtenWithin, () => {
      try {
        flush()
      } catch {
        flushLater()
      }
    })
  }

  const trail: AuditTrail = {
    record(event) {
      waiting.push({ at: clock.now(), event })
      flush()
    },
    noted(event) {
      if (waiting.length === 0) flushLater()
      waiting.push({ at: clock.now(), event })
      // Nothing is shown that cannot be written down.
      if (waiting.length >= mostWaiting) flush()
    },
    verify() {
      flush()
      let rows = 0
      let last = ''
      for (const row of db.prepare('select * from audit_trail order by number').iterate() as Iterable<Row>) {
        if (row.number !== rows + 1 || row.hash !== hashOf(last, row)) return { rows, last, brokenAt: rows + 1 }
        rows++
        last = row.hash
      }
      return { rows, last, brokenAt: null }
    },
    search({ by, patient, did, since = 0, until = Number.MAX_SAFE_INTEGER, before = Number.MAX_SAFE_INTEGER, limit }) {
      flush()
      const wanted = { by, patient, did }
      const fields = (['by', 'patient', 'did'] as const).filter((field) => wanted[field] !== undefined)
      const also = fields.map((field) => ` and json_extract(event, '$.${field}') = ?`).join('')
      const found = db
        .prepare(
          `select * from audit_trail where number < ? and at >= ? and at < ?${also} order by number desc limit ?`,
        )
        .all(before, since, until, ...fields.map((field) => wanted[field]), limit)
      return (found as Row[]).map(({ number, at, event }) => ({ number, at, event: JSON.parse(event) as AuditEvent }))
    },
    rows(after = 0, limit = 1_000) {
      flush()
      const found = db.prepare('select * from audit_trail where number > ? order by number limit ?').all(after, limit)
      return (found as Row[]).map(({ number, at, event }) => ({ number, at, event: JSON.parse(event) as AuditEvent }))
    },
    close: flush,
  }
  return trail
}
