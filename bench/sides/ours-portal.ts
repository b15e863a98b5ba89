/** The portal's side of ours in a process of its own: replicas over their files, each behind an acceptor on a port. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { acceptLinks } from '../../src/replica/acceptor.ts'
import { systemClock as clock } from '../../src/replica/clock.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { memoryNow } from '../memory.ts'
import { answer } from '../processes.ts'
import { openRole, type Pair } from './ours-pair.ts'

const replicas: OpenReplica[] = []
const all = (): boolean => true

export type OursPortal = typeof handlers
const handlers = {
  /** Opens a replica; resolves with the port of its links. */
  async open(pair: Pair, file: string): Promise<number> {
    const replica = await openRole(pair, 'portal', file)
    replicas.push(replica)
    const acceptor = acceptLinks({
      portalPublicKey: pair.keys.portal.publicKey,
      admit: async () => ({ replica, passesIn: all, passesOut: all }),
      clock,
    })
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: 8 * 1024 * 1024 })
    server.on('connection', (socket) => acceptor.accept(socket))
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
  memory: memoryNow,
  async close(): Promise<void> {
    for (const replica of replicas.splice(0)) await replica.close()
  },
}
answer(handlers)
