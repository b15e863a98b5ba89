/** Of the packages in bench/package.json the part that is used here: the product's install and checks do without them. */
declare module '@hocuspocus/server' {
  import type { Server as HttpServer } from 'node:http'
  import type { Doc } from 'yjs'
  export class Server {
    constructor(options: {
      readonly address: string
      readonly quiet: boolean
      readonly stopOnSignals: boolean
      readonly extensions: readonly object[]
    })
    readonly httpServer: HttpServer
    readonly address: { readonly port: number }
    readonly hocuspocus: {
      openDirectConnection(
        name: string,
        context: object,
      ): Promise<{ transact(change: (doc: Doc) => void): Promise<void>; disconnect(): Promise<void> }>
    }
    destroy(): Promise<void>
  }
}
declare module '@hocuspocus/extension-sqlite' {
  export const SQLite: new (options: { readonly database: string }) => object
}
declare module '@hocuspocus/provider' {
  import type { Doc } from 'yjs'
  export class HocuspocusProviderWebsocket {
    constructor(options: { readonly url: string; readonly WebSocketPolyfill: unknown })
    readonly status: string
    on(event: 'open', run: () => void): void
  }
  export class HocuspocusProvider {
    constructor(options: {
      readonly websocketProvider: HocuspocusProviderWebsocket
      readonly name: string
      readonly document: Doc
      readonly awareness: null
      readonly onUnsyncedChanges: () => void
      readonly onSynced: () => void
      readonly onAuthenticationFailed: () => void
    })
    readonly synced: boolean
    readonly hasUnsyncedChanges: boolean
    attach(): void
    destroy(): void
  }
}
declare module '@y/websocket-server/utils' {
  import type { IncomingMessage } from 'node:http'
  import type { WebSocket } from 'ws'
  import type { Doc } from 'yjs'
  export function setupWSConnection(socket: WebSocket, request: IncomingMessage): void
  export function getPersistence(): {
    bindState: (name: string, doc: Doc) => Promise<void>
    readonly provider: {
      getYDoc(name: string): Promise<Doc>
      storeUpdate(name: string, update: Uint8Array): Promise<number>
      destroy(): Promise<void>
    }
  } | null
}
declare module 'pouchdb' {
  type Document = { readonly _id: string } & Readonly<Record<string, unknown>>
  class PouchDB {
    static defaults(options: { readonly prefix: string }): typeof PouchDB
    constructor(name: string)
    info(): Promise<unknown>
    get(id: string): Promise<Document>
    allDocs(query: {
      readonly keys: readonly string[]
      readonly include_docs: true
    }): Promise<{ readonly rows: readonly { readonly key: string; readonly doc?: Document | null }[] }>
    bulkDocs(docs: readonly Document[]): Promise<unknown>
    readonly replicate: { to(remote: PouchDB): Promise<unknown> }
    sync(remote: PouchDB): Promise<unknown>
    close(): Promise<void>
  }
  export default PouchDB
}
declare module 'express' {
  import type { Server } from 'node:http'
  export default function express(): {
    use(path: string, handler: unknown): void
    listen(port: number, host: string): Server
  }
}
declare module 'express-pouchdb' {
  export default function expressPouchDb(pouchdb: unknown, options: { readonly mode: 'minimumForPouchDB' }): unknown
}
declare module '@automerge/automerge-repo' {
  export type AutomergeUrl = string & { readonly automerge: unique symbol }
  export type PeerId = string & { readonly peer: unique symbol }
  export interface DocHandle<T> {
    readonly url: AutomergeUrl
    doc(): T
    heads(): string[]
    getSyncInfo(storage: string): { readonly lastHeads: string[] } | undefined
    change(change: (doc: T) => void): void
    on(event: 'remote-heads' | 'heads-changed', run: () => void): void
    off(event: 'remote-heads' | 'heads-changed', run: () => void): void
  }
  export class Repo {
    constructor(options: {
      readonly network?: readonly object[]
      readonly storage: object
      readonly peerId?: PeerId
      readonly sharePolicy?: () => Promise<boolean>
    })
    readonly networkSubsystem: {
      addNetworkAdapter(adapter: object): void
      on(event: 'peer', run: (peer: { readonly peerMetadata: { readonly storageId?: string } }) => void): void
    }
    create<T>(value: T): DocHandle<T>
    find<T>(url: AutomergeUrl): Promise<DocHandle<T>>
    flush(): Promise<void>
  }
}
declare module '@automerge/automerge-repo-network-websocket' {
  import type { WebSocketServer } from 'ws'
  export const WebSocketClientAdapter: new (url: string) => object
  export const WebSocketServerAdapter: new (server: WebSocketServer) => object
}
declare module '@automerge/automerge-repo-storage-nodefs' {
  export const NodeFSStorageAdapter: new (dir: string) => object
}
