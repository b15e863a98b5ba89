/** The console's page of clinical systems: who may see what, what it shows, and that a look at a message stands in the trail. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mllpFrame } from '../../src/bridges/hl7/mllp.ts'
import { hl7Operations } from '../../src/server/console/hl7-operations.ts'
import { clock } from '../replica/world.ts'
import { openDeskWorld, type DeskWorld } from '../server/desk-world.ts'
import { adt } from './hl7-world.ts'

let world: DeskWorld
beforeAll(async () => {
  world = await openDeskWorld()
  await world.site.hl7.add({ name: 'ehr', direction: 'in', to: { by: 'mllp', host: '127.0.0.1', port: 0 } })
  world.site.openChannels()
  while (world.site.hl7.channels()[0]!.port === null) await new Promise((resolve) => void setImmediate(resolve))
  const socket = connect(world.site.hl7.channels()[0]!.port!, '127.0.0.1')
  for (const text of [
    adt('M1', '9999'),
    adt('M2', '9999').replaceAll('9999^^^HOSP', '1^^^INSCHED').replace('Doe^Ann', ''),
  ]) {
    socket.write(mllpFrame(Buffer.from(text)))
    await once(socket, 'data')
  }
  socket.destroy()
})
afterAll(() => world.close())

it('channels, counts and messages stand there; a message is shown raw and field by field, and the look is in the trail', async () => {
  const { text } = await world.admin.get('/hl7')
  expect(text).toContain('mllp://127.0.0.1:0')
  expect(text).toContain('error 1')
  expect(text).toContain('This patient is not known here')
  const { id } = (await world.site.hl7.messages({ patient: 1 })).items[0]!
  const page = await world.admin.get(`/hl7/${id}`)
  expect(page.status).toBe(200)
  expect(page.text).toContain('PID|1||1^^^INSCHED')
  expect(page.text).toContain('PID-3')
  expect(page.text).toContain('MSA|AA|M2')
  expect(world.staff.audit.search({ did: 'hl7 message viewed', limit: 5 })).toMatchObject([{ event: { of: id, patient: '1' } }]) // prettier-ignore
})

it('a message is applied once more, and a channel is paused and goes on, by whoever may', async () => {
  const [failed] = (await world.site.hl7.messages({ state: 'error' })).items
  const csrf = (await world.admin.hidden('/', '/sign-out'))['csrf']!
  expect((await world.admin.post('/hl7/replay', { csrf, id: failed!.id })).status).toBe(303)
  expect((await world.admin.post('/hl7/pause', { csrf, name: 'ehr' })).status).toBe(303)
  expect(world.site.hl7.channels()[0]).toMatchObject({ state: 'paused', port: null })
  expect((await world.admin.get('/hl7')).text).toContain('Go on')
  expect((await world.admin.post('/hl7/resume', { csrf, name: 'ehr' })).status).toBe(303)
  await expect.poll(() => world.site.hl7.channels()[0]!.state).toBe('open')
})

it('a channel is logged in detail for an hour from its page and for as long as a command says, the page shows until when, and both stand in the trail', async () => {
  const csrf = (await world.admin.hidden('/', '/sign-out'))['csrf']!
  const until = () => world.site.hl7.channels()[0]!.verboseUntil
  const asked = await world.admin.hidden('/hl7', '/hl7/verbose')
  expect(asked).toMatchObject({ name: 'ehr', minutes: '60' })
  const before = clock.now()
  expect((await world.admin.post('/hl7/verbose', asked)).status).toBe(303)
  const first = until()!
  expect(Date.parse(first) - before).toBeGreaterThanOrEqual(3_600_000)
  expect(Date.parse(first) - clock.now()).toBeLessThanOrEqual(3_600_000)
  expect((await world.admin.get('/hl7')).text).toMatch(/On until [^;<]+; it ends by itself/)
  const command = hl7Operations(world.site.hl7, world.staff.audit)['hl7 verbose']!
  for (const minutes of [-1, 1.5, 1_441]) {
    const sentence = 'Give a whole number of minutes from 1 to 1440 (24 hours), or 0 to end it now.'
    await expect(command({ name: 'ehr', minutes })).rejects.toThrow(sentence)
    const refused = await world.admin.post('/hl7/verbose', { csrf, name: 'ehr', minutes: String(minutes) })
    expect([refused.status, refused.text.includes(sentence)]).toEqual([400, true])
  }
  await expect(command({ name: 'nobody', minutes: 5 })).rejects.toThrow('There is no channel nobody.')
  expect(until()).toBe(first)
  expect(await command({ name: 'ehr', minutes: 1_440 })).toEqual({ name: 'ehr', verboseUntil: until() })
  const second = until()!
  expect(await world.admin.hidden('/hl7', '/hl7/verbose')).toMatchObject({ minutes: '0' })
  expect((await world.admin.post('/hl7/verbose', { csrf, name: 'ehr', minutes: '0' })).status).toBe(303)
  expect(until()).toBeNull()
  const deeds = world.staff.audit.search({ did: 'hl7 channel changed', limit: 3 }).map(({ event }) => event)
  expect(deeds.map(({ of }) => of)).toEqual([['ehr', 'not verbose'], ['ehr', `verbose until ${second}`], ['ehr', `verbose until ${first}`]]) // prettier-ignore
  expect(deeds[1]!.by).toBe('command line')
})
