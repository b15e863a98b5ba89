/**
 * What sites share with each other, through a real portal and real databases: a site has of another exactly what the other
 * gives and it takes.
 */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { viewOfOthers } from '../../src/server/page-index.ts'
import { twoSites } from './two-sites.ts'

it('[SHARE-1] nothing of another site comes down unless that gives it and this takes it; then all of it does, and what it needs', async () => {
  const { share, held, own, sites } = await twoSites()
  const [patients, events] = [await own('mesa', 'patients'), await own('mesa', 'events')]
  expect(events).toBeGreaterThan(0)
  await share('mesa', ['patients', 'events'], 'give')
  await sites.tempe.sync()
  expect(await held('tempe', 'events')).toBe(0)
  await share('tempe', ['events'], 'take')
  await sites.tempe.sync()
  // Events need patients.
  expect(await held('tempe', 'events')).toBe(0)
  await share('tempe', ['patients'], 'take')
  await expect.poll(() => held('tempe', 'events')).toBe(events)
  await expect.poll(() => held('tempe', 'patients')).toBe(patients)
  expect(await held('mesa', 'events')).toBe(0)
})

it('[SHARE-1] [SHARE-3] what either takes back is gone at once here, with its index rows, and by itself nowhere else; shared again, all of it is back', async () => {
  const world = await twoSites()
  const { share, held, own, sites } = world
  const patients = await own('mesa', 'patients')
  const all = ['patients', 'events'] as const
  await share('mesa', all, 'give')
  await share('tempe', all, 'take')
  await expect.poll(() => held('tempe', 'patients')).toBe(patients)
  const indexed = async () => {
    await sites.tempe.sync()
    return (await sites.tempe.replica.index({ view: viewOfOthers('patient') })).length
  }
  await expect.poll(indexed).toBe(patients)
  expect((await sites.tempe.replica.index({ view: 'patient' })).length).toBe(await own('tempe', 'patients'))
  expect(await sites.tempe.status()).toMatchObject({ problems: [], queues: { toInSched: 0 } })
  // The one who takes, then the one who gives.
  await share('tempe', ['patients'], 'off')
  expect([await held('tempe', 'patients'), await held('tempe', 'events')]).toEqual([0, 0])
  await expect.poll(indexed).toBe(0)
  const [mesa] = (await sites.tempe.mirror.show()).sites
  expect(mesa).toMatchObject({ name: 'mesa', site: world.mesaId })
  expect(mesa!.items.find(({ collection }) => collection === 'patients')).toMatchObject({ value: 'off', gives: true, held: 0, letGo: patients }) // prettier-ignore
  await share('tempe', ['patients'], 'take')
  await expect.poll(() => held('tempe', 'patients')).toBe(patients)
  await share('mesa', ['patients'], 'off')
  await expect.poll(() => held('tempe', 'patients')).toBe(0)
  expect(await own('mesa', 'patients')).toBe(patients)
  await share('mesa', ['patients'], 'give')
  await expect.poll(() => held('tempe', 'patients')).toBe(patients)
  // The portal can take it back too, and give nothing.
  await world.portal.narrow(world.mesaId, [{ key: `share.${world.tempeId}.patients`, value: 'off' }], 'operator')
  await expect.poll(() => held('tempe', 'patients')).toBe(0)
  await expect(sites.tempe.mirror.set({ key: `share.${world.practiceId}.patients`, value: 'take' })).rejects.toThrow('There is no other site') // prettier-ignore
})

it('[SHARE-2] a site and a portal that are put back to before it was taken back let go of it again, and have all of it when it is shared', async () => {
  const world = await twoSites()
  const { share, held, own, dir } = world
  const patients = await own('mesa', 'patients')
  await share('mesa', ['patients'], 'give')
  await share('tempe', ['patients'], 'take')
  await expect.poll(() => held('tempe', 'patients')).toBe(patients)
  const copyOf = (name: string) => () => cpSync(join(dir, name), join(dir, `${name}-copy`), { recursive: true })
  const putBack = (name: string) => () => {
    rmSync(join(dir, name), { recursive: true })
    cpSync(join(dir, `${name}-copy`), join(dir, name), { recursive: true })
  }
  await world.restart('tempe', copyOf('tempe'))
  await world.restartPortal(copyOf('portal'))
  await share('tempe', ['patients'], 'off')
  await world.sites.tempe.sync()
  expect(await held('tempe', 'patients')).toBe(0)
  await world.restart('tempe', putBack('tempe'))
  await expect.poll(() => held('tempe', 'patients'), { timeout: 15_000 }).toBe(0)
  await world.restartPortal(putBack('portal'))
  await world.sites.tempe.sync()
  await world.sites.mesa.sync()
  expect(await held('tempe', 'patients')).toBe(0)
  await share('tempe', ['patients'], 'take')
  await expect.poll(() => held('tempe', 'patients'), { timeout: 15_000 }).toBe(patients)
})
