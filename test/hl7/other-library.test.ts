/** A second implementation of HL7 as the peer, in both directions, over TCP and over TLS: node-hl7-client and node-hl7-server. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, Message, type HL7Node } from 'node-hl7-client'
import { Server } from 'node-hl7-server'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { segmentOf, textAt } from '../../src/bridges/hl7/message.ts'
import { authority, certificate } from '../server/certificates.ts'
import { freePort } from '../cli/office.ts'
import { folder } from '../replica/world.ts'
import { listening, openWorld } from './hl7-world.ts'

const files = { ca: '', cert: '', key: '' }
const pem = { ca: '', cert: '', key: '' }
beforeAll(async () => {
  const dir = folder()
  const by = await authority('Bloom')
  const made = await certificate(by, ['localhost', '127.0.0.1'])
  Object.assign(pem, { ca: by.cert, cert: made.cert, key: made.key })
  for (const name of ['ca', 'cert', 'key'] as const) writeFileSync((files[name] = join(dir, `${name}.pem`)), pem[name])
})

const text = (node: HL7Node): string => node.toString()
const admission = (control: string): Message => {
  const message = new Message({ messageHeader: { msh_9_1: 'ADT', msh_9_2: 'A04', msh_9_3: 'ADT_A01', msh_10: control, msh_11_1: 'P' } }) // prettier-ignore
  message.set('MSH.3', 'EHR')
  const pid = message.addSegment('PID')
  pid.set('3', '42')
  pid.set('5', 'O&Brien')
  return message
}

it.each(['TCP', 'TLS'])('its client admits a patient over %s and is answered for each message', async (by) => {
  const got: string[] = []
  const { bridge } = await openWorld({
    applies: async (message) => {
      got.push(textAt(segmentOf(message, 'PID'), 5))
      return {}
    },
  })
  bridge.start()
  const tls = by === 'TLS' ? { cert: files.cert, key: files.key } : undefined
  const port = await listening(bridge, tls ? { to: { tls } } : {})
  const client = new Client({ host: by === 'TLS' ? 'localhost' : '127.0.0.1', ...(tls ? { tls: { ca: pem.ca } } : {}) })
  const answers: string[] = []
  const connection = client.createConnection({ port }, async (response) => {
    const answer = response.getMessage()
    answers.push(`${text(answer.get('MSA.1'))} ${text(answer.get('MSA.2'))}`)
  })
  onTestFinished(() => connection.close())
  for (let i = 1; i <= 3; i++) {
    await connection.sendMessage(admission(`ADT${i}`))
    await expect.poll(() => answers.at(-1)).toBe(`AA ADT${i}`)
  }
  expect(got).toEqual(['O&Brien', 'O&Brien', 'O&Brien'])
})

it('a client without the peer’s authority, or without a certificate where one is asked for, is not let in', async () => {
  const { bridge, said } = await openWorld()
  bridge.start()
  const port = await listening(bridge, { to: { tls: { cert: files.cert, key: files.key, ca: files.ca, asksForCertificate: true } } }) // prettier-ignore
  await bridge.add({
    name: 'loop',
    direction: 'out',
    to: { by: 'mllp', host: 'localhost', port, tls: { ca: files.ca } },
  })
  const { id } = await bridge.send('loop', Buffer.from(admission('M1').toString()))
  await expect.poll(() => bridge.status().find(({ name }) => name === 'loop')!.problem).not.toBeNull()
  expect(bridge.message(id).state).not.toBe('done')
  await bridge.remove('loop')
  await bridge.add({ name: 'loop2', direction: 'out', to: { by: 'mllp', host: 'localhost', port, tls: { ca: files.ca, cert: files.cert, key: files.key } } }) // prettier-ignore
  const second = await bridge.send('loop2', Buffer.from(admission('M2').toString()))
  await expect.poll(() => bridge.message(second.id).state).toBe('done')
  expect(said.join('\n')).not.toContain('Brien')
})

it.each(['TCP', 'TLS'])('its server is sent what is queued over %s, and its answers count', async (by) => {
  const port = await freePort()
  const got: string[] = []
  const server = new Server({ bindAddress: '127.0.0.1', ...(by === 'TLS' ? { tls: { cert: pem.cert, key: pem.key } } : {}) }) // prettier-ignore
  const inbound = server.createInbound({ port }, (request, response) => {
    const control = text(request.getMessage().get('MSH.10'))
    got.push(control)
    void response.sendResponse(control === 'bad' ? 'AE' : 'AA')
  })
  inbound.on('client.error', () => {})
  onTestFinished(() => void inbound.close())
  const { bridge } = await openWorld()
  // On a connection that is kept this server takes all that came before for part of the next message.
  await bridge.add({ name: 'ehr', direction: 'out', keepsConnection: false, to: { by: 'mllp', host: 'localhost', port, ...(by === 'TLS' ? { tls: { ca: files.ca } } : {}) } }) // prettier-ignore
  bridge.start()
  const sent: { id: string }[] = []
  for (const control of ['M1', 'bad', 'M2'])
    sent.push(await bridge.send('ehr', Buffer.from(admission(control).toString())))
  await expect.poll(() => sent.map(({ id }) => bridge.message(id).state)).toEqual(['done', 'error', 'done'])
  expect(got).toEqual(['M1', 'bad', 'M2'])
  expect(sent.map(({ id }) => bridge.message(id).code)).toEqual(['AA', 'AE', 'AA'])
})
