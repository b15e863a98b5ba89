/** Proof of equality: what two sides hold is compared top down, only what differs is exchanged, and damage is healed. */
import { expect, it } from 'vitest'
import type { Link } from '../../src/replica/connection.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import type { Store } from '../../src/replica/store.ts'
import type { Passes } from '../../src/replica/collections.ts'
import { emptyUpdate } from '../../src/replica/document.ts'
import type { ReconcileFrame } from '../../src/replica/reconcile-codec.ts'
import type { Reconciler } from '../../src/replica/reconcile.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { clock, factsOf, linkedPair, ulid } from './world.ts'

const practice = ulid()
const site = ulid()
const name = (replica: OpenReplica, key: string, firstName: string) =>
  replica.change([
    { collection: 'patients', key, facts: factsOf(key, site), set: { firstName, lastName: 'L' }, at: clock.now() },
  ])
const nameOf = async (replica: OpenReplica, key: string) => (await replica.record('patients', key))?.fields['firstName']

/** A memory store whose updates of a document a test may tamper with, as a fault of the disk or of an older program would. */
function damagedStore(): Store & { damage: Map<string, (updates: Uint8Array[]) => Uint8Array[]> } {
  const store = memoryStore()
  const damage = new Map<string, (updates: Uint8Array[]) => Uint8Array[]>()
  return {
    ...store,
    damage,
    async append(rows, ...rest) {
      for (const row of rows) if (row.mode === 'replace') damage.delete(row.key)
      return store.append(rows, ...rest)
    },
    async updatesOf(collection, key) {
      const updates = await store.updatesOf(collection, key)
      return damage.get(key)?.(updates) ?? updates
    },
  }
}

async function world(): Promise<{
  hub: OpenReplica
  own: OpenReplica
  store: ReturnType<typeof damagedStore>
  link: Link
}> {
  const store = damagedStore()
  const { hub, own, link } = await linkedPair({ practice, hub: store })
  return { hub, own, store, link }
}
const patientsIn = (proof: Awaited<ReturnType<Link['prove']>>) =>
  proof.collections.find((one) => one.name === 'patients')!

it('[LINK-11] two sides that hold the same are proven equal, and no document is sent for it', async () => {
  const { own, hub, link } = await world()
  for (let i = 0; i < 30; i++) await name(own, ulid(), `n${i}`)
  await name(hub, ulid(), 'from the portal')
  const before = (await link.prove(), await link.status())
  const proof = await link.prove()
  expect(proof.equal).toBe(true)
  expect(patientsIn(proof)).toEqual({ name: 'patients', documents: 31, differing: 0 })
  expect((await link.status()).received).toBe(before.received)
})

it('[LINK-11] a document that one side has lost is found and comes back whole', async () => {
  const { own, hub, store, link } = await world()
  const [kept, lost] = [ulid(), ulid()]
  await name(own, kept, 'kept')
  await name(own, lost, 'lost')
  await link.caughtUp()
  store.damage.set(lost, () => [])
  const proof = await link.prove()
  expect(patientsIn(proof)).toMatchObject({ documents: 2, differing: 1 })
  expect(proof.equal).toBe(true)
  expect(await nameOf(hub, lost)).toBe('lost')
  expect(await nameOf(own, lost)).toBe('lost')
})

it('[LINK-11] a document that cannot be read is replaced by the other side’s content as the next generation', async () => {
  const { own, hub, store, link } = await world()
  const key = ulid()
  await name(own, key, 'first')
  await name(own, key, 'second')
  await link.caughtUp()
  store.damage.set(key, (updates) => updates.slice(1))
  const proof = await link.prove()
  expect(proof.equal).toBe(true)
  expect(await nameOf(hub, key)).toBe('second')
  expect(await own.head('patients', key)).toMatchObject({ generation: 2, erased: 0 })
})

it('[LINK-11] two documents that count the same changes and say different things are found, and both values stand anew', async () => {
  const { own, hub, store, link } = await world()
  const key = ulid()
  await name(own, key, 'right')
  await link.caughtUp()
  // The same client and clocks with another value: what a client id used twice leaves behind.
  store.damage.set(key, ([update]) => [Buffer.from(Buffer.from(update!).toString('latin1').replace('right', 'wrong'), 'latin1')]) // prettier-ignore
  expect(await nameOf(hub, key)).toBe('wrong')
  const proof = await link.prove()
  expect(patientsIn(proof).differing).toBe(1)
  expect(proof.equal).toBe(true)
  expect(await nameOf(hub, key)).toBe(await nameOf(own, key))
  expect((await hub.head('patients', key))!.generation).toBe(2)
})

it('[LINK-11] an erasure that one side never heard of is found', async () => {
  const { own, hub, store, link } = await world()
  const key = ulid()
  await name(own, key, 'erased')
  await link.caughtUp()
  await own.change([{ collection: 'patients', key, erase: true }])
  await link.caughtUp()
  expect(await hub.head('patients', key)).toMatchObject({ generation: 2, erased: 2 })
  expect(store.damage.size).toBe(0)
  expect((await link.prove()).equal).toBe(true)
  expect(await nameOf(hub, key)).toBeUndefined()
})

it('[LINK-11] of a document that was erased and does not pass only the erasure is compared, and nothing that it says since is sent', async () => {
  const reachable: Passes = (_, facts, erasure = false) => erasure || facts.reachable
  const open = () => openReplica({ store: memoryStore(), practice, id: ulid(), clock })
  const [own, hub] = [await open(), await open()]
  const [both, alone] = [ulid(), ulid()]
  for (const [replica, keys] of [
    [own, [both, alone]],
    [hub, [both]],
  ] as const)
    // prettier-ignore
    for (const key of keys) {
      await name(replica, key, 'before')
      await replica.change([{ collection: 'patients', key, erase: true }])
    }
  const facts = (key: string) => ({ ...factsOf(key, site), reachable: false })
  for (const key of [both, alone])
    await own.change([{ collection: 'patients', key, facts: facts(key), set: { firstName: 'withheld' }, at: clock.now() }]) // prettier-ignore
  const frames: ReconcileFrame[] = []
  const sides: Reconciler[] = []
  for (const [at, replica] of [own, hub].entries()) {
    const send = async (frame: ReconcileFrame): Promise<void> => {
      frames.push(frame)
      void sides[1 - at]!.take(frame)
    }
    sides.push(replica.replication.reconciler({ shared: reachable, send, heal: (collection, rows) => replica.replication.heal(collection, rows, reachable) })) // prettier-ignore
  }
  const proof = await sides[0]!.prove()
  expect([proof.equal, patientsIn(proof)]).toEqual([true, { name: 'patients', documents: 2, differing: 1 }])
  const sent = frames.flatMap((frame) => (frame.kind === 'documents' ? frame.rows : []))
  expect(sent.map(({ key, generation, erased, update }) => [key, generation, erased, update])).toEqual([[alone, 2, 2, emptyUpdate]]) // prettier-ignore
  expect(await hub.head('patients', alone)).toMatchObject({ generation: 2, erased: 2 })
  expect(await nameOf(own, both)).toBe('withheld')
  expect(await nameOf(hub, both)).toBeUndefined()
})
