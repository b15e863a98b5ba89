/** What the operator of a portal does, and what a portal that was put back to an older copy may do: real portal, real sites, real files. */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createReferenceDatabase } from '../../src/bridges/insched/create-sqlite.ts'
import { openPortal } from '../../src/portal.ts'
import type { Portal } from '../../src/portal/portal-face.ts'
import { systemClock as clock } from '../../src/replica/clock.ts'
import { enroll } from '../../src/enrolling.ts'
import { collectionNumber } from '../../src/replica/collections.ts'
import { writeEntries } from '../../src/replica/document.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { openSite, type Site } from '../../src/site.ts'
import { folder, master, ulid } from '../replica/world.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

interface Practice { dir: string; portal: Portal; url: string; practice: string } // prettier-ignore
const where = (dir: string) => ({ dir: join(dir, 'portal'), master, clock, log: () => {} })

async function practice(): Promise<Practice> {
  const dir = folder()
  const portal = await openPortal(where(dir))
  const url = await portal.listen({ port: 0, host: '127.0.0.1' })
  const { practiceId } = await portal.addPractice({ name: 'Desert Bloom', zone: 'America/Phoenix' })
  const world = { dir, portal, url, practice: practiceId }
  closers.push(() => world.portal.close())
  return world
}
/** Stops the portal, lets something be done to its files, and starts it again at the same address. */
async function restarted(world: Practice, meanwhile: () => void): Promise<void> {
  await world.portal.close()
  meanwhile()
  world.portal = await openPortal(where(world.dir))
  await world.portal.listen({ port: Number(new URL(world.url).port), host: '127.0.0.1' })
}
async function site(world: Practice, name: string, seed: number): Promise<{ site: Site; id: string }> {
  const file = join(world.dir, `${name}.db`)
  await createReferenceDatabase(file, { patients: 8, seed, now: clock.now() })
  const { siteId, enrollmentCode } = world.portal.addSite({ practice: world.practice, name })
  const folderOf = { dir: join(world.dir, name), master, clock }
  await enroll({ ...folderOf, portal: world.url, code: enrollmentCode, insched: `sqlite:${file}` })
  const opened = await openSite(folderOf)
  closers.push(() => opened.close())
  await opened.upload()
  return { site: opened, id: siteId }
}
const stateOf = async (world: Practice, id: string) =>
  (await world.portal.status()).practices[0]!.sites.find((one) => one.siteId === id)?.state
const documentsOf = async (world: Practice, id: string) =>
  (await world.portal.replicaOf(world.practice)!.list('patients')).filter((head) => head.facts.site === id).length

it('a portal put back to a copy from before a site was enrolled knows its device by its certificate, and gets all of it', async () => {
  const world = await practice()
  await restarted(world, () => cpSync(join(world.dir, 'portal'), join(world.dir, 'backup'), { recursive: true }))
  const mesa = await site(world, 'mesa', 1)
  const before = await documentsOf(world, mesa.id)
  expect(before).toBeGreaterThan(0)
  await restarted(world, () => {
    rmSync(join(world.dir, 'portal'), { recursive: true })
    cpSync(join(world.dir, 'backup'), join(world.dir, 'portal'), { recursive: true })
  })
  await mesa.site.upload()
  expect(await documentsOf(world, mesa.id)).toBe(before)
  expect(await stateOf(world, mesa.id)).toBe('Working')
})

it('after a start nothing goes outward before every enrolled site was heard, or the operator releases it', async () => {
  const world = await practice()
  const mesa = await site(world, 'mesa', 1)
  const tempe = await site(world, 'tempe', 2)
  expect(world.portal.outward(world.practice)).toEqual({ open: true, waitsFor: [] })
  await tempe.site.close()
  await restarted(world, () => {})
  expect(world.portal.outward(world.practice)).toEqual({ open: false, waitsFor: [mesa.id, tempe.id] })
  await expect.poll(() => world.portal.outward(world.practice)).toEqual({ open: false, waitsFor: [tempe.id] })
  expect((await world.portal.release(world.practice)).practices[0]).toMatchObject({
    outward: 'open',
    waitsFor: [tempe.id],
  })
  expect(world.portal.outward(world.practice).open).toBe(true)
})

it('a site that is retired is refused with a sentence, and its records go whole to the site that takes over', async () => {
  const world = await practice()
  const mesa = await site(world, 'mesa', 1)
  const tempe = await site(world, 'tempe', 2)
  await mesa.site.message({ patient: 1, subject: 'Hello', text: 'Words of Mesa' })
  await mesa.site.upload()
  const [patients, own] = [await documentsOf(world, mesa.id), await documentsOf(world, tempe.id)]
  const { documents } = await world.portal.retireSite(mesa.id, tempe.id)
  expect(documents).toBeGreaterThan(patients)
  await expect
    .poll(async () => (await mesa.site.status()).problems.join(' '))
    .toContain('Ask the operator whether this site was retired')
  expect(await stateOf(world, mesa.id)).toBe('Retired')
  expect(await documentsOf(world, tempe.id)).toBe(patients + own)
  await tempe.site.download()
  const heads = await tempe.site.replica.list('messages')
  const texts = await Promise.all(heads.map((head) => tempe.site.replica.entries('messages', head.key)))
  expect(texts.flat()).toMatchObject([{ kind: 'message', text: 'Words of Mesa' }])
  // A second time changes nothing: what was passed on belongs to the other.
  expect((await world.portal.retireSite(mesa.id, tempe.id)).documents).toBe(0)
})

it('records of a retired site that nobody takes over are shown to nobody', async () => {
  const world = await practice()
  const mesa = await site(world, 'mesa', 1)
  await world.portal.retireSite(mesa.id)
  const heads = await world.portal.replicaOf(world.practice)!.list('patients')
  expect(heads.length).toBeGreaterThan(0)
  expect(heads.filter((head) => head.facts.shown || head.facts.reachable)).toEqual([])
})

it('a revoked device is refused, also while it is connected', async () => {
  const world = await practice()
  const mesa = await site(world, 'mesa', 1)
  await world.portal.revokeDevice(mesa.id)
  await expect.poll(async () => (await mesa.site.status()).link).toBe('refused')
  expect((await mesa.site.status()).problems.join(' ')).toContain('has revoked this site’s device')
  expect(await stateOf(world, mesa.id)).toBe('Revoked')
})

it('what the operator names wrongly is said in a sentence', async () => {
  const world = await practice()
  const mesa = await site(world, 'mesa', 1)
  await expect(world.portal.retireSite(ulid())).rejects.toThrow(/There is no site .* at this portal/)
  await expect(world.portal.retireSite(mesa.id, mesa.id)).rejects.toThrow(/cannot take over/)
  await expect(world.portal.revokeDevice('nonsense')).rejects.toThrow(/not a valid site id/)
  const { siteId } = world.portal.addSite({ practice: world.practice, name: 'Later' })
  await expect(world.portal.revokeDevice(siteId)).rejects.toThrow(/never enrolled/)
})

it('[LINK-12] staff see what waits at the site and at the portal, how much and since when, and give it up by resolving the review', async () => {
  const world = await practice()
  const mesa = await site(world, 'mesa', 1)
  const hub = world.portal.replicaOf(world.practice)!
  const peerOf = (replica: OpenReplica): string => replica.id
  // Each end gets a change of the other of which what it builds on never came.
  for (const [here, there] of [[mesa.site.replica, hub], [hub, mesa.site.replica]] as const) await followerRow(here, peerOf(there), mesa.id) // prettier-ignore
  const { queues, problems } = await mesa.site.status()
  expect(queues.waiting).toBe(1)
  expect(problems.join()).toMatch(/1 change from the portal waits since \d{4}-/)
  const atPortal = async () => (await world.portal.status()).practices[0]!.sites[0]!.waiting
  expect(await atPortal()).toMatchObject({ changes: 1 })
  const waiting = async () => (await mesa.site.reviews()).items.filter(({ kind }) => kind === 'changes wait')
  await expect.poll(async () => (await waiting()).length).toBe(2)
  // Of what waits at the portal only the portal counts.
  expect((await waiting()).flatMap(({ changes, since }) => (since === undefined ? [] : [changes]))).toEqual([1])
  for (const { id, why, todo } of await waiting()) {
    expect(`${why} ${todo}`).not.toMatch(/secret|0199/)
    await mesa.site.resolve(id, 'The other machine is gone.')
  }
  await expect.poll(async () => (await mesa.site.status()).queues.waiting).toBe(0)
  await expect.poll(atPortal).toBeNull()
  expect(await waiting()).toEqual([])
})

/** Gives a replica a row of a peer that builds on another that never comes. */
async function followerRow(here: OpenReplica, peer: string, site: string): Promise<void> {
  const writer = { client: 9, replica: 'gone' }
  const first = writeEntries([], writer, { one: 'secret' })!.update
  const { update } = writeEntries([first], writer, { two: 'secret' })!
  const { position, epoch } = here.replication.peer(peer)!.cursors[collectionNumber('messages')]!
  const facts = { patient: 'p', site, shown: true, reachable: true, startsAt: null, at: 1 }
  const row = { seq: Math.max(1, position), key: 'p', generation: 1, erased: 0, facts, update, receipt: false }
  const batch = { collection: 'messages' as const, from: row.seq - 1, to: row.seq, tail: true, epoch, rows: [row] }
  await here.replication.receive(peer, batch, () => true)
}
