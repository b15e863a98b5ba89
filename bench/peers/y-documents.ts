/**
 * The client's Yjs documents for the systems that sync them: kept in one SQLite file and all loaded before the clock
 * starts, which is kinder than any of their own stores for a client outside the browser.
 */
import Database from 'better-sqlite3'
import { join } from 'node:path'
import * as Y from 'yjs'
import { changeOf, fieldsOf } from '../documents.ts'
import { nameOf } from './peer.ts'

export type YDocuments = ReadonlyMap<string, Y.Doc>

const open = (dir: string): Database.Database => {
  const db = new Database(join(dir, 'client.sqlite'))
  db.exec('create table if not exists docs(name text primary key, state blob not null)')
  return db
}

export function load(dir: string): YDocuments {
  const db = open(dir)
  const rows = db.prepare('select name, state from docs order by rowid').all() as { name: string; state: Uint8Array }[]
  db.close()
  return new Map(
    rows.map(({ name, state }) => {
      const doc = new Y.Doc()
      Y.applyUpdate(doc, state)
      return [name, doc]
    }),
  )
}

export function save(dir: string, documents: YDocuments): void {
  const db = open(dir)
  const put = db.prepare('insert or replace into docs(name, state) values (?, ?)')
  db.transaction(() => {
    for (const [name, doc] of documents) put.run(name, Y.encodeStateAsUpdate(doc))
  })()
  db.close()
}

export async function write(dir: string, count: number): Promise<void> {
  const documents = new Map<string, Y.Doc>()
  for (let n = 0; n < count; n++) {
    const doc = new Y.Doc()
    setFields(doc, fieldsOf(n))
    documents.set(nameOf(n), doc)
  }
  save(dir, documents)
}

export async function change(dir: string, count: number): Promise<void> {
  const documents = load(dir)
  for (let n = 0; n < count; n++) setFields(documents.get(nameOf(n))!, changeOf('site'))
  save(dir, documents)
}

export function setFields(doc: Y.Doc, fields: Readonly<Record<string, unknown>>): void {
  doc.transact(() => {
    const map = doc.getMap('fields')
    for (const [field, value] of Object.entries(fields)) map.set(field, value)
  })
}

export const fieldOf = (doc: Y.Doc, field: string): unknown => doc.getMap('fields').get(field)

/** Changes a document of the server; fails where it is not there. */
export function changeAtServer(doc: Y.Doc, name: string): void {
  if (fieldOf(doc, 'firstName') === undefined) throw new Error(`The server has no ${name}`)
  setFields(doc, changeOf('portal'))
}

/** Fails unless the client has all that the server changed. */
export function check(documents: YDocuments, of: number, changed: number): void {
  for (let n = of - changed; n < of; n++)
    if (fieldOf(documents.get(nameOf(n))!, 'cellPhone') !== changeOf('portal').cellPhone)
      throw new Error(`The client has not got the server's change of ${nameOf(n)}`)
}
