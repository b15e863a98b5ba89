/** What a replica keeps of itself and its peers in SQLite: epochs, incarnations, and per peer its chain and cursors. */
import type Database from 'better-sqlite3'
import { collections } from './collections.ts'
import type { Epoch, PeerKnowledge, Progress, Renewal } from './store.ts'

export interface SqlitePeers {
  /** The number of a peer in this file; throws where it was never met. 0 stands for this replica. */
  numberOf(replica: string): number
  /** The replica of a number; '' for this one. */
  nameOf(number: number): string
  epochs(): Epoch[]
  /** Replaces the epochs; to be called in a transaction, as are `meet` and `progress`. */
  setEpochs(list: readonly Epoch[]): void
  incarnations(): string[]
  all(): PeerKnowledge[]
  meet(peer: PeerKnowledge): void
  progress(one: Progress): void
  /** A collection begins anew, and is read from the start of every peer; to be called in a transaction. */
  renew(renewal: Renewal): void
  acknowledge(peer: string, collection: number, position: number): void
  giveAmnesty(peer: string, collection: number, upTo: number): void
  /** Reads the numbers again: after a transaction that failed. */
  forget(): void
}

interface PeerRecord { number: number; replica: string; chain: string; seen: number; incarnations: string } // prettier-ignore
interface CursorRecord { epoch: number; position: number; complete: number; erased_at: number; amnesty: number; acknowledged: number } // prettier-ignore

/** Epochs, incarnations and peers in their tables of `db`. */
export function sqlitePeers(db: Database.Database): SqlitePeers {
  const insertPeer = db.prepare('insert into peers(replica, chain, seen, incarnations) values (?, ?, ?, ?)')
  const updatePeer = db.prepare('update peers set chain = ?, seen = ?, incarnations = ? where number = ?')
  const setSeen = db.prepare('update peers set seen = ? where number = ?')
  const putCursor = db.prepare('insert or replace into cursors values (?, ?, ?, ?, ?, ?, ?, ?)')
  const setCursor = db.prepare(
    'update cursors set epoch = ?, position = ?, complete = ?, erased_at = ? where peer = ? and collection = ?',
  )
  const putIncarnation = db.prepare('insert or replace into incarnations values (?, ?)')
  const readFromStart = db.prepare(
    'update cursors set epoch = 0, position = 0, complete = 0, erased_at = 0 where collection = ?',
  )
  const setAcknowledged = db.prepare('update cursors set acknowledged = ? where peer = ? and collection = ?')
  const setAmnesty = db.prepare('update cursors set amnesty = ? where peer = ? and collection = ?')
  const numbers = new Map<string, number>()
  const names = new Map<number, string>()

  const load = (): void => {
    numbers.clear()
    names.clear()
    names.set(0, '')
    for (const { number, replica } of db.prepare('select number, replica from peers').all() as PeerRecord[]) {
      numbers.set(replica, number)
      names.set(number, replica)
    }
  }
  load()
  const numberOf = (replica: string): number => {
    const number = numbers.get(replica)
    if (number === undefined) throw new Error(`A row came from ${replica}, which was never met`)
    return number
  }

  return {
    numberOf,
    nameOf: (number) => names.get(number)!,
    epochs: () => db.prepare('select id, first from epochs order by position').all() as Epoch[],
    setEpochs(list) {
      db.exec('delete from epochs')
      const insert = db.prepare('insert into epochs values (?, ?, ?)')
      list.forEach(({ id, first }, position) => insert.run(position, id, first))
    },
    incarnations() {
      const find = db.prepare('select id from incarnations where collection = ?').pluck()
      return collections.map((_, number) => (find.get(number) as string | undefined) ?? '')
    },
    all() {
      const cursorsOf = db.prepare('select * from cursors where peer = ? order by collection')
      return (db.prepare('select * from peers').all() as PeerRecord[]).map((peer) => {
        const cursors = cursorsOf.all(peer.number) as CursorRecord[]
        return {
          replica: peer.replica,
          chain: JSON.parse(peer.chain) as Epoch[],
          seen: peer.seen,
          incarnations: JSON.parse(peer.incarnations) as string[],
          cursors: cursors.map(({ epoch, position, complete, erased_at }) => ({ epoch, position, complete, erasedAt: erased_at })), // prettier-ignore
          amnesty: cursors.map((row) => row.amnesty),
          acknowledged: cursors.map((row) => row.acknowledged),
        }
      })
    },
    meet(peer) {
      const chain = JSON.stringify(peer.chain)
      const incarnations = JSON.stringify(peer.incarnations)
      let number = numbers.get(peer.replica)
      if (number === undefined) {
        number = Number(insertPeer.run(peer.replica, chain, peer.seen, incarnations).lastInsertRowid)
        numbers.set(peer.replica, number)
        names.set(number, peer.replica)
      } else updatePeer.run(chain, peer.seen, incarnations, number)
      peer.cursors.forEach(
        (cursor, collection) =>
        putCursor.run(
          number, collection, cursor.epoch, cursor.position, cursor.complete, cursor.erasedAt,
          peer.amnesty[collection], peer.acknowledged[collection],
        ), // prettier-ignore
      )
    },
    progress({ peer, collection, cursor, seen }) {
      const number = numberOf(peer)
      setCursor.run(cursor.epoch, cursor.position, cursor.complete, cursor.erasedAt, number, collection)
      setSeen.run(seen, number)
    },
    renew({ collection, incarnation }) {
      putIncarnation.run(collection, incarnation)
      readFromStart.run(collection)
    },
    acknowledge: (peer, collection, position) => void setAcknowledged.run(position, numberOf(peer), collection),
    giveAmnesty: (peer, collection, upTo) => void setAmnesty.run(upTo, numberOf(peer), collection),
    forget: load,
  }
}
