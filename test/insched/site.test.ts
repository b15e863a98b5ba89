/** A site's operations over its bridge: what they count, and what they answer while another program holds InSched. */
import { expect, it } from 'vitest'
import { openAll } from './site-and-portal.ts'

it('Upload Records counts what the portal holds by then, and the stages of those plans alone', async () => {
  const { site, staff, portal } = await openAll()
  staff.exec('update patients set portal_enabled = 0, text_consent = 0, email_consent = null where patient_id = 3')
  staff.exec("update plans set patient_words = '' where patient_id = 4")
  const up = await site.upload()
  const [patients, plans, events] = [await portal.count('patients'), await portal.count('plans'), await portal.count('events')] // prettier-ignore
  expect(up).toMatchObject({ patients, plans, events, documents: patients + plans + events })
  expect(patients).toBeLessThan(40)
  const stages = staff.prepare(
    `select count(*) from stages s join plans p using (plan_id) join patients u using (patient_id)
     where u.portal_enabled = 1 and p.patient_words <> ''`,
  )
  expect(up.stages).toBe(stages.pluck().get())
})

it('[DOM-16] while InSched is locked the site’s operations answer, and what needs InSched says so in a sentence', async () => {
  const { site, staff } = await openAll()
  await site.upload()
  const { entryId } = await site.message({ patient: 1, event: 2, subject: 'Before your visit', text: 'Come early.' })
  await site.bridge.written()
  const recent = await site.recent()
  expect(recent.items).toMatchObject([{ patient: 1, event: 2 }])
  staff.exec('begin exclusive')
  await expect.poll(async () => (await site.status()).problems.join()).toMatch(/InSched’s database is locked/)
  expect(await site.recent()).toEqual(recent)
  expect(await site.reviews()).toEqual({ items: [] })
  await expect(site.message({ patient: 1, subject: 'x', text: 'y' })).rejects.toThrow(/locked by another program/)
  expect(await site.recent()).toEqual(recent)
  staff.exec('commit')
  await expect.poll(async () => (await site.status()).problems).toEqual([])
  expect(staff.prepare('select external_id from communications').pluck().all()).toEqual([entryId])
})

it('[DOM-17] to a patient who may be another person no message is sent', async () => {
  const { site, staff } = await openAll()
  await site.upload()
  staff.exec("update patients set first_name = 'Zed', birth_date = '1950-01-01' where patient_id = 1")
  await expect(site.message({ patient: 1, subject: 'x', text: 'y' })).rejects.toThrow(/may be another person/)
  await expect(site.invite(1)).rejects.toThrow(/may be another person/)
  const { items } = await site.reviews()
  await site.resolve(items[0]!.id, 'Same person, typed wrong at first')
  await expect.poll(() => site.message({ patient: 1, subject: 'x', text: 'y' }).catch(() => null)).not.toBeNull()
})

it('[R8] a patient is erased here and at the portal only when nothing of them would come back, and InSched keeps its own', async () => {
  const { site, staff, portal } = await openAll()
  await site.upload()
  await site.invite(1)
  await site.message({ patient: 1, event: 2, subject: 'Before your visit', text: 'Come early.' })
  await site.upload()
  const key = (await site.bridge.documentOf('patients', 1))!
  await expect(site.erasePatient(1)).rejects.toThrow(/has portal access, or consent/)
  await expect(site.erasePatient(9_999)).rejects.toThrow(/There is no patient 9999/)
  expect(await portal.entries('messages', key)).toHaveLength(1)
  staff.exec('update patients set portal_enabled = 0, text_consent = 0, email_consent = 0 where patient_id = 1')
  // Of what is off the portal keeps what it has, and would not hear of it.
  await site.mirror.set({ key: 'messages.direction', value: 'off', content: 'keep' })
  await expect(site.erasePatient(1)).rejects.toThrow(/keeps what it has of messages/)
  await site.mirror.set({ key: 'messages.direction', value: 'both' })
  expect((await site.erasePatient(1)).documents).toBeGreaterThan(3)
  await site.upload()
  for (const replica of [portal, site.replica]) {
    expect(await replica.entries('messages', key)).toEqual([])
    expect(await replica.entries('access', key)).toEqual([])
    expect(await replica.record('patients', key)).toBeUndefined()
    for (const view of ['patient', 'message', 'event', 'plan', 'invitation'])
      await expect.poll(async () => (await replica.index({ view, patient: key })).length).toBe(0)
  }
  expect(staff.prepare('select count(*) from patients where patient_id = 1').pluck().get()).toBe(1)
  expect(await site.verify()).toMatchObject({ equal: true })
})
