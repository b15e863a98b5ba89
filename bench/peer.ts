/** The portal's side of a measurement, in a process of its own: ours, or the floor that only stores bytes. */
import Database from 'better-sqlite3'
import { WebSocketServer } from 'ws'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { acceptLinks } from '../src/replica/acceptor.ts'
import { systemClock as clock } from '../src/replica/clock.ts'
import type { Ulid } from '../src/replica/ids.ts'
import { openReplica } from '../src/replica/replica.ts'
import { sealerOf } from '../src/replica/sealing.ts'
import { openSqliteStore } from '../src/replica/sqlite-store.ts'
import { changeSome } from './documents.ts'

const [kind, file, practice, id, portalKey, changes] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
]
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: 8 * 1024 * 1024 })
await once(server, 'listening')

if (kind === 'floor') {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec('create table if not exists rows(id integer primary key, bytes blob)')
  const insert = db.prepare('insert into rows(bytes) values (?)')
  const store = db.transaction((frame: Buffer) => {
    for (let at = 0; at < frame.length;) {
      const length = frame.readUInt32LE(at)
      insert.run(frame.subarray(at + 4, at + 4 + length))
      at += 4 + length
    }
  })
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      store(data)
      socket.send('')
    })
  })
} else {
  const store = await openSqliteStore({ file, master: sealerOf(new Uint8Array(32)) })
  const replica = await openReplica({ store, practice: practice as Ulid, id: id as Ulid, clock })
  if (Number(changes) > 0) await changeSome(replica, Number(changes), 'portal')
  const all = (): boolean => true
  const acceptor = acceptLinks({
    portalPublicKey: portalKey,
    admit: async () => ({ replica, passesIn: all, passesOut: all }),
    clock,
  })
  server.on('connection', (socket) => acceptor.accept(socket))
  process.on('message', () => void replica.close().then(() => process.exit(0)))
}
process.send!({ port: (server.address() as AddressInfo).port })
