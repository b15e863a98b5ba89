/** A peer that leaves rows out of what it sends, over a real connection: what waits, what goes on, and how it heals. */
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { WireRow } from '../../src/replica/admission.ts'
import { fixedSettings } from '../../src/replica/collections.ts'
import { writeEntries } from '../../src/replica/document.ts'
import { foldReview } from '../../src/replica/kinds/reviews.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { clock, factsOf, fileReplica, folder, linkTo, master, portalFor, ulid } from './world.ts'

const mostAside = 2 * 1024 * 1024

async function practice(sites: number, settings = fixedSettings) {
  const [id, dir] = [ulid(), folder()]
  const store = await openSqliteStore({ file: join(dir, 'hub.sqlite'), master })
  const hub = await openReplica({ store, practice: id, id: ulid(), clock, mostAside })
  const portal = await portalFor(() => hub, { settings })
  onTestFinished(() => hub.close())
  onTestFinished(() => portal.close())
  const replicas: OpenReplica[] = []
  for (let i = 0; i < sites; i++) {
    const site = await fileReplica(join(dir, `${i}.sqlite`), id, ulid())
    onTestFinished(() => site.close())
    replicas.push(site)
  }
  const connect = (site: OpenReplica) => {
    const link = linkTo(portal, site, hub.id, { settings })
    onTestFinished(() => link.stop())
    return link
  }
  return { hub, sites: replicas, connect }
}

/** A site that loses rows on the way to its peer. */
function losing(site: OpenReplica, lost: (row: WireRow) => boolean): OpenReplica {
  const { outgoing } = site.replication
  return {
    ...site,
    replication: {
      ...site.replication,
      async outgoing(...asked) {
        const found = await outgoing(...asked)
        return { ...found, rows: found.rows.filter((row) => !lost(row)) }
      },
    },
  }
}

const set = (replica: OpenReplica, key: string, fields: Record<string, string>): Promise<void> =>
  replica.change([{ collection: 'patients', key, set: fields, at: clock.now(), facts: factsOf(key, 'S') }])
const reviewsOf = async (replica: OpenReplica) =>
  Promise.all((await replica.list('reviews')).map(async ({ key }) => foldReview(await replica.entries('reviews', key))))

it('[LINK-12] what a peer skipped is missed once its followers come: they wait, the people at either end see it, and a proof heals it', async () => {
  const { hub, sites, connect } = await practice(1)
  const [site] = sites as [OpenReplica]
  await set(site, 'a', { phone: '1' })
  await set(site, 'a', { phone: '2' })
  await set(site, 'b', { phone: '1' })
  const link = connect(losing(site, (row) => row.key === 'a' && row.seq === 1))
  await link.caughtUp()
  expect(await hub.record('patients', 'a')).toBeUndefined()
  expect((await hub.record('patients', 'b'))?.fields).toEqual({ phone: '1' })
  expect(await hub.waiting()).toMatchObject([{ peer: site.id, changes: 1 }])
  // It is acknowledged: nothing of it waits at the site.
  expect((await link.status()).behind).toBe(0)
  await expect.poll(() => reviewsOf(site)).toMatchObject([{ about: 'changes wait', resolved: null }])
  expect((await link.prove()).equal).toBe(true)
  expect((await hub.record('patients', 'a'))?.fields).toEqual({ phone: '2' })
  expect(await hub.waiting()).toEqual([])
  await expect.poll(() => reviewsOf(site)).toMatchObject([{ resolved: { note: 'Nothing of it waits any more.' } }])
})

it('[LINK-12] a peer that fills the quarantine pauses its own link with a reason; consents, what goes to it, and other sites do not wait; a proof makes room', async () => {
  const { hub, sites, connect } = await practice(2)
  const [site, other] = sites as [OpenReplica, OpenReplica]
  const documents = 30
  for (let i = 0; i < documents; i++) {
    await set(site, `k${i}`, { phone: '1' })
    await set(site, `k${i}`, { phone: Buffer.from(clock.bytes(80_000)).toString('base64') })
  }
  const [link, others] = [
    connect(losing(site, (row) => row.update.length < 1_000 && row.key.startsWith('k'))),
    connect(other),
  ]
  const bytesAside = async (): Promise<number> => (await hub.waiting())[0]?.bytes ?? 0
  await expect.poll(bytesAside, { timeout: 20_000 }).toBeGreaterThan(mostAside - 512 * 1024)
  await expect.poll(async () => (await link.status()).problem).toContain('takes no more patients')
  expect((await link.status()).behind).toBeGreaterThan(0)
  await consent(site)
  await expect.poll(() => hub.count('consents')).toBe(1)
  await set(hub, 'from the portal', { phone: '3' })
  await expect.poll(async () => (await site.record('patients', 'from the portal'))?.fields).toEqual({ phone: '3' })
  await set(other, 'from another', { phone: '4' })
  await others.caughtUp()
  expect((await hub.record('patients', 'from another'))?.fields).toEqual({ phone: '4' })
  expect(await bytesAside()).toBeLessThanOrEqual(mostAside)
  expect((await link.prove()).equal).toBe(true)
  expect(await hub.waiting()).toEqual([])
  // It goes on by itself.
  await link.caughtUp()
  expect((await link.status()).behind).toBe(0)
}, 60_000)

it('[LINK-12] [R6] what waits of a peer holds up nobody when the settings change, and is taken in by those that hold then', async () => {
  let version = 1
  const { hub, sites, connect } = await practice(1, { ...fixedSettings, version: () => version })
  const [site] = sites as [OpenReplica]
  await set(site, 'a', { phone: '1' })
  await set(site, 'a', { phone: '2' })
  const link = connect(losing(site, (row) => row.key === 'a' && row.seq === 1))
  await link.caughtUp()
  expect(await hub.waiting()).toMatchObject([{ peer: site.id, changes: 1 }])
  await link.stop()
  version++
  await set(hub, 'a', { email: 'b@example.com' })
  expect((await hub.record('patients', 'a'))?.fields).toEqual({ email: 'b@example.com' })
  expect((await connect(site).prove()).equal).toBe(true)
  expect((await hub.record('patients', 'a'))?.fields).toEqual({ email: 'b@example.com', phone: '2' })
  expect(await hub.waiting()).toEqual([])
})

/** A consent in a site's log, as a peer would have brought it. */
async function consent(site: OpenReplica): Promise<void> {
  await site.replication.meet({ replica: 'HEARD', epochs: [{ id: 5, first: 1 }], head: 9, incarnations: [] })
  const { update } = writeEntries([], { client: 6, replica: 'HEARD' }, { out: { kind: 'opted out' } })!
  const row = { seq: 1, key: 'number', generation: 1, erased: 0, facts: { ...factsOf('p', 'S'), at: 1 }, update, receipt: false } // prettier-ignore
  const batch = { collection: 'consents' as const, from: 0, to: 1, tail: true, epoch: 5, rows: [row] }
  await site.replication.receive('HEARD', batch, () => true)
}
