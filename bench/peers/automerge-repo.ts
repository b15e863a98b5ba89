/**
 * automerge-repo with its file storage on both sides and its WebSocket adapters; the server shares nothing unasked, as
 * its sync server does. A record is done when the server's heads, as it has told them, are the client's.
 */
import { Repo, type AutomergeUrl, type DocHandle, type PeerId } from '@automerge/automerge-repo'
import { WebSocketClientAdapter, WebSocketServerAdapter } from '@automerge/automerge-repo-network-websocket'
import { NodeFSStorageAdapter } from '@automerge/automerge-repo-storage-nodefs'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'
import { changeOf, fieldsOf } from '../documents.ts'
import { timed, type Peer } from './peer.ts'

// Its throttle asks for timers in the past, and Node warns of each: not our business, and many lines.
process.removeAllListeners('warning')

type Fields = Record<string, unknown>
const clientRepo = (dir: string): Repo => new Repo({ storage: new NodeFSStorageAdapter(join(dir, 'client')) })
const urlsOf = (dir: string): AutomergeUrl[] =>
  JSON.parse(readFileSync(join(dir, 'urls.json'), 'utf8')) as AutomergeUrl[]
const sameHeads = (a: readonly string[], b: readonly string[]): boolean => a.toSorted().join() === b.toSorted().join()

/** Resolves when the server has said that its heads are those of the client. */
async function synced(handle: DocHandle<Fields>, server: Promise<string>): Promise<void> {
  const storage = await server
  await new Promise<void>((resolve) => {
    const look = (): void => {
      const info = handle.getSyncInfo(storage)
      if (!info || !sameHeads(info.lastHeads, handle.heads())) return
      handle.off('remote-heads', look)
      handle.off('heads-changed', look)
      resolve()
    }
    handle.on('remote-heads', look)
    handle.on('heads-changed', look)
    look()
  })
}

export const automergeRepo: Peer = {
  async serve(dir) {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(wss, 'listening')
    const repo = new Repo({
      network: [new WebSocketServerAdapter(wss)],
      storage: new NodeFSStorageAdapter(join(dir, 'server')),
      peerId: 'storage-server' as PeerId,
      sharePolicy: async () => false,
    })
    return {
      port: (wss.address() as AddressInfo).port,
      async change(count) {
        for (const url of urlsOf(dir).slice(-count)) {
          const handle = await repo.find<Fields>(url)
          handle.change((doc) => void Object.assign(doc, changeOf('portal')))
        }
        await repo.flush()
      },
      async stop() {
        await repo.flush()
        wss.close()
      },
    }
  },
  async write(dir, count) {
    const repo = clientRepo(dir)
    const handles = Array.from({ length: count }, (_, n) => repo.create<Fields>(fieldsOf(n)))
    await repo.flush()
    writeFileSync(join(dir, 'urls.json'), JSON.stringify(handles.map(({ url }) => url)))
  },
  async change(dir, count) {
    const repo = clientRepo(dir)
    for (const url of urlsOf(dir).slice(0, count)) {
      const handle = await repo.find<Fields>(url)
      handle.change((doc) => void Object.assign(doc, changeOf('site')))
    }
    await repo.flush()
  },
  async open(dir, port) {
    const repo = clientRepo(dir)
    const handles = await Promise.all(urlsOf(dir).map((url) => repo.find<Fields>(url)))
    const server = new Promise<string>((resolve) =>
      repo.networkSubsystem.on('peer', ({ peerMetadata }) => resolve(peerMetadata.storageId!)),
    )
    const sync = (): Promise<number> =>
      timed(async () => {
        repo.networkSubsystem.addNetworkAdapter(new WebSocketClientAdapter(`ws://127.0.0.1:${port}`))
        await Promise.all(handles.map((handle) => synced(handle, server)))
      })
    return {
      upload: sync,
      async catchUp(of, changed) {
        const seconds = await sync()
        for (const handle of handles.slice(of - changed, of))
          if (handle.doc()['cellPhone'] !== changeOf('portal').cellPhone)
            throw new Error(`The client has not got the server's change of ${handle.url}`)
        return seconds
      },
      reconnect: sync,
    }
  },
}
