/** A site that is put back to an older copy of its folder, over a real link: what the portal had read and heard meanwhile. */
import { expect, it, onTestFinished } from 'vitest'
import type { Passes } from '../../src/replica/collections.ts'
import { memoryStore, type MemoryStore } from '../../src/replica/memory-store.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { clock, factsOf, linkTo, portalFor, ulid } from './world.ts'

const all: Passes = () => true

/** A portal, and a site whose settings are a variable, that runs from one folder at a time. */
async function practice(passes: Passes) {
  const [id, portalId, siteId] = [ulid(), ulid(), ulid()]
  const portal = await openReplica({ store: memoryStore(), practice: id, id: portalId, clock, holds: all })
  const server = await portalFor(() => portal)
  const open = (store: MemoryStore): Promise<OpenReplica> => openReplica({ store, practice: id, id: siteId, clock, passes }) // prettier-ignore
  onTestFinished(async () => {
    await server.close()
    await portal.close()
  })
  return {
    portal,
    open,
    connect: (site: OpenReplica) => linkTo(server, site, portalId, { passesOut: passes }),
    set: (replica: OpenReplica, key: string, value: string): Promise<void> =>
      replica.change([{ collection: 'patients', key, facts: factsOf(value, 'mesa'), set: { value }, at: clock.now() }]),
    value: async (replica: OpenReplica, key: string) => (await replica.record('patients', key))?.fields['value'],
  }
}

it('[R6] of a site that was put back the portal reads all again: what it read before may have been chosen by settings that the site has lost', async () => {
  let chosen: readonly string[] = ['a', 'b']
  const { portal, open, connect, set, value } = await practice((_, facts) => chosen.includes(facts.patient!))
  const [folder, [a, b]] = [memoryStore(), [ulid(), ulid()]]
  const first = await open(folder)
  await set(first, a, 'a')
  const backup = folder.copy()
  // The first of the two goes no more; then the site meets the portal for the first time.
  chosen = ['b']
  await set(first, b, 'b')
  const link = connect(first)
  await link.caughtUp()
  expect([await value(portal, a), await value(portal, b)]).toEqual([undefined, 'b'])
  await link.stop()
  await first.close()

  chosen = ['a', 'b']
  const again = await open(backup)
  const next = connect(again)
  await next.caughtUp()
  expect([await value(portal, a), await value(portal, b)]).toEqual(['a', 'b'])
  await expect.poll(() => value(again, b)).toBe('b')
  await next.stop()
  await again.close()
})

it('[R4] facts that went with an earlier row come back to a site that was put back to before it had them', async () => {
  const { portal, open, connect, set } = await practice(all)
  const [folder, key] = [memoryStore(), ulid()]
  const first = await open(folder)
  const link = connect(first)
  await link.caughtUp()
  await link.stop()
  await set(first, key, 'early')
  const backup = folder.copy()
  await set(first, key, 'late')
  // The connection ends behind the first of the two rows.
  const range = { from: 0, complete: 0, maxBytes: 1 }
  const part = await first.replication.outgoing(portal.id, 'patients', range, all)
  const epoch = first.replication.declared().epochs.at(-1)!.id
  await portal.replication.receive(first.id, { collection: 'patients', from: 0, epoch, ...part }, all)
  expect(part).toMatchObject({ rows: [{ seq: 1 }], to: 1, tail: false })
  await first.close()

  const again = await open(backup)
  const next = connect(again)
  await next.caughtUp()
  const facts = (await portal.head('patients', key))!.facts
  expect(facts.patient).toBe('late')
  expect((await again.head('patients', key))!.facts).toEqual(facts)
  await next.stop()
  await again.close()
})

it('[LINK-11] what a proof brought to the portal goes back to a site that was put back to before it', async () => {
  const { portal, open, connect, set, value } = await practice(all)
  const [folder, key] = [memoryStore(), ulid()]
  const first = await open(folder)
  await set(first, ulid(), 'x')
  const link = connect(first)
  await link.caughtUp()
  await link.stop()
  const backup = folder.copy()
  await set(first, key, 'late')
  // The proof brings the document whole before its row has come.
  const range = { from: 0, complete: 0, maxBytes: 1e6 }
  const { rows } = await first.replication.outgoing(portal.id, 'patients', range, all)
  await portal.replication.heal('patients', rows.filter((row) => row.key === key), all) // prettier-ignore
  expect(await value(portal, key)).toBe('late')
  await first.close()

  const again = await open(backup)
  const next = connect(again)
  await next.caughtUp()
  expect(await value(again, key)).toBe('late')
  await next.stop()
  await again.close()
})
