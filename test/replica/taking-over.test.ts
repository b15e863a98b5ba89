/** A site takes over the documents of one that is retired, over a real link: all of them, and none stays behind at the portal. */
import { expect, it, onTestFinished } from 'vitest'
import type { Passes } from '../../src/replica/collections.ts'
import { memoryStore, type MemoryStore } from '../../src/replica/memory-store.ts'
import { openReplica } from '../../src/replica/replica.ts'
import { passOn } from '../../src/server/retiring.ts'
import { clock, factsOf, linkTo, portalFor, ulid } from './world.ts'

it('[R9] [R10] a row that moves a document to another site brings it whole there, and what passes by its settings no more goes from the portal, also when the portal is put back and the site retired again', async () => {
  const [practice, portalId, shown, hidden] = [ulid(), ulid(), ulid(), ulid()]
  // The retired site mirrored all; the one that takes over mirrors who is reachable.
  const holds: Passes = (_, facts) => facts.site === 'closed' || facts.reachable
  const down: Passes = (_, facts) => facts.site === 'heir'
  const up: Passes = (_, facts, erasure = false) => facts.site === 'heir' && (erasure || facts.reachable)
  const openPortal = (store: MemoryStore) => openReplica({ store, practice, id: portalId, clock, holds })
  const folder = memoryStore()
  let portal = await openPortal(folder)
  const heir = await openReplica({ store: memoryStore(), practice, id: ulid(), clock, passes: up })
  const server = await portalFor(() => portal, { passesIn: up, passesOut: down })
  onTestFinished(async () => {
    await server.close()
    await heir.close()
    await portal.close()
  })
  const set = (key: string, fields: Record<string, string>): Promise<void> =>
    portal.change([{ collection: 'patients', key, facts: { ...factsOf(key, 'closed'), reachable: key === shown }, set: fields, at: clock.now() }]) // prettier-ignore
  const fieldsAt = async (replica: typeof portal, key: string): Promise<string[]> =>
    [...((await replica.record('patients', key))?.values.keys() ?? [])].toSorted()
  const connected = async () => {
    const link = linkTo(server, heir, portalId, { passesIn: down, passesOut: up })
    await link.caughtUp()
    return link
  }

  // The one who takes over reads on meanwhile: it is past these rows when they become its own.
  const link = await connected()
  for (const key of [shown, hidden]) await set(key, { name: 'A' })
  for (const key of [shown, hidden]) await set(key, { phone: '1' })
  await link.caughtUp()
  expect(await fieldsAt(heir, hidden)).toEqual([])
  const backup = folder.copy()
  expect(await passOn(portal, 'closed', 'heir')).toBe(2)
  await link.caughtUp()
  for (const key of [shown, hidden]) expect(await fieldsAt(heir, key)).toEqual(['name', 'phone'])
  await expect.poll(() => fieldsAt(portal, hidden)).toEqual([])
  expect(await fieldsAt(portal, shown)).toEqual(['name', 'phone'])
  await link.stop()
  await portal.close()

  portal = await openPortal(backup)
  const again = await connected()
  // What passes comes back from the one who took it over; of the other it gives no notice, as it was never of its own here.
  await expect.poll(async () => (await portal.head('patients', shown))?.facts.site).toBe('heir')
  expect(await fieldsAt(portal, hidden)).toEqual(['name', 'phone'])
  expect(await passOn(portal, 'closed', 'heir')).toBe(1)
  await again.caughtUp()
  await expect.poll(() => fieldsAt(portal, hidden)).toEqual([])
  for (const key of [shown, hidden]) expect(await fieldsAt(heir, key)).toEqual(['name', 'phone'])
  await again.stop()
})
