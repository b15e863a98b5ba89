/** A file of another version of the store is refused with a sentence that says what to do, and is left as it was. */
import Database from 'better-sqlite3'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { storeVersion } from '../../src/replica/sqlite-schema.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { StoreRefused } from '../../src/replica/store.ts'
import { folder, master } from './world.ts'

it.each([
  [storeVersion + 1, /newer PatientConnection .* Update first/],
  [storeVersion - 1, /before the first release .* Enroll a new folder/],
])('a store of version %i', async (version, sentence) => {
  const file = join(folder(), 'replica.sqlite')
  await (await openSqliteStore({ file, master })).close()
  const db = new Database(file)
  db.pragma(`user_version = ${version}`)
  db.close()
  await expect(openSqliteStore({ file, master })).rejects.toThrow(StoreRefused)
  await expect(openSqliteStore({ file, master })).rejects.toThrow(sentence)
  const after = new Database(file, { readonly: true })
  expect(after.pragma('user_version', { simple: true })).toBe(version)
  after.close()
})
