/** A portal without room on its disk: patients are told what could not be saved, and can read all the same. */
import { expect, it, vi } from 'vitest'
import { StoreFull } from '../../src/replica/store.ts'
import { openPortalWorld } from './world.ts'

it('a patient reads the messages of the office also while the portal has no room to keep that they were read', async () => {
  const world = await openPortalWorld()
  try {
    const ann = world.known['ann']!
    const browser = await world.signedIn('ann')
    const change = vi.spyOn(ann.replica, 'change').mockRejectedValue(new StoreFull('The disk is full.'))
    const page = await browser.get(`/messages/${ann.thread}`)
    expect(change).toHaveBeenCalledOnce()
    expect(page.status).toBe(200)
    expect(page.text).toContain(ann.text)
    change.mockRestore()
    await browser.get(`/messages/${ann.thread}`)
    const reads = (await ann.replica.entries('messages', ann.patient)).filter((entry) => entry.kind === 'read')
    expect(reads).toHaveLength(1)
  } finally {
    await world.close()
  }
})
