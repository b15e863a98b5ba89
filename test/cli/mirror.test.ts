/** The mirror through the command line, with the real processes: what is refused changes nothing, and what is set survives them. */
import { expect, it, vi } from 'vitest'
import { openOffice, run } from './office.ts'

vi.setConfig({ testTimeout: 180_000 })

it('shows, previews and changes what leaves, and refuses what it cannot do with a sentence', async () => {
  const office = await openOffice()
  try {
    const mirror = (...args: string[]) => run('mirror', ...args, '--data', office.site)
    const shown = await mirror('show')
    expect(shown.result.items).toContainEqual({ key: 'messages.direction', value: 'both', portal: null })
    expect(shown.result.fields).toContainEqual({ of: 'patients', field: 'email', sensitivity: 'identity', leaves: true, why: null }) // prettier-ignore
    const asked = await mirror('set', 'events', 'off')
    expect([asked.code, asked.sentence]).toEqual([1, expect.stringMatching(/--keep.*--erase.*Nothing was changed/)])
    expect((await mirror('set', 'events', 'off', '--keep', '--erase')).code).toBe(2)
    const preview = await mirror('preview', '--patient', '1', '--set', 'events off', '--erase')
    expect(preview.result.change).toMatchObject({ key: 'events.direction', old: 'up', new: 'erased' })
    expect(preview.result.change.erased.events).toBeGreaterThan(0)
    expect(preview.result.change.says.join(' ')).toContain('confirmations need events')
    expect((await mirror('show')).result).toMatchObject(shown.result)
    const done = await mirror('set', 'events', 'off', '--erase')
    expect(done.result).toMatchObject({ key: 'events.direction', new: 'erased', erased: preview.result.change.erased })
    const { events } = preview.result.change.erased
    await expect.poll(async () => (await mirror('show')).result.receipts, { timeout: 20_000 }).toEqual({ events })
    expect((await mirror('set', 'events', 'on')).code).toBe(0)
    expect((await run('upload', '--data', office.site)).result.events).toBe(events)
    await expect.poll(async () => (await mirror('show')).result.receipts, { timeout: 20_000 }).toEqual({})

    // The portal narrows it, by its own commands and its own folder.
    const [practice] = (await run('portal', 'status', '--data', office.portalDir)).result.practices
    const { siteId } = practice.sites[0]
    const other = await run('site', 'add', '--data', office.portalDir, '--practice', practice.practiceId, '--name', 'Tempe') // prettier-ignore
    const atPortal = (...args: string[]) => run('portal', ...args, '--data', office.portalDir, '--site', siteId)
    const wrong = await atPortal('narrow', 'events.daysAhead', 'few')
    expect([wrong.code, wrong.sentence]).toEqual([1, expect.stringMatching(/events\.daysAhead cannot be “few”.*Nothing was changed/)]) // prettier-ignore
    expect((await atPortal('narrow', 'events.daysAhead', '20')).result).toEqual({ key: 'events.daysAhead', old: 'as the site', new: '20' }) // prettier-ignore
    expect((await atPortal('mirror')).result.items).toContainEqual({ key: 'events.daysAhead', site: '365', portal: '20', narrowed: true }) // prettier-ignore
    const ofSite = async () => (await mirror('show')).result.items.find((one: { key: string }) => one.key === 'events.daysAhead') // prettier-ignore
    await expect.poll(ofSite, { timeout: 20_000 }).toMatchObject({ value: '365', portal: '20' })
    const wide = await mirror('share', 'Nowhere', 'patients', 'give')
    expect([wide.code, wide.sentence]).toEqual([1, expect.stringMatching(/no other site Nowhere.*Nothing was changed/)])
    expect((await mirror('share', 'Tempe', 'patients')).code).toBe(2)
    const given = await mirror('share', 'tempe', 'patients', 'give')
    expect(given.result).toMatchObject({ key: `share.${other.result.siteId}.patients`, old: 'off', new: 'give' })
    const [shared] = (await mirror('show')).result.sites
    expect(shared).toMatchObject({ site: other.result.siteId, name: 'Tempe' })
    expect(shared.items).toContainEqual(expect.objectContaining({ collection: 'patients', value: 'give', takes: false, changed: { at: expect.any(String), by: 'command line' } })) // prettier-ignore
    expect((await atPortal('narrow', 'events.daysAhead', '--clear')).code).toBe(0)
    await expect.poll(ofSite, { timeout: 20_000 }).toMatchObject({ value: '365', portal: null })
  } finally {
    await office.close()
  }
})
