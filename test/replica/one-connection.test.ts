/** A portal has one connection per replica: the same process again takes it over, a copy of the folder is refused. */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { fileReplica, folder, linkTo, portalFor, ulid } from './world.ts'

async function portalWith(sites: readonly string[]) {
  const [practice, siteId, dir] = [ulid(), ulid(), folder()]
  const hub = await fileReplica(join(dir, 'hub.sqlite'), practice, ulid())
  onTestFinished(() => hub.close())
  // The folder of a site and copies of it: all are of one replica.
  const first = await fileReplica(join(dir, `${sites[0]}.sqlite`), practice, siteId)
  await first.change([{ collection: 'patients', key: ulid(), set: { name: 'x' }, at: 1 }])
  await first.close()
  for (const copy of sites.slice(1)) copyFileSync(join(dir, `${sites[0]}.sqlite`), join(dir, `${copy}.sqlite`))
  const opened: OpenReplica[] = []
  for (const site of sites) {
    const replica = await fileReplica(join(dir, `${site}.sqlite`), practice, siteId)
    onTestFinished(() => replica.close())
    opened.push(replica)
  }
  const portal = await portalFor(() => hub)
  onTestFinished(() => portal.close())
  return { hub, portal, sites: opened }
}

it('[R12] a copy of a folder is refused while the one that it is a copy of is connected', async () => {
  const { hub, portal, sites } = await portalWith(['site', 'copy'])
  const link = linkTo(portal, sites[0]!, hub.id)
  onTestFinished(() => link.stop())
  await link.caughtUp()
  const copy = linkTo(portal, sites[1]!, hub.id)
  onTestFinished(() => copy.stop())
  await expect.poll(async () => (await copy.status()).state).toBe('refused')
  expect((await copy.status()).problem).toContain('Another copy of this site’s folder is connected')
  expect((await link.status()).state).toBe('connected')
  await link.caughtUp()
})

it('[R12] the same process again takes the connection over: a broken one that nobody closed keeps nobody out', async () => {
  const { hub, portal, sites } = await portalWith(['site'])
  const older = linkTo(portal, sites[0]!, hub.id)
  onTestFinished(() => older.stop())
  await older.caughtUp()
  let broken = false
  older.onChange(() => (broken = true))
  const newer = linkTo(portal, sites[0]!, hub.id)
  onTestFinished(() => newer.stop())
  await newer.caughtUp()
  await expect.poll(() => broken).toBe(true)
})
