/** Another program holds InSched's database for a while: everything else goes on, it is said, and nothing is lost. */
import { performance } from 'node:perf_hooks'
import { expect, it } from 'vitest'
import { clock } from '../replica/world.ts'
import { closers, confirm, factsAt, openOffice, say, start } from './office.ts'

it('[DOM-16] while InSched is locked the process is not held up, the status says it, and all arrives after', async () => {
  const at = await openOffice()
  const patient = (await at.bridge.documentOf('patients', 1))!
  const event = (await at.bridge.documentOf('events', 2))!
  const starts = at.staff.prepare('select starts_at from events where event_id = 2').pluck().get() as string
  at.staff.exec('begin exclusive')
  at.staff.exec("update patients set cell_phone = '+1 480 555 0177' where patient_id = 1")
  await say(at.replica, patient, 'm')
  const facts = await factsAt(at.replica, 'events', event)
  const answered = { kind: 'answered' as const, at: clock.now(), by: { role: 'patient' as const, id: 'a' } }
  await at.replica.change([
    {
      collection: 'confirmations',
      key: event,
      facts,
      add: { c: { ...answered, channel: 'portal', patient, startsAt: starts } },
    },
  ])
  await expect.poll(() => at.bridge.status().problem).toMatch(/locked by another program/)
  // Turns of the event loop while the bridge keeps trying: none waits for the lock.
  let longest = 0
  const began = performance.now()
  for (let last = began; last - began < 1_500;) {
    await new Promise((resolve) => void setImmediate(resolve))
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  expect(longest).toBeLessThan(2_000)
  await say(at.replica, patient, 'n', 'Written while it was locked')
  expect(await at.bridge.localOf(patient)).toBe(1)
  await expect(at.bridge.findPatients('a')).rejects.toThrow(/locked by another program/)
  at.staff.exec('commit')
  await at.bridge.written()
  expect(at.staff.prepare('select external_id from communications order by communication_id').pluck().all()).toEqual(['m', 'n']) // prettier-ignore
  expect(at.staff.prepare('select confirmation_type from events where event_id = 2').pluck().get()).toBe('Portal')
  await expect.poll(async () => (await at.replica.record('patients', patient))!.fields['cellPhone']).toBe('+1 480 555 0177') // prettier-ignore
  await expect.poll(() => at.bridge.status().problem).toBeNull()
})

it('a person’s operation on a locked InSched gets a sentence, and reading goes on by itself afterwards', async () => {
  const at = await openOffice()
  at.staff.exec('begin exclusive')
  at.staff.exec('update events set minutes = 77 where event_id = 2')
  await expect(at.bridge.readNow()).rejects.toThrow(/locked by another program. Nothing is lost/)
  at.staff.exec('commit')
  const event = (await at.bridge.documentOf('events', 2))!
  await expect.poll(async () => (await at.replica.record('events', event))!.fields['minutes']).toBe(77)
  await confirm(at)
  await at.bridge.written()
})

it('a site can be stopped while InSched is locked, and one that is started then says why it cannot', async () => {
  const at = await openOffice()
  const patient = (await at.bridge.documentOf('patients', 1))!
  at.staff.exec('begin exclusive')
  await say(at.replica, patient, 'm')
  await expect.poll(() => at.bridge.status().problem).toMatch(/locked by another program/)
  await at.bridge.stop()
  await expect(start(at.file, at.replica)).rejects.toThrow(/is locked by another program. Try again/)
  at.staff.exec('commit')
  const again = await start(at.file, at.replica)
  closers.push(() => again.stop())
  await again.written()
  expect(at.staff.prepare('select external_id from communications').pluck().all()).toEqual(['m'])
})
