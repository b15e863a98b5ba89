/**
 * y-websocket with @y/websocket-server and its LevelDB persistence (YPERSISTENCE). 0.1.1 is the last server that brings
 * it. A room is a socket of its own: the client keeps some at a time, since a machine has only so many ports. The
 * protocol has no acknowledgement: a record is done when it is synced and the server, having read all before it, has
 * answered the closing of its socket. The server loads what it stored only after it has synced, so what
 * it changed comes later.
 */
import { join } from 'node:path'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import { changeOf } from '../documents.ts'
import { inWindow, nameOf, timed, type Peer } from './peer.ts'
import { change, changeAtServer, check, fieldOf, load, save, write, type YDocuments } from './y-documents.ts'

const together = 50

async function syncAll(port: number, documents: YDocuments, awaited: ReadonlySet<string>): Promise<void> {
  await inWindow(documents, together, async ([name, doc]) => {
    const provider = new WebsocketProvider(`ws://127.0.0.1:${port}`, name, doc, {
      WebSocketPolyfill: WebSocket as never,
      disableBc: true,
    })
    await new Promise<void>((resolve) => provider.once('sync', () => resolve()))
    if (awaited.has(name))
      await new Promise<void>((resolve) => {
        const arrived = (): void => {
          if (fieldOf(doc, 'cellPhone') !== changeOf('portal').cellPhone) return
          doc.off('update', arrived)
          resolve()
        }
        doc.on('update', arrived)
        arrived()
      })
    const socket = provider.ws as unknown as WebSocket
    const closed = once(socket, 'close')
    provider.destroy()
    await closed
  })
}

export const yWebsocket: Peer = {
  async serve(dir) {
    process.env['YPERSISTENCE'] = join(dir, 'server-leveldb')
    const { getPersistence, setupWSConnection } = await import('@y/websocket-server/utils')
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    wss.on('connection', setupWSConnection)
    await once(wss, 'listening')
    const persistence = getPersistence()!
    const { provider, bindState } = persistence
    // It stores a new document some time after it has synced, and has no word for when it has.
    const storing = new Set<Promise<void>>()
    persistence.bindState = (name, doc) => {
      const stored = bindState(name, doc).finally(() => storing.delete(stored))
      storing.add(stored)
      return stored
    }
    return {
      port: (wss.address() as AddressInfo).port,
      async change(count, of) {
        for (let n = of - count; n < of; n++) {
          const doc = await provider.getYDoc(nameOf(n))
          const update = new Promise<Uint8Array>((resolve) => doc.once('update', resolve))
          changeAtServer(doc, nameOf(n))
          await provider.storeUpdate(nameOf(n), await update)
        }
      },
      async stop() {
        wss.close()
        await Promise.all(storing)
        await provider.destroy()
      },
    }
  },
  write,
  change,
  async open(dir, port) {
    const documents = load(dir)
    // Each provider listens for the end of the process.
    process.setMaxListeners(0)
    const sync = async (awaited: readonly string[]): Promise<number> => {
      const seconds = await timed(() => syncAll(port, documents, new Set(awaited)))
      save(dir, documents)
      return seconds
    }
    return {
      upload: () => sync([]),
      async catchUp(of, changed) {
        const seconds = await sync(Array.from({ length: changed }, (_, i) => nameOf(of - 1 - i)))
        check(documents, of, changed)
        return seconds
      },
      reconnect: () => sync([]),
    }
  },
}
