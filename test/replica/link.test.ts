import { afterEach, expect, it } from 'vitest'
import { join } from 'node:path'
import { batchBytes, windowBytes } from '../../src/replica/link-state.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { clock, factsOf, fileReplica, folder, linkTo, portalFor, ulid } from './world.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

async function pair() {
  const practice = ulid()
  const dir = folder()
  const hub = await fileReplica(join(dir, 'hub.sqlite'), practice, ulid())
  const site = await fileReplica(join(dir, 'site.sqlite'), practice, ulid())
  const portal = await portalFor(() => hub)
  closers.push(
    () => hub.close(),
    () => site.close(),
    () => portal.close(),
  )
  return { practice, dir, hub, site, portal }
}

const say = (replica: OpenReplica, patient: string, id: string, text: string) =>
  replica.change([
    {
      collection: 'messages',
      key: patient,
      facts: factsOf(patient, replica.id),
      add: {
        [id]: {
          kind: 'message',
          at: clock.now(),
          by: { role: 'staff', id: 's' },
          thread: patient as never,
          subject: 'x',
          text,
        },
      },
    },
  ])
const texts = async (replica: OpenReplica, patient: string) =>
  (await replica.entries('messages', patient))
    .flatMap((entry) => (entry.kind === 'message' ? [entry.text] : []))
    .toSorted()

it('[LINK-1] what was written on both sides while apart is on both sides after they meet', async () => {
  const { hub, site, portal } = await pair()
  const patient = ulid()
  await say(site, patient, 'a', 'from the site')
  await say(hub, patient, 'b', 'from the portal')
  const link = linkTo(portal, site, hub.id)
  closers.push(() => link.stop())
  await link.caughtUp()
  expect(await texts(hub, patient)).toEqual(['from the portal', 'from the site'])
  expect(await texts(site, patient)).toEqual(['from the portal', 'from the site'])
  await say(hub, patient, 'c', 'live')
  await expect.poll(() => texts(site, patient)).toContain('live')
})

it('[LINK-3] a document changed twice with another between loses no row (links walk rows, not documents)', async () => {
  const { hub, site, portal } = await pair()
  const [first, second] = [ulid(), ulid()]
  // More than one batch, in which the newest row of the first document comes last of all.
  await say(site, first, '0', 'x'.repeat(19_000))
  for (let i = 1; i < 60; i++)
    await say(site, i % 2 ? second : first, String(i), String(i).repeat(9_000).slice(0, 19_000))
  const link = linkTo(portal, site, hub.id)
  closers.push(() => link.stop())
  await link.caughtUp()
  expect(await texts(hub, first)).toEqual(await texts(site, first))
  expect(await texts(hub, second)).toEqual(await texts(site, second))
})

it('[LINK-4] a portal that is gone and comes back gets what it missed, once', async () => {
  const { practice, dir, hub, site, portal } = await pair()
  const patient = ulid()
  const link = linkTo(portal, site, hub.id)
  closers.push(() => link.stop())
  await say(site, patient, 'a', 'before')
  await link.caughtUp()
  portal.acceptor.disconnect()
  await say(site, patient, 'b', 'while it was away')
  await link.caughtUp()
  expect(await texts(hub, patient)).toEqual(['before', 'while it was away'])
  await hub.close()
  const again = await fileReplica(join(dir, 'hub.sqlite'), practice, hub.id)
  closers.push(() => again.close())
  expect(await texts(again, patient)).toEqual(['before', 'while it was away'])
})

it('[LINK-4] an ack that was lost with its connection is made up for at the next: nothing seems to wait for the portal', async () => {
  const { hub, site, portal } = await pair()
  const deaf = { ...site, replication: { ...site.replication, acknowledged: async () => {} } }
  await say(site, ulid(), 'a', 'x')
  const link = linkTo(portal, deaf, hub.id)
  await link.caughtUp()
  expect((await link.status()).behind).toBe(1)
  await link.stop()
  const second = linkTo(portal, site, hub.id)
  closers.push(() => second.stop())
  await expect.poll(async () => (await second.status()).behind).toBe(0)
})

it('[LINK-5] after both have met, a reconnect with nothing changed sends no row', async () => {
  const { hub, site, portal } = await pair()
  for (let i = 0; i < 20; i++) await say(site, ulid(), 'a', 'x')
  for (let i = 0; i < 20; i++) await say(hub, ulid(), 'a', 'x')
  const link = linkTo(portal, site, hub.id)
  await link.caughtUp()
  await link.stop()
  const second = linkTo(portal, site, hub.id)
  closers.push(() => second.stop())
  await second.caughtUp()
  const { sent, received } = await second.status()
  expect({ sent, received }).toEqual({ sent: 0, received: 0 })
})

it('[LINK-6] a peer that never acknowledges is sent a window and a batch and no more, however much there is, and is still heard', async () => {
  const { hub, site, portal } = await pair()
  let bytes = 0
  hub.replication.receive = (_, { rows }) => {
    bytes += rows.reduce((sum, row) => sum + row.update.length, 0)
    return new Promise(() => {})
  }
  for (let i = 0; i < 400; i++) await say(site, ulid(), 'a', 'x'.repeat(15_000))
  const link = linkTo(portal, site, hub.id)
  closers.push(() => link.stop())
  await expect.poll(() => bytes).toBeGreaterThan(windowBytes)
  // What comes the other way shows that time has gone by, and that the link is as good as ever.
  const patient = ulid()
  for (let i = 0; i < 20; i++) {
    await say(hub, patient, `${i}`, 'from the portal')
    await expect.poll(async () => (await texts(site, patient)).length).toBe(i + 1)
  }
  expect(bytes).toBeLessThan(windowBytes + 2 * batchBytes)
  expect((await link.status()).behind).toBeGreaterThanOrEqual(400)
})

it('[LINK-9] a stranger is refused with a sentence', async () => {
  const { hub, site, portal } = await pair()
  const link = linkTo({ url: portal.url, privateKey: (await portalFor(() => hub)).privateKey }, site, hub.id)
  closers.push(() => link.stop())
  await expect.poll(async () => (await link.status()).state).toBe('refused')
  expect((await link.status()).problem).toContain('does not know this site’s device')
})
