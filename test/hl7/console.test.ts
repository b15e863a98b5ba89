/** The console's page of clinical systems: who may see what, what it shows, and that a look at a message stands in the trail. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mllpFrame } from '../../src/bridges/hl7/mllp.ts'
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
