/**
 * The site that clinical messages come to, in a process of its own: the HL7 bridge as a site has it, or the floor, which
 * stores the bytes with a sync and says so, and reads nothing of them.
 */
import Database from 'better-sqlite3'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { once } from 'node:events'
import { readMessage } from '../../src/bridges/hl7/encodings.ts'
import type { Hl7Bridge } from '../../src/bridges/hl7/hl7-bridge.ts'
import { mllpFrame, mllpFramer } from '../../src/bridges/hl7/mllp.ts'
import { systemClock as clock } from '../../src/replica/clock.ts'
import { mintUlid } from '../../src/replica/ids.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { openBridgeAlone } from '../../test/hl7/bridge-alone.ts'
import { answer } from '../processes.ts'
import { admission, peerOf } from './clinical-peer.ts'
import { master } from './ours-pair.ts'

let bridge: Hl7Bridge
let replica: OpenReplica
let server: Server
let db: Database.Database

export type ClinicalSite = typeof handlers
const handlers = {
  /** Opens a channel in a new folder that answers when a message is stored, or when it was applied; resolves with its port. */
  async open(dir: string, answers: 'when stored' | 'when applied'): Promise<number> {
    const made = await openBridgeAlone({ dir, file: `${answers}.sqlite`, master, practice: mintUlid(clock), id: mintUlid(clock), site: mintUlid(clock), port: 0, channel: { answers, mostConnections: 100 } }) // prettier-ignore
    bridge = made.bridge
    replica = made.replica
    return made.port
  },
  /** How many messages are stored, and how many patients were made of them. */
  async stored(): Promise<{ messages: number; patients: number }> {
    const { states } = bridge.status()[0]!
    return { messages: Object.values(states).reduce((sum, one) => sum + one, 0), patients: await replica.count('patients') } // prettier-ignore
  },
  async close(): Promise<void> {
    await bridge.close()
    await replica.close()
  },
  /** The floor: what came in one turn is one commit; resolves with its port. */
  async openFloor(file: string): Promise<number> {
    db = new Database(file)
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.exec('create table messages(number integer primary key, bytes blob not null)')
    const insert = db.prepare('insert into messages(bytes) values (?)')
    let came: { bytes: Uint8Array; done: () => void }[] = []
    const commit = (): void => {
      const all = came
      came = []
      db.transaction(() => all.forEach(({ bytes }) => insert.run(bytes)))()
      for (const { done } of all) done()
    }
    const ack = mllpFrame(Buffer.from('MSH|^~\\&|||||||ACK|1|P|2.5\rMSA|AA|1\r'))
    server = createServer((socket) => {
      const framer = mllpFramer(1024 * 1024)
      socket.on('error', () => socket.destroy())
      socket.on('data', (data: Buffer) => {
        for (const framed of framer.push(data)) {
          if (framed.kind !== 'message') continue
          if (came.length === 0) setImmediate(commit)
          came.push({ bytes: framed.bytes, done: () => socket.write(ack) })
        }
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
  async closeFloor(): Promise<void> {
    server.close()
    await once(server, 'close')
    db.close()
  },
  /** Seconds to read so many messages, and nothing else. */
  async parse(count: number): Promise<number> {
    const all = Array.from({ length: count }, (_, i) => Buffer.from(admission(peerOf(i), i)))
    const began = performance.now()
    let segments = 0
    for (const one of all) segments += readMessage(one, 'UNICODE UTF-8').segments.length
    if (segments < count) throw new Error('The messages have no segments.')
    return (performance.now() - began) / 1000
  },
}
answer(handlers)
