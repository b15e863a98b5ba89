/** What a site does at its start about settings of its mirror that it had not followed yet when it went down. */
import { expect, it } from 'vitest'
import { mirrorKey } from '../../src/mirror/mirror-settings.ts'
import { keepSiteMirror, mirrorOf } from '../../src/mirror/site-mirror.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
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
