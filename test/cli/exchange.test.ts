/** The exchange XML through the command line, with the real processes: what leaves a site is a file that a station can upload. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { folder } from '../replica/world.ts'
import { wrongBySchema } from '../xml/exchange-schema.ts'
import { openOffice, run } from './office.ts'

vi.setConfig({ testTimeout: 180_000 })

it('what a site exports as an upload is valid and can be imported for a station; what is said is exported once', async () => {
  const office = await openOffice()
  const dir = folder()
  const [records, said, down] = [join(dir, 'records.xml'), join(dir, 'said.xml'), join(dir, 'down.xml')]
  const fileOf = (name: string): string => readFileSync(name, 'utf8')
  try {
    const { patients, plans, stages, events } = (await run('upload', '--data', office.site)).result
    const exported = await run('xml', 'export', records, '--upload', '--data', office.site)
    expect(exported.code).toBe(0)
    expect(wrongBySchema(fileOf(records))).toBeNull()
    const [practice] = (await run('portal', 'status', '--data', office.portalDir)).result.practices
    const ofPortal = (...args: string[]) => run(...args, '--data', office.portalDir)
    const { siteId, token } = (await ofPortal('station', 'add', '--practice', practice.practiceId, '--name', 'Tempe')).result // prettier-ignore
    expect(token).toMatch(/^[\w-]{43}$/)
    const imported = await ofPortal('xml', 'import', records, '--site', siteId)
    expect(imported.result).toEqual({ patients, plans, stages, events, removed: 0 })
    await run('message', '--data', office.site, '--patient', '1', '--subject', 'Your <visit>', '--text', 'Come early.')
    const { items, to } = (await run('xml', 'export', said, '--data', office.site)).result
    expect([items, wrongBySchema(fileOf(said))]).toEqual([to, null])
    expect(fileOf(said)).toContain('<subject>Your &lt;visit&gt;</subject>')
    expect((await ofPortal('xml', 'export', down, '--site', siteId)).result).toMatchObject({ items: 0, to: 0, more: false }) // prettier-ignore
    expect(wrongBySchema(fileOf(down))).toBeNull()

    // At a site with an agent what leaves it changes nothing when it comes back.
    const here = await run('xml', 'import', records, '--data', office.site)
    expect(here.result).toMatchObject({ patients, removed: 0, refused: 0 })
    const wrong = await ofPortal('xml', 'import', records, '--site', siteId, '--from', 'TEMPE')
    expect([wrong.code, wrong.sentence]).toEqual([2, expect.stringContaining('for a site with an agent')])
  } finally {
    await office.close()
  }
})
