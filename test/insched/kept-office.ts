/** An InSched file whose keeper goes on while the file is backed up and put back, by real copies. */
import Database from 'better-sqlite3'
import { copyFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { keepInSched, type InSchedKeeper } from '../../src/bridges/insched/keeper.ts'
import { foldReview } from '../../src/replica/kinds/reviews.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { clock, folder, ulid } from '../replica/world.ts'
import { boundFile, closers, practice, site } from './office.ts'

export interface Kept { readonly file: string; readonly replica: OpenReplica; staff: Database.Database; bridge: InSchedKeeper } // prettier-ignore

const keep = (file: string, replica: OpenReplica): Promise<InSchedKeeper> =>
  keepInSched({ url: `sqlite:${file}`, replica, practice, site, holder: 'here', station: 'TEST', clock, disconnectedUntil: undefined, say: (at) => new Date(at).toISOString() }) // prettier-ignore

export async function openKept(): Promise<Kept> {
  const replica = await openReplica({ store: memoryStore(), practice, id: ulid(), clock })
  const file = await boundFile(replica)
  const at: Kept = { file, replica, staff: new Database(file), bridge: await keep(file, replica) }
  closers.push(async () => {
    await at.bridge.stop()
    at.staff.close()
  })
  await at.bridge.readNow()
  return at
}
/** A copy as a backup program makes it. */
export function backUp({ file, staff }: Kept): string {
  const copy = join(folder(), 'backup.db')
  staff.prepare('begin immediate').run()
  copyFileSync(file, copy)
  staff.prepare('rollback').run()
  return copy
}
/** Puts the copy in the place of the file, as a person does it: another file of that name, or written over it. */
export function putBack(at: Kept, copy: string, over = false): void {
  at.staff.close()
  copyFileSync(copy, over ? at.file : `${at.file}.new`)
  if (!over) renameSync(`${at.file}.new`, at.file)
  at.staff = new Database(at.file)
}
/** The site is started again on what is there. */
export async function restart(at: Kept): Promise<void> {
  await at.bridge.stop()
  at.bridge = await keep(at.file, at.replica)
}
export const value = (at: Kept, sql: string, ...given: unknown[]): unknown =>
  at.staff
    .prepare(sql)
    .pluck()
    .get(...given)
export const reviews = async ({ replica }: Kept) =>
  (await Promise.all((await replica.list('reviews')).map(async ({ key }) => ({ key, ...foldReview(await replica.entries('reviews', key))! })))) // prettier-ignore
export const settled = async (at: Kept): Promise<void> => {
  await at.bridge.readNow()
  await at.bridge.written()
}
