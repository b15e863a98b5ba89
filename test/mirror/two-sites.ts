/** A real portal with the sites Mesa and Tempe of one practice, each with an InSched database of synthetic people, and what each shares with the other. */
import Database from 'better-sqlite3'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createReferenceDatabase } from '../../src/bridges/insched/create-sqlite.ts'
import { enroll } from '../../src/enrolling.ts'
import { openPortal } from '../../src/portal.ts'
import type { Portal } from '../../src/portal/portal-face.ts'
import type { Collection } from '../../src/replica/collections.ts'
import { openSite, type Site } from '../../src/site.ts'
import { clock, folder, master } from '../replica/world.ts'

const log = (): void => {}

/** A portal with the sites Mesa and Tempe, both uploaded, each of some patients. */
export async function twoSites(patients = 6, atEnd: (close: () => Promise<void>) => void = onTestFinished) {
  const dir = folder()
  const where = (name: string) => ({ dir: join(dir, name), master, clock })
  let portal: Portal = await openPortal({ ...where('portal'), log })
  const url = new URL(await portal.listen({ port: 0, host: '127.0.0.1' }))
  const { practiceId } = await portal.addPractice({ name: 'Desert Bloom', zone: 'America/Phoenix' })
  const sites: Record<'mesa' | 'tempe', Site> = {} as never
  const staff: Record<'mesa' | 'tempe', Database.Database> = {} as never
  for (const name of ['mesa', 'tempe'] as const) {
    const file = join(dir, `${name}.db`)
    await createReferenceDatabase(file, { patients, now: clock.now(), seed: name === 'mesa' ? 1 : 2 })
    const { enrollmentCode: code } = portal.addSite({ practice: practiceId, name })
    await enroll({ ...where(name), portal: url.href.replace(/\/$/, ''), code, insched: `sqlite:${file}` })
    staff[name] = new Database(file)
    sites[name] = await openSite(where(name))
    await sites[name].upload()
  }
  const { mesa, tempe } = sites
  const [mesaId, tempeId] = [mesa.settings.siteId, tempe.settings.siteId]
  atEnd(async () => {
    for (const one of Object.values(staff)) one.close()
    await sites.mesa.close()
    await sites.tempe.close()
    await portal.close()
  })
  const share = async (name: 'mesa' | 'tempe', collections: readonly Collection[], value: string): Promise<void> => {
    const other = name === 'mesa' ? tempeId : mesaId
    await sites[name].mirror.change(collections.map((one) => ({ key: `share.${other}.${one}`, value })))
  }
  /** The documents of the other site that a site has content of, by collection. */
  const held = async (name: 'mesa' | 'tempe', collection: Collection): Promise<number> => {
    const { replica, settings } = sites[name]
    const heads = (await replica.list(collection)).filter(({ facts }) => facts.site !== settings.siteId)
    const some = await Promise.all(heads.map(async ({ key }) => collection === 'messages' ? (await replica.entries('messages', key)).length > 0 : (await replica.record(collection as 'events', key)) !== undefined)) // prettier-ignore
    return some.filter(Boolean).length
  }
  const own = async (name: 'mesa' | 'tempe', collection: Collection): Promise<number> => {
    const id = name === 'mesa' ? mesaId : tempeId
    const heads = await portal.replicaOf(practiceId)!.list(collection)
    return heads.filter(({ facts }) => facts.site === id).length
  }
  return {
    sites,
    /** Another program on the InSched database of a site. */
    staff,
    mesaId, tempeId, share, held, own, dir, practiceId,
    get portal() {
      return portal
    },
    async restart(name: 'mesa' | 'tempe', between: () => void = () => {}) {
      await sites[name].close()
      between()
      sites[name] = await openSite(where(name))
    },
    /** Neither site reaches the portal while `work` is done, though both read their InSched. */
    async offline(work: () => Promise<void>) {
      await portal.close()
      await work()
      for (const site of Object.values(sites)) await site.bridge.readNow()
      portal = await openPortal({ ...where('portal'), log })
      await portal.listen({ port: Number(url.port), host: '127.0.0.1' })
    },
    async restartPortal(between: () => void = () => {}) {
      await portal.close()
      between()
      portal = await openPortal({ ...where('portal'), log })
      await portal.listen({ port: Number(url.port), host: '127.0.0.1' })
    },
  } // prettier-ignore
}
