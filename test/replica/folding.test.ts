/** Folding: a log is as large as what lives in it, and a fold says what its rows said. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { foldUpdates, mergeUpdates } from '../../src/replica/document.ts'
import { foldAtMost } from '../../src/replica/folding.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { clock, factsOf, folder, linkedPair, linkTo, master, ulid } from './world.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})
const practice = ulid()
const patient = ulid()
const site = ulid()
const set = (replica: OpenReplica, cellPhone: string, at: number) =>
  replica.change([{ collection: 'patients', key: patient, facts: factsOf(patient, site), set: { cellPhone }, at }])
const note = (replica: OpenReplica, id: string, text: string) =>
  replica.change([
    {
      collection: 'messages',
      key: patient,
      facts: factsOf(patient, site),
      add: {
        [id]: {
          kind: 'message',
          at: 1,
          by: { role: 'staff', id: 's' },
          thread: patient as never,
          subject: 'x',
          text,
        },
      },
    },
  ])

it('[LOG-4] [LOG-9] a field that is changed for ever by writers that start again and again stays small on disk and keeps its value', async () => {
  const file = join(folder(), 'site.sqlite')
  const id = ulid()
  let at = 1_000
  for (let start = 0; start < 70; start++) {
    const replica = await openReplica({ store: await openSqliteStore({ file, master }), practice, id, clock, site })
    const changes = Array.from({ length: 30 }, (_, i) =>
      set(replica, `+1 480 555 01${String(i).padStart(2, '0')}`, ++at),
    )
    await Promise.all(changes)
    await replica.folding.idle()
    await replica.close()
  }
  const store = await openSqliteStore({ file, master })
  const replica = await openReplica({ store, practice, id, clock, site })
  closers.push(() => replica.close())
  await replica.folding.idle()
  expect((await replica.record('patients', patient))!.fields).toEqual({ cellPhone: '+1 480 555 0129' })
  const rows = await store.rowsOf(10, patient)
  expect(rows.length).toBeLessThanOrEqual(foldAtMost)
  // The file of an empty replica is some 100 KiB; 2,100 rows unfolded would be another 400.
  expect(statSync(file).size).toBeLessThan(300 * 1024)
})

it('[R2] rows that the peer has not acknowledged wait, and after a fold the peer still gets all of them', async () => {
  const store = await openSqliteStore({ file: join(folder(), 'site.sqlite'), master })
  const { hub, own, portal, link } = await linkedPair({ practice, own: store })
  await note(own, 'first', 'x')
  await link.caughtUp()
  portal.acceptor.disconnect()
  await link.stop()
  await Promise.all(Array.from({ length: 100 }, (_, i) => note(own, `m${i}`, String(i))))
  await own.folding.idle()
  expect((await store.rowsOf(6, patient)).length).toBe(101)
  await Promise.all(Array.from({ length: 300 }, (_, i) => note(own, `m${i + 100}`, String(i))))
  await own.folding.idle()
  expect((await store.rowsOf(6, patient)).length).toBeLessThanOrEqual(foldAtMost)
  const again = linkTo(portal, own, hub.id)
  closers.push(() => again.stop())
  await again.caughtUp()
  expect((await hub.entries('messages', patient)).length).toBe(401)
  const { sent } = await again.status()
  expect(sent).toBeLessThan(400)
})

it('[LOG-4] a fold of entries says no deletion, also where two wrote the same entry apart, so that no peer refuses it', async () => {
  const rows: Uint8Array[] = []
  for (let writer = 0; writer < 2; writer++) {
    const file = join(folder(), 'a.sqlite')
    const store = await openSqliteStore({ file, master })
    const replica = await openReplica({ store, practice, id: ulid(), clock })
    closers.push(() => replica.close())
    await note(replica, 'same', 'text')
    rows.push(...(await store.updatesOf(6, patient)))
  }
  expect(foldUpdates(rows, 'entries').at(-1)).toBe(0)
  expect(mergeUpdates(rows)).toEqual(foldUpdates(rows, 'entries'))
})

it('[LOG-4] a large document is folded in a thread of its own and says the same', async () => {
  const file = join(folder(), 'site.sqlite')
  const store = await openSqliteStore({ file, master })
  const replica = await openReplica({ store, practice, id: ulid(), clock })
  closers.push(() => replica.close())
  const text = 'x'.repeat(5_000)
  await Promise.all(Array.from({ length: 60 }, (_, i) => note(replica, `m${i}`, `${i} ${text}`)))
  await replica.folding.idle()
  expect((await store.rowsOf(6, patient)).length).toBeLessThan(32)
  expect((await replica.entries('messages', patient)).map((entry) => entry.id).toSorted()).toEqual(
    Array.from({ length: 60 }, (_, i) => `m${i}`).toSorted(),
  )
})
