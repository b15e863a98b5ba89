/** The link over a real socket through the proxy: dead connections, delayed bytes, bytes cut in the middle. */
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { Clock } from '../../src/replica/clock.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { clock, factsOf, fileReplica, folder, linkTo, portalFor, ulid } from '../replica/world.ts'
import { openProxy } from './harness/proxy.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

async function world() {
  const practice = ulid()
  const dir = folder()
  const hub = await fileReplica(join(dir, 'hub.sqlite'), practice, ulid())
  closers.push(() => hub.close())
  const portal = await portalFor(() => hub)
  closers.push(() => portal.close())
  const proxy = await openProxy(Number(new URL(portal.url).port))
  closers.push(() => proxy.close())
  const site = ulid()
  const open = async (): Promise<OpenReplica> => {
    const replica = await fileReplica(join(dir, 'site.sqlite'), practice, site)
    closers.push(() => replica.close())
    return replica
  }
  const through = { ...portal, url: `ws://127.0.0.1:${proxy.port}` }
  return { hub, portal, through, proxy, open }
}

const say = (replica: OpenReplica, key: string) =>
  replica.change([
    {
      collection: 'messages',
      key,
      facts: factsOf(key, replica.id),
      add: {
        a: { kind: 'message', at: clock.now(), by: { role: 'staff', id: 's' }, thread: key as never, subject: 'x', text: 'x'.repeat(5_000) }, // prettier-ignore
      },
    },
  ])

/** A clock on which everything that waits is over six times sooner. */
const hurry = 6
const fast: Clock = { ...clock, after: (ms, run) => clock.after(ms / hurry, run) }

it('a connection that is half open is found within 30 s, and the link comes back', async () => {
  const { hub, through, proxy, open } = await world()
  const site = await open()
  const link = linkTo(through, site, hub.id, { clock: fast })
  closers.push(() => link.stop())
  await link.caughtUp()
  const since = clock.now()
  expect(proxy.halfOpen()).toBe(1)
  const key = ulid()
  await say(site, key)
  await expect.poll(() => proxy.accepted.length).toBe(2)
  expect((proxy.accepted[1]!.at - since) * hurry).toBeLessThan(30_000)
  await link.caughtUp()
  expect(await hub.entries('messages', key)).toHaveLength(1)
})

it('bytes that are cut in the middle are sent again as a whole', async () => {
  const { hub, through, proxy, open } = await world()
  const site = await open()
  const link = linkTo(through, site, hub.id)
  closers.push(() => link.stop())
  await link.caughtUp()
  const keys = Array.from({ length: 5 }, ulid)
  for (const key of keys) {
    proxy.truncate()
    await say(site, key)
    await link.caughtUp()
  }
  expect(proxy.truncated).toBeGreaterThanOrEqual(keys.length)
  for (const key of keys) expect(await hub.entries('messages', key)).toHaveLength(1)
})

it('a site that was killed and started again is let in, though an answer of its former process is still on the way', async () => {
  const { hub, portal, through, proxy, open } = await world()
  const killed = await open()
  const asked = Promise.withResolvers<void>()
  proxy.delay(500)
  const first = linkTo(through, killed, hub.id, {
    dial: (url) => {
      const socket = new WebSocket(url)
      socket.once('ping', () => asked.resolve())
      return socket
    },
  })
  await asked.promise
  await first.stop()
  await killed.close()
  const link = linkTo(portal, await open(), hub.id)
  closers.push(() => link.stop())
  await expect.poll(async () => (await link.status()).state).not.toBe('connecting')
  expect(await link.status()).toMatchObject({ state: 'connected', problem: null })
})
