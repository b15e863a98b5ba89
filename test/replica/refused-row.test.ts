/** A row that the site refuses, over a real link: it is acknowledged, and yet only the portal has it. */
import { expect, it, onTestFinished } from 'vitest'
import { largestUpdate } from '../../src/replica/admission.ts'
import type { Passes } from '../../src/replica/collections.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { clock, factsOf, linkTo, portalFor, ulid } from './world.ts'

const reachable: Passes = (_, facts, erasure = false) => erasure || facts.reachable

it('[R9] what the site refused stays at the portal when it passes no more, also after a new start: nobody else has it', async () => {
  const [practice, portalId, patient, key, taken, store] = [ulid(), ulid(), ulid(), ulid(), ulid(), memoryStore()]
  const openPortal = () => openReplica({ store, practice, id: portalId, clock, holds: reachable })
  let portal = await openPortal()
  const site = await openReplica({ store: memoryStore(), practice, id: ulid(), clock, passes: reachable })
  const server = await portalFor(() => portal)
  onTestFinished(async () => {
    await server.close()
    await site.close()
    await portal.close()
  })
  const facts = (isReachable: boolean) => ({ ...factsOf(patient, 'mesa'), reachable: isReachable })
  const set = (replica: OpenReplica, fields: Record<string, string>, ...keys: string[]): Promise<void> =>
    replica.change(keys.map((one) => ({ collection: 'patients', key: one, facts: facts(true), set: fields, at: clock.now() }))) // prettier-ignore
  const fieldsAt = async (replica: OpenReplica, one: string): Promise<string[]> =>
    [...((await replica.record('patients', one))?.values.keys() ?? [])].toSorted()

  await set(site, { name: 'A' }, key, taken)
  const link = linkTo(server, site, portalId, { passesOut: reachable })
  await link.caughtUp()
  await set(portal, { note: 'x'.repeat(largestUpdate + 1) }, key)
  await set(portal, { note: 'short' }, taken)
  await link.caughtUp()
  expect([await fieldsAt(site, key), await fieldsAt(site, taken)]).toEqual([['name'], ['name', 'note']])
  await link.stop()
  await portal.close()

  portal = await openPortal()
  await site.change([key, taken].map((one) => ({ collection: 'patients', key: one, become: facts(false) })))
  const again = linkTo(server, site, portalId, { passesOut: reachable })
  await again.caughtUp()
  await expect.poll(() => fieldsAt(portal, taken)).toEqual([])
  await portal.withdraw()
  expect(await fieldsAt(portal, key)).toEqual(['name', 'note'])
  // An erasure is another generation: of that nothing is missed.
  await site.change([{ collection: 'patients', key, erase: true }])
  await again.caughtUp()
  expect(await fieldsAt(portal, key)).toEqual([])
  await again.stop()
})
