/**
 * The floor, either side in a process of its own: the same bytes read from SQLite, shipped in 256 KiB frames over one
 * WebSocket, inserted in SQLite with synchronous=FULL, acknowledged after the commit. No keys, no documents, nothing
 * sealed, nothing checked: nobody who stores and acknowledges does with less.
 *
 *   begin := 0    rows := 1 • (length uint32 • bytes)*    ack := 2    done := 3
 */
import Database from 'better-sqlite3'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { memoryNow } from '../memory.ts'
import { answer } from '../processes.ts'

const kinds = { begin: Buffer.of(0), rows: 1, ack: Buffer.of(2), done: Buffer.of(3) } as const
const frameBytes = 256 * 1024

let db: Database.Database
let socket: WebSocket
let from = 0
let sent = 0
let acknowledged = 0
let allSent = false
let saidDone = false
let peerDone = false
let finished = (): void => {}
let edited = (_at: number): void => {}

function openStore(file: string, after: number): void {
  db = new Database(file)
  db.pragma('locking_mode = EXCLUSIVE')
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec('create table if not exists rows(id integer primary key, bytes blob not null)')
  from = after
}

function frameOf(rows: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [Buffer.of(kinds.rows)]
  for (const bytes of rows) {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length)
    parts.push(length, bytes)
  }
  return Buffer.concat(parts)
}

/** Sends what this side has beyond `from`; frame by frame, so that the other side works meanwhile. */
async function sendAll(): Promise<void> {
  const head = db.prepare('select coalesce(max(id), 0) from rows').pluck().get() as number
  const read = db.prepare('select id, bytes from rows where id > ? and id <= ? order by id limit 2000')
  let rows: Uint8Array[] = []
  let size = 0
  const flush = (): void => {
    if (rows.length === 0) return
    sent++
    socket.send(frameOf(rows))
    rows = []
    size = 0
  }
  while (from < head) {
    for (const row of read.all(from, head) as { id: number; bytes: Uint8Array }[]) {
      from = row.id
      rows.push(row.bytes)
      size += row.bytes.length + 4
      if (size < frameBytes) continue
      flush()
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }
  flush()
  allSent = true
  settle()
}

function settle(): void {
  if (!saidDone && allSent && acknowledged === sent) {
    saidDone = true
    socket.send(kinds.done)
  }
  if (saidDone && peerDone) finished()
}

function listen(): void {
  const insert = db.prepare('insert into rows(bytes) values (?)')
  const store = db.transaction((frame: Buffer) => {
    for (let at = 1; at < frame.length;) {
      const length = frame.readUInt32LE(at)
      insert.run(frame.subarray(at + 4, (at += 4 + length)))
    }
  })
  socket.on('message', (frame: Buffer) => {
    switch (frame[0]) {
      case 0:
        return void sendAll()
      case kinds.rows:
        store(frame)
        return socket.send(kinds.ack)
      case 2:
        edited(performance.now())
        acknowledged++
        return settle()
      default:
        peerDone = true
        return settle()
    }
  })
}

export type FloorSide = typeof handlers
const handlers = {
  /** The portal: opens its rows, of which those beyond `after` are news for the site; resolves with the port. */
  async serve(file: string, after: number): Promise<number> {
    openStore(file, after)
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: 8 * 1024 * 1024 })
    server.on('connection', (opened) => {
      socket = opened
      listen()
    })
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
  /** The site: opens its rows and the socket. */
  async open(file: string, after: number, port: number): Promise<void> {
    openStore(file, after)
    socket = new WebSocket(`ws://127.0.0.1:${port}`)
    await once(socket, 'open')
    listen()
  },
  /** Seconds until each side has what the other had. */
  async catchUp(): Promise<number> {
    const began = performance.now()
    const end = new Promise<void>((resolve) => (finished = resolve))
    socket.send(kinds.begin)
    await sendAll()
    await end
    return (performance.now() - began) / 1000
  },
  /** Writes one row at a time, as a live edit does: seconds each until the portal has acknowledged it. */
  async edits(count: number): Promise<number[]> {
    const insert = db.prepare('insert into rows(bytes) values (?)')
    const rows = db.prepare('select bytes from rows order by id desc limit ?').pluck().all(count) as Uint8Array[]
    const times: number[] = []
    for (const bytes of rows) {
      const ack = new Promise<number>((resolve) => (edited = resolve))
      const began = performance.now()
      insert.run(bytes)
      socket.send(frameOf([bytes]))
      times.push(((await ack) - began) / 1000)
    }
    return times
  },
  memory: memoryNow,
  async close(): Promise<void> {
    db.close()
  },
}
answer(handlers)
