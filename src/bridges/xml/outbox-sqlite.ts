/**
 * What is downloaded, in a file of its own: items under numbers that only grow, each once by its id, sealed. A download
 * reads from any number on; what was acknowledged is known, also across restarts.
 */
import { openSealedFile } from '../../replica/sealed-file-sqlite.ts'
import type { Sealer } from '../../replica/sealing.ts'
import type { Item } from './exchange-items.ts'

export interface KeptItem {
  readonly number: number
  readonly document: string
  readonly item: Item
}
export type Outbox = ReturnType<typeof openOutbox>
const keyPlace = 'exchange outbox'
const atOnce = 200

export function openOutbox(file: string, master: Sealer) {
  const { db, sql, sealer } = openSealedFile(file, master, keyPlace, `
    create table if not exists items(number integer primary key autoincrement, id text not null unique, document text not null, sealed blob not null);
    create index if not exists items_of_document on items(document);
    create table if not exists acknowledged(only integer primary key check (only = 1), number integer not null);
    insert or ignore into acknowledged values (1, 0);`)
  const opened = (row: { number: number; id: string; document: string; sealed: Uint8Array }): KeptItem => ({
    number: row.number,
    document: row.document,
    item: JSON.parse(Buffer.from(sealer.open(row.sealed, row.id)).toString()) as Item,
  })
  const lastNumber = (): number => (sql('select coalesce(max(number), 0) from items').pluck().get() as number)

  const read = (since: number, to: number): KeptItem[] =>
    (sql('select * from items where number > ? and number <= ? order by number limit ?').all(since, to, atOnce) as Parameters<typeof opened>[0][]).map(opened) // prettier-ignore

  return {
    /** Keeps items of a document, durably when it returns; one whose id is there already is left alone. */
    add: db.transaction((document: string, items: readonly Item[]): void => {
      for (const item of items)
        if (sql('select 1 from items where id = ?').get(item.id) === undefined)
          sql('insert into items(id, document, sealed) values (?, ?, ?)').run(item.id, document, sealer.seal(Buffer.from(JSON.stringify(item)), item.id)) // prettier-ignore
    }),
    has: (id: string): boolean => sql('select 1 from items where id = ?').get(id) !== undefined,
    /** Forgets what stands there of a document that was erased. */
    forget: (document: string): void => void sql('delete from items where document = ?').run(document),
    /** Items behind `since` up to `to`, some at a time. */
    *between(since: number, to: number): Generator<KeptItem> {
      for (let after = since, some = read(after, to); some.length > 0; some = read(after, to)) {
        yield* some
        after = some.at(-1)!.number
      }
    },
    /** One item. */
    item: (number: number): KeptItem | undefined => read(number - 1, number)[0],
    last: lastNumber,
    /** The number of the last of at most so many items behind `since`; `since` itself where there is none. */
    endOf: (since: number, limit: number): number =>
      (sql('select coalesce(max(number), ?) from (select number from items where number > ? order by number limit ?)').pluck().get(since, since, limit) as number), // prettier-ignore
    waiting: (): number => sql('select count(*) from items where number > (select number from acknowledged)').pluck().get() as number, // prettier-ignore
    acknowledged: (): number => sql('select number from acknowledged').pluck().get() as number,
    acknowledge: (number: number): void => void sql('update acknowledged set number = max(number, ?)').run(number),
    close: (): void => void db.close(),
  }
} // prettier-ignore
