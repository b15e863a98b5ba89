/** The mirror through the command line, with the real processes: what is refused changes nothing, and what is set survives them. */
import { expect, it, vi } from 'vitest'
import { openOffice, run } from './office.ts'

vi.setConfig({ testTimeout: 120_000 })

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
  } finally {
    await office.close()
  }
})
