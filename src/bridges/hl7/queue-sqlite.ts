/**
 * The messages of all channels of a site in one file of its own, outside of InSched's database and of the replica, so that
 * peers are served while those are away. A message is here, synced to disk, before anything is said of it; what came in
 * one turn shares one commit. Content is sealed; of patients only keyed digests stand in clear.
 */
import { createHmac } from 'node:crypto'
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import { openSealedFile } from '../../replica/sealed-file-sqlite.ts'
import type { Sealer } from '../../replica/sealing.ts'
import type { RecordChange, Todo } from './record-change.ts'

/** Of a message that came: `received` waits to be applied. Of one that goes: `queued` waits to be sent, `sent` for its answer. */
export const messageStates = ['received', 'applied', 'filtered', 'queued', 'sent', 'done', 'error'] as const
export type MessageState = (typeof messageStates)[number]
export type Direction = 'in' | 'out'

/** A message without its content. Times are milliseconds UTC. */
export interface QueuedMessage {
  readonly number: number
  readonly id: string
  readonly channel: string
  readonly direction: Direction
  /** MSH-3 and MSH-4 of whoever sent it. */
  readonly sender: string
  /** MSH-10. */
  readonly control: string
  /** Such as `ADT^A08`. */
  readonly kind: string
  readonly lanes: readonly string[]
  readonly state: MessageState
  readonly at: number
  readonly ended: number | null
  /** When it may be tried again, and how often it was. */
  readonly due: number
  readonly tries: number
  /** The code that it was answered with, or was answered by. */
  readonly code: string | null
  /** The document of its patient, where it was found. */
  readonly patient: string | null
  /** The message that this one was made from, by hand. */
  readonly replaces: string | null
}
interface Row extends Omit<QueuedMessage, 'lanes'> { readonly lanes: string; readonly digest: Buffer; readonly answer: Buffer | null } // prettier-ignore

export interface Incoming {
  readonly channel: string
  readonly sender: string
  readonly control: string
  readonly kind: string
  readonly lanes: readonly string[]
  readonly bytes: Uint8Array
}
/** What a message is to the queue: new, the same bytes again with what was answered then, or other bytes under its control id. */
export type Received =
  | { readonly as: 'new'; readonly message: QueuedMessage }
  | { readonly as: 'again'; readonly message: QueuedMessage; readonly answer: Uint8Array | null }
  | { readonly as: 'other bytes'; readonly message: QueuedMessage }

export interface Settled {
  readonly state: MessageState
  readonly code?: string | null
  readonly answer?: Uint8Array
  /** A sentence for staff. */
  readonly why?: string
  readonly patient?: string | null
}

export interface QueueQuery {
  readonly channel?: string | undefined
  readonly state?: MessageState | undefined
  readonly kind?: string | undefined
  readonly patient?: string | undefined
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** Only those with a smaller number. */
  readonly before?: number | undefined
  readonly limit: number
}

/** Messages by time, for lists of more than this queue; one of `way` and `patient`, or neither. */
export interface QueueWalk {
  readonly way?: { readonly direction: Direction; readonly state: MessageState } | undefined
  readonly patient?: string | undefined
  /** Milliseconds UTC: from here on, and before `before`. */
  readonly from?: number | undefined
  readonly before?: number | undefined
  readonly limit?: number | undefined
}

export type MessageQueue = ReturnType<typeof openQueue>
const keyPlace = 'hl7 queue'
const columns = 'number, id, channel, direction, sender, control, kind, lanes, state, at, ended, due, tries, code, patient, replaces' // prettier-ignore

export function openQueue(file: string, master: Sealer, clock: Clock) {
  const { db, sql, key, sealer } = openSealedFile(
    file,
    master,
    keyPlace,
    `
    create table if not exists messages(number integer primary key autoincrement, id text not null unique, channel text not null,
      direction text not null, sender text not null, control text not null, kind text not null, lanes text not null, state text not null,
      digest blob not null, at integer not null, ended integer, due integer not null default 0, tries integer not null default 0, code text,
      patient text, replaces text, copy integer not null default 0, sealed blob not null, answer blob, why blob);
    create unique index if not exists messages_once on messages(channel, direction, sender, control) where copy = 0;
    create index if not exists messages_waiting on messages(channel, state, number);
    create index if not exists messages_by_time on messages(at, id);
    create index if not exists messages_by_way on messages(direction, state, at, id);
    create index if not exists messages_of_patient on messages(patient) where patient is not null;
    create table if not exists identities(digest blob primary key, kind text not null, document text not null, sealed blob not null,
      newest integer not null default 0) without rowid;
    create index if not exists identities_of on identities(document);
    create table if not exists writes(number integer primary key autoincrement, message text not null, document text not null,
      sealed blob not null, unique(message, document));
    create table if not exists told(channel text not null, document text not null, digest blob not null, primary key (channel, document)) without rowid;
    create table if not exists verbose(channel text primary key, until integer not null) without rowid;
    create table if not exists landed(document text primary key, kind text not null) without rowid;
    create table if not exists people(document text primary key, digest blob not null) without rowid;
    create index if not exists people_by_digest on people(digest);`,
  )
  const hashKey = createHmac('sha256', key).update('digests').digest()
  const digest = (...parts: (string | Uint8Array)[]): Buffer => {
    const hash = createHmac('sha256', hashKey)
    for (const part of parts) hash.update(`${part.length} `).update(part)
    return hash.digest()
  }
  /** Of a message: how its segments end says nothing of it, and is another in a batch than alone. */
  const digestOf = (bytes: Uint8Array): Buffer => digest(Buffer.from(bytes).toString('latin1').replaceAll(/[\r\n]+/g, '\r').replace(/\r$/, '')) // prettier-ignore
  const messageOf = (row: Row): QueuedMessage => {
    const { lanes, digest: _digest, answer: _answer, ...rest } = row
    return { ...rest, lanes: JSON.parse(lanes) as string[] }
  }
  const rowOf = (id: string): Row | undefined =>
    sql(`select ${columns}, digest, answer from messages where id = ?`).get(id) as Row | undefined
  const opened = (sealed: Uint8Array, what: string, id: string): Uint8Array => sealer.open(sealed, `${what} ${id}`)
  const sealed = (plain: Uint8Array, what: string, id: string): Uint8Array => sealer.seal(plain, `${what} ${id}`)

  // What is asked for within one turn is one transaction, synced once.
  let asked: { run: () => void; done: () => void; failed: (error: unknown) => void }[] = []
  const flush = (): void => {
    const all = asked
    asked = []
    try {
      db.transaction(() => all.forEach(({ run }) => run())).immediate()
      for (const { done } of all) done()
    } catch (error) {
      for (const { failed } of all) failed(error)
    }
  }
  /** Resolves when it is synced to disk. */
  const durably = <T>(work: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      let result: T
      if (asked.length === 0) setImmediate(flush)
      asked.push({ run: () => void (result = work()), done: () => resolve(result), failed: reject })
    })

  const insert = (message: Incoming, direction: Direction, more: { state: MessageState; copy: boolean; replaces?: string | null }): QueuedMessage => {
    const id = mintUlid(clock)
    const { channel, sender, control, kind, lanes, bytes } = message
    sql(`insert into messages(id, channel, direction, sender, control, kind, lanes, state, digest, at, copy, replaces, sealed)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`).run(id, channel, direction, sender, control, kind, JSON.stringify(lanes), more.state,
      digestOf(bytes), clock.now(), more.copy ? 1 : 0, more.replaces ?? null, sealed(bytes, 'message', id))
    return messageOf(rowOf(id)!)
  } // prettier-ignore

  const settleNow = (id: string, { state, code, answer, why, patient }: Settled): void => {
    sql(`update messages set state = ?, code = coalesce(?, code), patient = coalesce(?, patient), ended = ?,
      answer = coalesce(?, answer), why = ? where id = ?`).run(
      state,
      code ?? null,
      patient ?? null,
      state === 'received' || state === 'queued' || state === 'sent' ? null : clock.now(),
      answer ? sealed(answer, 'answer', id) : null,
      why === undefined ? null : sealed(Buffer.from(why), 'why', id),
      id,
    )
  }

  return {
    /** A keyed digest, for what must not stand in clear. */
    digest,
    /** Takes a message that came; it is synced to disk when this resolves. Without a control id none is the same again. */
    receive: (incoming: Incoming, replaces: string | null = null): Promise<Received> =>
      durably((): Received => {
        const { channel, sender, control, bytes } = incoming
        const held = control === '' ? undefined : (sql(`select ${columns}, digest, answer from messages where channel = ? and direction = 'in' and sender = ? and control = ? and copy = 0`)
          .get(channel, sender, control) as Row | undefined) // prettier-ignore
        if (!held)
          return { as: 'new', message: insert(incoming, 'in', { state: 'received', copy: control === '', replaces }) }
        if (!held.digest.equals(digestOf(bytes))) return { as: 'other bytes', message: insert(incoming, 'in', { state: 'received', copy: true }) } // prettier-ignore
        return { as: 'again', message: messageOf(held), answer: held.answer && opened(held.answer, 'answer', held.id) }
      }),
    /** Queues a message to be sent; undefined where one with its control id is there already. Synced when this resolves. */
    enqueue: (outgoing: Incoming, replaces: string | null = null): Promise<QueuedMessage | undefined> =>
      durably(() => {
        const { channel, sender, control } = outgoing
        const isThere = sql("select 1 from messages where channel = ? and direction = 'out' and sender = ? and control = ? and copy = 0").get(channel, sender, control) // prettier-ignore
        return isThere ? undefined : insert(outgoing, 'out', { state: 'queued', copy: false, replaces })
      }),
    settle: (id: string, settled: Settled): Promise<void> => durably(() => settleNow(id, settled)),
    /** Notes a try that is under way, or when the next one is due. */
    tried: (id: string, state: 'queued' | 'sent' | 'received', due: number): Promise<void> =>
      durably(() => {
        sql('update messages set state = ?, due = ?, tries = tries + ? where id = ?').run(state, due, state === 'sent' ? 1 : 0, id) // prettier-ignore
      }),
    /** Back to where it waits, by hand; false where there is no such message. */
    again: (id: string, state: 'queued' | 'received'): Promise<boolean> =>
      durably(() => sql('update messages set state = ?, due = 0, tries = 0, ended = null, at = ? where id = ?').run(state, clock.now(), id).changes === 1), // prettier-ignore
    message: (id: string): QueuedMessage | undefined => {
      const row = rowOf(id)
      return row && messageOf(row)
    },
    bytesOf: (id: string): Uint8Array =>
      opened(sql('select sealed from messages where id = ?').pluck().get(id) as Uint8Array, 'message', id),
    answerOf(id: string): Uint8Array | null {
      const answer = rowOf(id)?.answer
      return answer ? opened(answer, 'answer', id) : null
    },
    whyOf(id: string): string | null {
      const why = sql('select why from messages where id = ?').pluck().get(id) as Uint8Array | null | undefined
      return why ? Buffer.from(opened(why, 'why', id)).toString() : null
    },
    /** What waits on a channel, in the order in which it came. */
    waiting: (channel: string, states: readonly MessageState[], limit = 1_000): QueuedMessage[] =>
      (
        sql(`select ${columns}, digest, answer from messages where channel = ? and state in (select value from json_each(?)) order by number limit ?`)
          .all(channel, JSON.stringify(states), limit) as Row[]
      ).map(messageOf), // prettier-ignore
    /** The newest first. */
    search({ channel, state, kind, patient, since, until, before, limit }: QueueQuery): QueuedMessage[] {
      const wanted = { channel, state, kind, patient }
      const fields = (['channel', 'state', 'kind', 'patient'] as const).filter((field) => wanted[field] !== undefined)
      const also = fields.map((field) => ` and ${field} = ?`).join('')
      const rows = sql(`select ${columns}, digest, answer from messages where number < ? and at >= ? and at < ?${also} order by number desc limit ?`) // prettier-ignore
        .all(before ?? Number.MAX_SAFE_INTEGER, since ?? 0, until ?? Number.MAX_SAFE_INTEGER, ...fields.map((field) => wanted[field]), limit) // prettier-ignore
      return (rows as Row[]).map(messageOf)
    },
    /** The newest first, of one time by id, the greatest first; each costs what it gives, however many there are. */
    walk({ way, patient, from, before, limit }: QueueWalk): QueuedMessage[] {
      const of = way !== undefined ? 'direction = ? and state = ? and' : patient !== undefined ? 'patient = ? and' : ''
      const values = way !== undefined ? [way.direction, way.state] : patient !== undefined ? [patient] : []
      const rows =
        sql(`select ${columns}, digest, answer from messages where ${of} at >= ? and at < ? order by at desc, id desc limit ?`) // prettier-ignore
          .all(...values, from ?? 0, before ?? Number.MAX_SAFE_INTEGER, limit ?? -1)
      return (rows as Row[]).map(messageOf)
    },
    /** How many messages of a channel are in each state, and since when the oldest waits (milliseconds UTC). */
    counts(channel: string): { readonly states: Readonly<Partial<Record<MessageState, number>>>; readonly oldest: number | null } {
      const found = sql('select state, count(*) as n from messages where channel = ? group by state').all(channel) as { state: MessageState; n: number }[]
      const oldest = sql("select min(at) from messages where channel = ? and state in ('received', 'queued', 'sent')").pluck().get(channel) as number | null
      return { states: Object.fromEntries(found.map(({ state, n }) => [state, n])), oldest }
    }, // prettier-ignore
    /** Forgets what is done and was ended before one time, and what failed before another. */
    forget: (done: number, failed: number): Promise<number> =>
      durably(() => sql("delete from messages where ended is not null and ended < case state when 'error' then ? else ? end").run(failed, done).changes), // prettier-ignore
    /** The document that a peer's id stands for; with when the newest message of it was made. */
    identity: (kind: 'patient' | 'event', authority: string, id: string) =>
      sql('select document, newest from identities where digest = ?').get(digest(kind, authority, id)) as
        { readonly document: string; readonly newest: number } | undefined,
    /**
     * Keeps what peers' ids stand for; one that stands for another document already becomes this one's. `newest`: when the
     * message that says it was made; `isNew`: InSched does not have it yet.
     */
    identify: (kind: 'patient' | 'event', ids: readonly { authority: string; id: string }[], document: string, more: { newest?: number; isNew?: boolean } = {}): Promise<void> =>
      durably(() => {
        for (const { authority, id } of ids) {
          const about = digest(kind, authority, id)
          sql(`insert into identities values (?, ?, ?, ?, ?) on conflict(digest) do update set document = excluded.document, newest = max(newest, excluded.newest)`)
            .run(about, kind, document, sealed(Buffer.from(JSON.stringify({ authority, id })), 'identity', about.toString('hex')), more.newest ?? 0)
        }
        if (more.isNew) sql('insert or ignore into landed values (?, ?)').run(document, kind)
      }), // prettier-ignore
    /** The documents that came by messages and that InSched does not have yet. */
    landed: (kind: 'patient' | 'event'): string[] => sql('select document from landed where kind = ?').pluck().all(kind) as string[], // prettier-ignore
    /**
     * Keeps what a message changes in InSched until it is written there; the same again changes nothing. `todo`: what staff
     * are to do where it cannot be written.
     */
    addRecords: (message: string, records: readonly { record: RecordChange; todo: Todo }[]): Promise<void> =>
      durably(() => {
        for (const one of records)
          sql('insert or ignore into writes(message, document, sealed) values (?, ?, ?)').run(message, one.record.document,
            sealed(Buffer.from(JSON.stringify(one)), 'record', message))
      }), // prettier-ignore
    /** What waits to be written behind a number, in order; not more than 500. */
    recordsToWrite: (after = 0): { number: number; message: string; record: RecordChange; todo: Todo }[] =>
      (sql('select number, message, sealed from writes where number > ? order by number limit 500').all(after) as { number: number; message: string; sealed: Buffer }[]).map(({ number, message, sealed: text }) => ({
        number, message, ...(JSON.parse(Buffer.from(opened(text, 'record', message)).toString()) as { record: RecordChange; todo: Todo }),
      })), // prettier-ignore
    /** A record is done with; `document`: InSched has it now. */
    recordWritten: (number: number, document: string | null): Promise<void> =>
      durably(() => {
        sql('delete from writes where number = ?').run(number)
        if (document !== null) sql('delete from landed where document = ?').run(document)
      }),
    /** Whether a channel's peer was told of a document as it stands; the digest is keyed again here. */
    toldAlready: (channel: string, document: string, content: Buffer): boolean => {
      const held = sql('select digest from told where channel = ? and document = ?').pluck().get(channel, document) as Buffer | undefined // prettier-ignore
      return held?.equals(digest('told', content)) ?? false
    },
    keepTold: (channel: string, document: string, content: Buffer): Promise<void> =>
      durably(() => void sql('insert or replace into told values (?, ?, ?)').run(channel, document, digest('told', content))), // prettier-ignore
    isLanded: (document: string): boolean => sql('select 1 from landed where document = ?').pluck().get(document) !== undefined, // prettier-ignore
    /** InSched has a landed document under one of its own: peers' ids stand for that one. */
    adopt: (landed: string, own: string): Promise<void> =>
      durably(() => {
        sql('update identities set document = ? where document = ?').run(own, landed)
        sql('delete from landed where document = ?').run(landed)
        sql('delete from writes where document = ?').run(landed)
        sql('delete from people where document = ?').run(landed)
      }),
    /** The ids by which peers know a document. */
    idsOf: (document: string): { authority: string; id: string }[] => {
      const rows = sql('select digest, sealed from identities where document = ?').all(document) as { digest: Buffer; sealed: Buffer }[] // prettier-ignore
      const ids = rows.map((row) => JSON.parse(Buffer.from(opened(row.sealed, 'identity', row.digest.toString('hex'))).toString()) as { authority: string; id: string }) // prettier-ignore
      return ids.toSorted((a, b) => (a.authority + a.id < b.authority + b.id ? -1 : 1))
    },
    /** Keeps under which name and birth date a patient is found; null: not any more. */
    keepPerson: (document: string, person: Buffer | null): void => {
      if (person === null) sql('delete from people where document = ?').run(document)
      else sql('insert or replace into people values (?, ?)').run(document, person)
    },
    peopleLike: (person: Buffer): string[] => sql('select document from people where digest = ?').pluck().all(person) as string[], // prettier-ignore
    /** Until when channels are verbose; null: not any more. */
    verbose: () => sql('select channel, until from verbose').all() as { channel: string; until: number }[],
    keepVerbose: (channel: string, until: number | null): Promise<void> =>
      durably(() => {
        if (until === null) sql('delete from verbose where channel = ?').run(channel)
        else sql('insert or replace into verbose values (?, ?)').run(channel, until)
      }),
    /** Resolves when what was asked for so far is on disk. */
    settled: (): Promise<void> => durably(() => {}),
    close: (): void => {
      if (asked.length > 0) flush()
      db.close()
    },
  }
}
