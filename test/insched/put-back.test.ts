/** The replica's folder put back to a copy while InSched's database stayed: what had been read into it since is read again. */
import Database from 'better-sqlite3'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { InSchedBridge } from '../../src/bridges/insched/bridge.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { fileReplica, folder, ulid } from '../replica/world.ts'
import { boundFile, practice, start } from './office.ts'

/** Runs `run` on the bridge of a site that has read all, as one life of its process. */
async function life<T>(
  at: { readonly store: string; readonly id: ReturnType<typeof ulid>; insched?: string },
  run: (replica: OpenReplica, bridge: InSchedBridge, staff: Database.Database) => Promise<T>,
): Promise<T> {
  const replica = await fileReplica(at.store, practice, at.id)
  at.insched ??= await boundFile(replica)
  const staff = new Database(at.insched)
  const bridge = await start(at.insched, replica)
  try {
    await bridge.readNow()
    return await run(replica, bridge, staff)
  } finally {
    await bridge.stop()
    await replica.close()
    staff.close()
  }
}

it.each(['after the first read', 'before the first read'])(
  '[DOM-8] what was read from InSched since the copy %s is said again, though no peer has it: edits, new rows and deletes',
  async (when) => {
    const dir = folder()
    const at = { store: join(dir, 'replica.sqlite'), id: ulid() }
    const copy = join(dir, 'copy.sqlite')
    if (when === 'before the first read') {
      await (await fileReplica(at.store, practice, at.id)).close()
      copyFileSync(at.store, copy)
    }
    await life(at, async () => {})
    if (when === 'after the first read') copyFileSync(at.store, copy)
    const said = ([patient, ...events]: readonly string[], replica: OpenReplica) =>
      Promise.all([replica.record('patients', patient!), ...events.map((event) => replica.record('events', event))])
    const { documents, before } = await life(at, async (replica, bridge, staff) => {
      const gone = (await bridge.documentOf('events', 2))!
      staff.exec(`
        update patients set cell_phone = '+1 480 555 0142' where patient_id = 1;
        delete from events where event_id = 2;
        insert into events(event_id, event_type, patient_id, location_id, starts_at, minutes, resources, status, alert_notes)
          values (2, 'CONS', 1, 1, strftime('%Y-%m-%dT10:00', 'now', '+40 days'), 45, '[]', 'None', '')`)
      await bridge.readNow()
      const found = [(await bridge.documentOf('patients', 1))!, gone, (await bridge.documentOf('events', 2))!]
      return { documents: found, before: await said(found, replica) }
    })
    expect(new Set(documents).size).toBe(3)
    expect(before.map((record) => record!.fields)).toMatchObject([
      { cellPhone: '+1 480 555 0142' },
      { deleted: true },
      { minutes: 45 },
    ])
    const fields = (records: typeof before) => records.map((record) => record?.fields)
    copyFileSync(copy, at.store)
    await life(at, async (replica) => {
      const after = fields(await said(documents, replica))
      // Of a row that the copy never had and that is gone from InSched there is nothing to say.
      if (when === 'before the first read') expect(after).toEqual(fields(before).with(1, undefined))
      else expect(after).toEqual(fields(before))
    })
  },
)
