/** An index behind the pages that an earlier version made without one of the views, in the files of a real portal and a real site: it comes right by itself at opening. */
import Database from 'better-sqlite3'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { relative } from '../../src/bridges/texts/situation.ts'
import { openPortal } from '../../src/portal.ts'
import type { Portal } from '../../src/portal/portal-face.ts'
import { formOf, indexedCollections, pageIndexForm } from '../../src/server/page-index.ts'
import { openSite } from '../../src/site.ts'
import { remakingInWords } from '../../src/site/status.ts'
import { clock, master } from '../replica/world.ts'
import { openSiteWorld } from './site-world.ts'

/** Makes the file one of a version that had not this view, and knew of no forms; how many rows it had. */
function asBefore(file: string, view: string): number {
  const db = new Database(file)
  const { changes } = db.prepare('delete from page_index where view = ?').run(view)
  db.exec("delete from followers where name in ('form of index', 'index anew')")
  db.close()
  return changes
}

it('a portal and a site that knew nobody’s family know it after an update, with nothing done by hand', async () => {
  const world = await openSiteWorld()
  world.insched.exec('delete from relations; update patients set guarantor_id = iif(patient_id in (2, 3), 1, null)')
  await world.site.upload()
  const { practiceId: practice } = (await world.portal.status()).practices[0]!
  const relatives = (of: Portal): Promise<number> => of.replicaOf(practice)!.indexCount({ view: relative })
  await expect.poll(() => relatives(world.portal)).toBeGreaterThan(0)
  await world.close()

  const [file] = readdirSync(join(world.dir, 'portal', 'practices')).filter((name) => name.endsWith('.sqlite'))
  const atPortal = asBefore(join(world.dir, 'portal', 'practices', file!), relative)
  const atSite = asBefore(join(world.dir, 'site', 'replica.sqlite'), relative)
  expect([atPortal, atSite].every((rows) => rows > 0)).toBe(true)

  const portal = await openPortal({ dir: join(world.dir, 'portal'), master, clock, log: () => {} })
  await expect.poll(() => relatives(portal)).toBe(atPortal)
  await expect.poll(async () => (await portal.status()).practices[0]!.toRemake).toBeUndefined()
  await portal.close()

  const site = await openSite({ dir: join(world.dir, 'site'), master, clock })
  await expect.poll(async () => (await site.status()).notes).toEqual([])
  await site.close()
  const db = new Database(join(world.dir, 'site', 'replica.sqlite'), { readonly: true })
  expect(db.prepare('select count(*) from page_index where view = ?').pluck().get(relative)).toBe(atSite)
  expect(db.prepare("select cursor from followers where name = 'form of index'").pluck().get()).toBe(pageIndexForm)
  db.close()
})

it('the form of the index is another one with a view, a collection or the number of a view', () => {
  const form = formOf(indexedCollections, { one: 1, two: 1 })
  expect(formOf(indexedCollections, { two: 1, one: 1 })).toBe(form)
  expect(formOf(indexedCollections, { one: 1 })).not.toBe(form)
  expect(formOf(indexedCollections, { one: 2, two: 1 })).not.toBe(form)
  expect(formOf(indexedCollections.slice(1), { one: 1, two: 1 })).not.toBe(form)
})

it('while it is made anew the status says so, and how much is left', () => {
  expect(remakingInWords(1_200)).toBe('What the pages show is being made anew after an update of the program; 1,200 records are left. Until then some pages may not show all.') // prettier-ignore
  expect(remakingInWords(0)).toBeNull()
})
