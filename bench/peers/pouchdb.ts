/**
 * PouchDB on both sides over LevelDB, the server behind express-pouchdb in the mode that its documentation names for
 * PouchDB clients. Replication with its default options. LevelDB does not sync to disk before it answers.
 */
import express from 'express'
import expressPouchDb from 'express-pouchdb'
import { mkdirSync } from 'node:fs'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import PouchDB from 'pouchdb'
import { changeOf, fieldsOf } from '../documents.ts'
import { nameOf, timed, type Peer } from './peer.ts'

const databaseName = 'patients'
const someAtOnce = 1_000

async function change(db: PouchDB, from: number, to: number, side: 'site' | 'portal'): Promise<void> {
  for (let next = from; next < to; next += someAtOnce) {
    const keys = Array.from({ length: Math.min(someAtOnce, to - next) }, (_, i) => nameOf(next + i))
    const { rows } = await db.allDocs({ keys, include_docs: true })
    const docs = rows.map(({ key, doc }) => {
      if (!doc) throw new Error(`There is no ${key}`)
      return { ...doc, ...changeOf(side) }
    })
    await db.bulkDocs(docs)
  }
}

export const pouchdb: Peer = {
  async serve(dir) {
    const folder = join(dir, 'server')
    mkdirSync(folder, { recursive: true })
    const Server = PouchDB.defaults({ prefix: `${folder}/` })
    const app = express()
    app.use('/', expressPouchDb(Server, { mode: 'minimumForPouchDB' }))
    const db = new Server(databaseName)
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      port: (server.address() as AddressInfo).port,
      change: (count, of) => change(db, of - count, of, 'portal'),
      async stop() {
        server.close()
        await db.close()
      },
    }
  },
  async write(dir, count) {
    const db = new PouchDB(join(dir, 'client'))
    for (let from = 0; from < count; from += someAtOnce) {
      const length = Math.min(someAtOnce, count - from)
      await db.bulkDocs(Array.from({ length }, (_, i) => ({ _id: nameOf(from + i), ...fieldsOf(from + i) })))
    }
    await db.close()
  },
  async change(dir, count) {
    const db = new PouchDB(join(dir, 'client'))
    await change(db, 0, count, 'site')
    await db.close()
  },
  async open(dir, port) {
    const local = new PouchDB(join(dir, 'client'))
    const remote = new PouchDB(`http://127.0.0.1:${port}/${databaseName}`)
    await remote.info()
    return {
      upload: () => timed(() => local.replicate.to(remote)),
      async catchUp(of, changed) {
        const seconds = await timed(() => local.sync(remote))
        for (let n = of - changed; n < of; n++)
          if ((await local.get(nameOf(n)))['cellPhone'] !== changeOf('portal').cellPhone)
            throw new Error(`The client has not got the server's change of ${nameOf(n)}`)
        return seconds
      },
      reconnect: () => timed(() => local.sync(remote)),
    }
  },
}
