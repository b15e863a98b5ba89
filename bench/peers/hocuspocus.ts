/**
 * Hocuspocus with its SQLite extension; the client syncs over one socket that its providers share ("multiplexing").
 * A record is done when the server has said that it has it; its provider then leaves, and the server stores it. (With all
 * that stay attached the server counts the pending among all for each that comes: ten times slower at 30,000.) 100 at
 * a time is the most that the server lets sign in together (maxPendingDocuments).
 */
import { SQLite } from '@hocuspocus/extension-sqlite'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { Server } from '@hocuspocus/server'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { inWindow, nameOf, timed, type Peer } from './peer.ts'
import { change, changeAtServer, check, load, save, write, type YDocuments } from './y-documents.ts'

const together = 100

async function syncAll(socket: HocuspocusProviderWebsocket, documents: YDocuments): Promise<void> {
  await inWindow(documents, together, async ([name, document]) => {
    const done = Promise.withResolvers<void>()
    const provider = new HocuspocusProvider({
      websocketProvider: socket,
      name,
      document,
      awareness: null,
      onUnsyncedChanges: () => settled(),
      onSynced: () => settled(),
      onAuthenticationFailed: () => done.reject(new Error(`The server refused ${name}`)),
    })
    const settled = (): void => {
      if (provider.synced && !provider.hasUnsyncedChanges) done.resolve()
    }
    provider.attach()
    await done.promise
    provider.destroy()
  })
}

export const hocuspocus: Peer = {
  async serve(dir) {
    const server = new Server({
      address: '127.0.0.1',
      quiet: true,
      stopOnSignals: false,
      extensions: [new SQLite({ database: join(dir, 'server.sqlite') })],
    })
    // Its listen takes port 0 for "not given".
    await new Promise<void>((resolve) => server.httpServer.listen(0, '127.0.0.1', resolve))
    return {
      port: server.address.port,
      async change(count, of) {
        for (let n = of - count; n < of; n++) {
          const connection = await server.hocuspocus.openDirectConnection(nameOf(n), {})
          await connection.transact((doc) => changeAtServer(doc, nameOf(n)))
          await connection.disconnect()
        }
      },
      async stop() {
        await server.destroy()
      },
    }
  },
  write,
  change,
  async open(dir, port) {
    const documents = load(dir)
    const socket = new HocuspocusProviderWebsocket({ url: `ws://127.0.0.1:${port}`, WebSocketPolyfill: WebSocket })
    if (socket.status !== 'connected') await new Promise<void>((resolve) => socket.on('open', () => resolve()))
    const sync = async (): Promise<number> => {
      const seconds = await timed(() => syncAll(socket, documents))
      save(dir, documents)
      return seconds
    }
    return {
      upload: sync,
      async catchUp(of, changed) {
        const seconds = await sync()
        check(documents, of, changed)
        return seconds
      },
      reconnect: sync,
    }
  },
}
