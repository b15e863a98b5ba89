/** What a site does about settings of its mirror that its documents do not follow: after it went down, and after it was put back. */
import { expect, it, onTestFinished } from 'vitest'
import { mirrorKey } from '../../src/mirror/mirror-settings.ts'
import { keepSiteMirror, mirrorOf } from '../../src/mirror/site-mirror.ts'
import { emptyUpdate } from '../../src/replica/document.ts'
import { memoryStore, type MemoryStore } from '../../src/replica/memory-store.ts'
import { openReplica } from '../../src/replica/replica.ts'
import { clock, factsOf, ulid } from '../replica/world.ts'

it('[R10] the first settings that a site chose count also where it went down before its documents followed them', async () => {
  const [practice, id, key, patient] = [ulid(), ulid(), ulid(), ulid()]
  const store = memoryStore()
  const open = async () => {
    const mirror = mirrorOf('mesa', clock)
    const replica = await openReplica({ store, practice, id, clock, ...mirror.replicaPasses })
    return { mirror, replica }
  }
  const first = await open()
  const own = { ...factsOf(patient, 'mesa'), reachable: false }
  const text = { kind: 'message' as const, at: 1, by: { role: 'staff' as const, id: 'x' }, thread: patient, subject: 's', text: 't' } // prettier-ignore
  await first.replica.change([
    { collection: 'messages', key, facts: own, add: { a: text } },
    { collection: 'preferences', key: mirrorKey('mesa'), facts: { ...own, patient: null }, set: { 'messages.patients': 'all' }, at: clock.now() }, // prettier-ignore
  ])
  // Read, and not yet followed.
  await first.replica.remember('mirror', first.replica.replication.declared().head)
  await first.replica.close()

  const { mirror, replica } = await open()
  const before = (await replica.head('messages', key))!.seq
  const kept = await keepSiteMirror({ mirror, replica, site: 'mesa', portal: ulid(), clock, sayAgain: async () => {} })
  await expect.poll(async () => (await replica.head('messages', key))!.seq).toBeGreaterThan(before)
  await kept.apply()
  expect(mirror.applied().settings.version).toBe(mirror.settings().version)
  kept.stop()
  await replica.close()
})

it('[R9] settings that come back to a site that was put back are followed at once: what the portal has erased and what passes by them is logged anew', async () => {
  const [practice, id, portal, key, patient] = [ulid(), ulid(), ulid(), ulid(), ulid()]
  const open = async (store: MemoryStore) => {
    const mirror = mirrorOf('mesa', clock)
    const replica = await openReplica({ store, practice, id, clock, ...mirror.replicaPasses })
    const kept = await keepSiteMirror({ mirror, replica, site: 'mesa', portal, clock, sayAgain: async () => {} })
    onTestFinished(async () => {
      kept.stop()
      await replica.close()
    })
    return { replica, kept }
  }
  const all = (): boolean => true
  const folder = memoryStore()
  const first = await open(folder)
  const facts = { ...factsOf(patient, 'mesa'), reachable: false }
  const text = { kind: 'message' as const, at: 1, by: { role: 'staff' as const, id: 'x' }, thread: patient, subject: 's', text: 't' } // prettier-ignore
  await first.replica.change([{ collection: 'messages', key, facts, add: { a: text } }])
  const met = { replica: portal, epochs: [{ id: 1, first: 1 }], head: 1, incarnations: [] }
  await first.replica.replication.meet(met)
  const erased = {
    seq: 1,
    key,
    generation: 1,
    erased: 0,
    facts: { ...facts, at: 1 },
    update: emptyUpdate,
    receipt: true,
  }
  await first.replica.replication.receive(portal, { collection: 'messages', from: 0, to: 1, tail: true, epoch: 1, rows: [erased] }, all) // prettier-ignore
  const backup = folder.copy()
  await first.kept.write({ 'messages.patients': 'all' })
  await first.kept.apply()
  const range = { from: 0, complete: 0, maxBytes: 1e6 }
  const { rows, to } = await first.replica.replication.outgoing(portal, 'preferences', range, all)

  const again = await open(backup)
  expect((await again.replica.receipts('messages')).map((head) => head.key)).toEqual([key])
  await again.replica.replication.meet({ ...met, head: to })
  await again.replica.replication.receive(portal, { collection: 'preferences', from: 0, to, tail: true, epoch: 1, rows }, all) // prettier-ignore
  await expect.poll(() => again.replica.receipts('messages')).toEqual([])
})
