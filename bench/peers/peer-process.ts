/** Another system's server or client in a process of its own. */
import { answer } from '../processes.ts'
import type { Peer, PeerClient, PeerName, PeerServer } from './peer.ts'

/** Loaded when asked for: one that is not installed must not keep the others from running. */
const peers: Readonly<Record<PeerName, () => Promise<Peer>>> = {
  hocuspocus: async () => (await import('./hocuspocus.ts')).hocuspocus,
  'y-websocket': async () => (await import('./y-websocket.ts')).yWebsocket,
  pouchdb: async () => (await import('./pouchdb.ts')).pouchdb,
  'automerge-repo': async () => (await import('./automerge-repo.ts')).automergeRepo,
}

let server: PeerServer
let client: PeerClient

export type PeerProcess = typeof handlers
const handlers = {
  async serve(name: PeerName, dir: string): Promise<number> {
    server = await (await peers[name]()).serve(dir)
    return server.port
  },
  changeAtServer: async (count: number, of: number): Promise<void> => server.change(count, of),
  stop: async (): Promise<void> => server.stop(),
  write: async (name: PeerName, dir: string, count: number): Promise<void> => (await peers[name]()).write(dir, count),
  change: async (name: PeerName, dir: string, count: number): Promise<void> => (await peers[name]()).change(dir, count),
  async open(name: PeerName, dir: string, port: number): Promise<void> {
    client = await (await peers[name]()).open(dir, port)
  },
  upload: async (documents: number): Promise<number> => client.upload(documents),
  catchUp: async (documents: number, changed: number): Promise<number> => client.catchUp(documents, changed),
  reconnect: async (documents: number): Promise<number> => client.reconnect(documents),
}
answer(handlers)
