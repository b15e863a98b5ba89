/** Links of sites that live in this process: over a port of their own on loopback, by the same sign-in as any other link. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'

export interface LoopbackLinks {
  readonly url: string
  close(): Promise<void>
}

/** Opens the port; `accept` takes each socket. */
export async function serveLoopbackLinks(accept: (socket: WebSocket) => void): Promise<LoopbackLinks> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: 8 * 1024 * 1024 })
  await once(server, 'listening')
  server.on('connection', accept)
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/link`,
    async close() {
      for (const socket of server.clients) socket.terminate()
      server.close()
      await once(server, 'close')
    },
  }
}
