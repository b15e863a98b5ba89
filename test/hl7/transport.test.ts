/** Messages between a site and its peers: nothing acknowledged is lost, nothing is done twice, whatever the other side does. */
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { BadMessage } from '../../src/bridges/hl7/bad-message.ts'
import { parseChannel } from '../../src/bridges/hl7/channels.ts'
import type { Apply } from '../../src/bridges/hl7/intake.ts'
import { buildMessage, segmentOf, textAt } from '../../src/bridges/hl7/message.ts'
import { clock, folder } from '../replica/world.ts'
import { ack, acknowledges, adt, controlOf, listening, openWorld, portOf, rawPeer, rawServer } from './hl7-world.ts'

const patientOf: (message: Parameters<Apply>[0]) => string = (message) => textAt(segmentOf(message, 'PID'), 3)

it('several messages in one read and one message in many are answered, each once and in order', async () => {
  const { bridge } = await openWorld()
  bridge.start()
  const peer = await rawPeer(await listening(bridge))
  const all = Array.from({ length: 20 }, (_, i) => `M${i}`)
  peer.send(...all.map((control, i) => adt(control, String(i % 3))))
  for (const control of all) expect(acknowledges(await peer.answer())).toBe(`AA ${control}`)
  peer.write('noise\v')
  for (const char of adt('slow', '1')) peer.write(char)
  peer.write('\x1c\r')
  expect(acknowledges(await peer.answer())).toBe('AA slow')
  expect(peer.waiting()).toBe(0)
})

it('a message is on disk before anything is said of it, sealed, and no name stands in the file', async () => {
  const applying = Promise.withResolvers<void>()
  const { bridge, dir } = await openWorld({ applies: () => applying.promise.then(() => ({})) })
  bridge.start()
  const peer = await rawPeer(await listening(bridge))
  peer.send(adt('M1', '42', { msh15: 'AL', msh16: 'AL' }))
  expect(acknowledges(await peer.answer())).toBe('CA M1')
  const file = new Database(join(dir, 'hl7.sqlite'), { readonly: true })
  expect(file.prepare('select control, state from messages').all()).toEqual([{ control: 'M1', state: 'received' }])
  file.close()
  expect(peer.waiting()).toBe(0)
  applying.resolve()
  expect(acknowledges(await peer.answer())).toBe('AA M1')
  for (const name of readdirSync(dir)) expect(readFileSync(join(dir, name)).includes('Doe')).toBe(false)
})

it('the same message again is done once and gets the same answer; other content under its control id is an error that staff see', async () => {
  let applied = 0
  const { bridge, reviews, again } = await openWorld({ applies: async () => (applied++, {}) })
  bridge.start()
  const peer = await rawPeer(await listening(bridge))
  peer.send(adt('M1', '1'))
  const first = buildMessage(await peer.answer())
  peer.send(adt('M1', '1'))
  expect(buildMessage(await peer.answer())).toBe(first)
  // With other ends of its segments it is the same one.
  peer.send(adt('M1', '1').replaceAll('\r', '\r\n'))
  expect(buildMessage(await peer.answer())).toBe(first)
  peer.send(adt('M1', '2'))
  expect(acknowledges(await peer.answer())).toBe('AE M1')
  expect(await reviews()).toEqual([expect.stringMatching(/control id M1, was not applied: A message with this control id and other content/)]) // prettier-ignore
  // Another sender may use the same control id; and what was answered is known after a new start.
  peer.send(adt('M1', '1').replace('EHR', 'LAB'))
  expect(acknowledges(await peer.answer())).toBe('AA M1')
  await bridge.close()
  const next = again()
  next.start()
  const other = await rawPeer(await portOf(next, 'ehr'))
  other.send(adt('M1', '1'))
  expect(buildMessage(await other.answer())).toBe(first)
  expect(applied).toBe(2)
})

it('messages of one patient are applied in order, of several side by side, and a merge waits for both', async () => {
  const open = new Map<string, () => void>()
  const log: string[] = []
  const { bridge } = await openWorld({
    applies: async (message) => {
      const control = controlOf(message)
      log.push(control)
      await new Promise<void>((resolve) => void open.set(control, resolve))
      return {}
    },
  })
  bridge.start()
  const peer = await rawPeer(await listening(bridge))
  peer.send(adt('A1', '1'), adt('A2', '1'), adt('B1', '2'), adt('AB', '1', { rest: '\rMRG|2^^^HOSP' }), adt('C1', '3'))
  await expect.poll(() => log).toEqual(['A1', 'B1', 'C1'])
  open.get('A1')!()
  await expect.poll(() => log).toEqual(['A1', 'B1', 'C1', 'A2'])
  open.get('A2')!()
  open.get('C1')!()
  expect(acknowledges(await peer.answer())).toBe('AA A1')
  open.get('B1')!()
  await expect.poll(() => log).toEqual(['A1', 'B1', 'C1', 'A2', 'AB'])
  open.get('AB')!()
  for (const control of ['A2', 'B1', 'AB', 'C1']) expect(acknowledges(await peer.answer())).toBe(`AA ${control}`)
})

it('an error is AE with its place and a review item, a kind that is not taken is AR without one, each as the version has it', async () => {
  const { bridge, reviews } = await openWorld({
    applies: async (message) => {
      throw patientOf(message) === '1'
        ? new BadMessage('This patient is not known here.', { code: '204', at: { segment: 'PID', field: 3 } })
        : new BadMessage('This event is not taken.', { code: '201', at: { segment: 'MSH', field: 9 }, rejects: true })
    },
  })
  bridge.start()
  const peer = await rawPeer(await listening(bridge))
  peer.send(adt('M1', '1'), adt('M2', '2'), adt('M3', '1', { version: '2.3' }))
  const [first, second, third] = [await peer.answer(), await peer.answer(), await peer.answer()]
  const err = (message: typeof first) => buildMessage(message).split('\r').find((line) => line.startsWith('ERR')) // prettier-ignore
  expect([acknowledges(first), err(first)]).toEqual(['AE M1', 'ERR||PID^1^3|204^Unknown key identifier^HL70357|E||||This patient is not known here.']) // prettier-ignore
  expect([acknowledges(second), err(second)?.slice(0, 16)]).toEqual(['AR M2', 'ERR||MSH^1^9|201'])
  expect([acknowledges(third), err(third)]).toEqual(['AE M3', 'ERR|PID^1^3^204&Unknown key identifier&HL70357'])
  expect(await reviews()).toHaveLength(2)
  expect(bridge.status()[0]!.states).toEqual({ error: 2, filtered: 1 })
})

it('enhanced mode answers as MSH-15 and MSH-16 ask for it, whether it was taken or not', async () => {
  const { bridge } = await openWorld({
    applies: async (message) => {
      if (patientOf(message) === 'bad') throw new BadMessage('No.', { code: '204' })
      return {}
    },
  })
  bridge.start()
  const port = await listening(bridge)
  const whens = ['', 'AL', 'NE', 'ER', 'SU']
  const wanted = (when: string, succeeded: boolean, empty: boolean): boolean => ({ '': empty, AL: true, NE: false, ER: !succeeded, SU: succeeded })[when]! // prettier-ignore
  let number = 0
  for (const msh15 of whens)
    for (const msh16 of whens)
      for (const patient of ['good', 'bad']) {
        const peer = await rawPeer(port)
        const control = `E${number++}`
        peer.send(adt(control, patient, { msh15, msh16 }), adt(`${control}-end`, 'end'))
        const isEnhanced = msh15 !== '' || msh16 !== ''
        const code = patient === 'good' ? 'AA' : 'AE'
        const expected = isEnhanced
          ? [...(wanted(msh15, true, true) ? ['CA'] : []), ...(wanted(msh16, code === 'AA', false) ? [code] : [])]
          : [code]
        const answers: string[] = []
        for (let i = 0; i < expected.length + 1; i++) answers.push(acknowledges(await peer.answer()))
        expect(answers.toSorted()).toEqual([...expected.map((one) => `${one} ${control}`), `AA ${control}-end`].toSorted()) // prettier-ignore
        peer.socket.destroy()
      }
})

it('an acknowledgement is answered by nothing, and what cannot be read is refused once and stands in one review', async () => {
  const { bridge, reviews } = await openWorld()
  bridge.start()
  const peer = await rawPeer(await listening(bridge))
  peer.send(ack('AA', 'M9'), 'PID|1||42\r', '<xml/>', adt('M1', '1'))
  expect([acknowledges(await peer.answer()), acknowledges(await peer.answer()), acknowledges(await peer.answer())]).toEqual(['AR ', 'AR ', 'AA M1']) // prettier-ignore
  expect(await reviews()).toEqual([expect.stringMatching(/What came from ehr was not applied: This does not begin with MSH/)]) // prettier-ignore
})

it('a fault that passes is tried again, and the peer is answered when it is done', async () => {
  let tries = 0
  const { bridge } = await openWorld({
    applies: async () => {
      if (++tries < 3) throw new Error('The store is full')
      return {}
    },
  })
  bridge.start()
  const peer = await rawPeer(await listening(bridge))
  peer.send(adt('M1', '1'))
  expect(acknowledges(await peer.answer())).toBe('AA M1')
  expect(tries).toBe(3)
})

it('what was stored and not applied when the process ended is applied after the next start, in order', async () => {
  let stuck = true
  const log: string[] = []
  const { bridge, again } = await openWorld({
    applies: async (message) => {
      if (stuck) throw new Error('not now')
      log.push(controlOf(message))
      return {}
    },
  })
  bridge.start()
  const peer = await rawPeer(await listening(bridge))
  peer.send(adt('M1', '1', { msh15: 'AL', msh16: 'NE' }), adt('M2', '1', { msh15: 'AL', msh16: 'NE' }), adt('M3', '2', { msh15: 'AL', msh16: 'NE' })) // prettier-ignore
  for (const control of ['M1', 'M2', 'M3']) expect(acknowledges(await peer.answer())).toBe(`CA ${control}`)
  await bridge.close()
  stuck = false
  const next = again()
  next.start()
  await expect.poll(() => log.toSorted()).toEqual(['M1', 'M2', 'M3'])
  expect(log.indexOf('M1')).toBeLessThan(log.indexOf('M2'))
})

it('a channel takes so many connections and no larger messages, and answers a peer that cannot wait at once', async () => {
  const applying = Promise.withResolvers<void>()
  const { bridge, said } = await openWorld({ applies: () => applying.promise.then(() => ({})) })
  bridge.start()
  const port = await listening(bridge, { mostConnections: 1, mostBytes: 1_024, answers: 'when stored' })
  const peer = await rawPeer(port)
  peer.send(adt('big', '1', { rest: `|${'x'.repeat(2_000)}` }), adt('M1', '1'))
  expect(acknowledges(await peer.answer())).toBe('AA M1')
  const second = await rawPeer(port)
  await expect.poll(() => second.socket.destroyed).toBe(true)
  await expect.poll(() => said.join('\n')).toMatch(/bytes were discarded \(too large\)[\s\S]*turned away/)
  applying.resolve()
})

it('a late answer is never taken for the next message’s: the connection is closed and the message goes again under its control id', async () => {
  const { bridge } = await openWorld()
  const late: (() => void)[] = []
  const { port, got } = await rawServer((message, times) => {
    const control = controlOf(message)
    if (control === 'M1' && times === 1) return new Promise((resolve) => void late.push(() => resolve(ack('AA', 'M1'))))
    // Before the answer to M2 comes one that names another message.
    if (control === 'M2' && times === 1) return ack('AA', 'M1')
    return ack('AA', control)
  })
  await bridge.add({ name: 'lab', direction: 'out', to: { by: 'mllp', host: '127.0.0.1', port }, responseSeconds: 0.2 })
  bridge.start()
  const first = await bridge.send('lab', Buffer.from(adt('M1', '1')))
  const second = await bridge.send('lab', Buffer.from(adt('M2', '1')))
  await expect.poll(() => bridge.message(first.id).state === 'queued' || late.length).toBeTruthy()
  await expect.poll(() => bridge.message(second.id).state).toBe('done')
  for (const release of late) release()
  expect(bridge.message(first.id).state).toBe('done')
  expect(got.map(controlOf)).toEqual(['M1', 'M1', 'M2', 'M2'])
})

it('an error goes to the error queue at once, a rejection after some tries, and both can be sent again, edited under a new control id', async () => {
  const { bridge } = await openWorld()
  let mended = false
  const { port, got } = await rawServer((message) => ack(mended ? 'AA' : patientOf(message) === '1' ? 'AE' : 'AR', controlOf(message))) // prettier-ignore
  await bridge.add({ name: 'lab', direction: 'out', to: { by: 'mllp', host: '127.0.0.1', port }, rejectedRetries: 2 })
  bridge.start()
  const [bad, rejected] = [await bridge.send('lab', Buffer.from(adt('M1', '1'))), await bridge.send('lab', Buffer.from(adt('M2', '2')))] // prettier-ignore
  await expect.poll(() => bridge.message(rejected.id).state).toBe('error')
  expect(bridge.message(bad.id)).toMatchObject({ state: 'error', code: 'AE', tries: 1 })
  expect(bridge.message(rejected.id)).toMatchObject({ code: 'AR', tries: 3 })
  mended = true
  await bridge.replay(bad.id)
  await expect.poll(() => bridge.message(bad.id).state).toBe('done')
  const { id } = await bridge.replay(rejected.id, Buffer.from(adt('M2', '2').replace('Doe', 'Roe')))
  await expect.poll(() => bridge.message(id).state).toBe('done')
  expect(bridge.message(id).replaces).toBe(rejected.id)
  expect(bridge.message(id).control).not.toBe('M2')
  expect(bridge.message(rejected.id).state).toBe('error')
  expect(textAt(segmentOf(got.at(-1)!, 'PID'), 5)).toBe('Roe')
})

it('a message that waits holds up its patient’s later ones alone; a peer that is not there gets everything when it is back', async () => {
  const { bridge } = await openWorld()
  const { port, got, server } = await rawServer((message, times) => (controlOf(message) === 'M1' && times < 3 ? null : ack('AA', controlOf(message)))) // prettier-ignore
  await bridge.add({ name: 'lab', direction: 'out', to: { by: 'mllp', host: '127.0.0.1', port }, responseSeconds: 0.2, paused: true }) // prettier-ignore
  bridge.start()
  const sent: { id: string }[] = []
  for (const [control, patient] of [['M1', '1'], ['M2', '1'], ['M3', '2']] as const) sent.push(await bridge.send('lab', Buffer.from(adt(control, patient)))) // prettier-ignore
  expect(bridge.status()[0]).toMatchObject({ state: 'paused', states: { queued: 3 } })
  await bridge.resume('lab')
  await expect.poll(() => sent.map(({ id }) => bridge.message(id).state)).toEqual(['done', 'done', 'done'])
  // M1 is asked for three times before M2 of the same patient goes; M3 of another goes meanwhile.
  expect(got.map(controlOf).filter((control) => control !== 'M3')).toEqual(['M1', 'M1', 'M1', 'M2'])
  expect(got.map(controlOf).indexOf('M3')).toBeLessThan(4)
  await bridge.pause('lab')
  server.close()
  await bridge.resume('lab')
  const { id } = await bridge.send('lab', Buffer.from(adt('M4', '1')))
  await expect.poll(() => bridge.status()[0]!.problem).toMatch(/cannot be reached/)
  server.listen(port, '127.0.0.1')
  await expect.poll(() => bridge.message(id).state).toBe('done')
})

it('a peer that takes so many messages a minute gets no more, however many are queued meanwhile', async () => {
  const { bridge } = await openWorld()
  const came: number[] = []
  const { port } = await rawServer((message) => {
    came.push(performance.now())
    return ack('AA', controlOf(message))
  })
  await bridge.add({ name: 'lab', direction: 'out', to: { by: 'mllp', host: '127.0.0.1', port }, perMinute: 300 })
  bridge.start()
  for (const control of ['M1', 'M2', 'M3']) await bridge.send('lab', Buffer.from(adt(control, '1')))
  await expect.poll(() => came).toHaveLength(2)
  await bridge.send('lab', Buffer.from(adt('M4', '1')))
  await expect.poll(() => came).toHaveLength(4)
  // 200 ms between two of them, but for what a timer may be early.
  expect(came[3]! - came[0]!).toBeGreaterThan(590)
})

it('a folder is a channel too: files are taken whole and once, answers lie beside, and what goes out is whole', async () => {
  let applied = 0
  const { bridge, dir, reviews } = await openWorld({
    applies: async (message) => {
      if (patientOf(message) === 'bad') throw new BadMessage('No.', { code: '204' })
      applied++
      return {}
    },
  })
  const [into, out] = [join(dir, 'in'), join(dir, 'out')]
  mkdirSync(into)
  writeFileSync(join(into, 'a.hl7'), `FHS|^~\\&|EHR\rBHS|^~\\&|EHR\r${adt('M1', '1')}${adt('M2', '2')}BTS|3\rFTS|1\r`)
  writeFileSync(join(into, 'b.hl7'), adt('M3', '3') + adt('M3', '3'))
  writeFileSync(join(into, 'c.hl7'), adt('M4', 'bad'))
  writeFileSync(join(into, 'note.pdf'), 'not for us')
  await bridge.add({ name: 'drop', direction: 'in', to: { by: 'folder', path: into, everySeconds: 0.1 } })
  await bridge.add({ name: 'pick', direction: 'out', to: { by: 'folder', path: out } })
  bridge.start()
  const { id } = await bridge.send('pick', Buffer.from(adt('M5', '1')))
  await expect.poll(() => readdirSync(into).toSorted()).toEqual(['answers', 'done', 'errors', 'note.pdf'])
  expect(readdirSync(join(into, 'done'))).toEqual(['b.hl7'])
  expect(readdirSync(join(into, 'errors')).toSorted()).toEqual(['a.hl7', 'c.hl7'])
  expect(readFileSync(join(into, 'answers', 'b.hl7.ack'), 'utf8').match(/MSA\|AA\|M3/g)).toHaveLength(2)
  expect(applied).toBe(3)
  expect((await reviews()).join('\n')).toMatch(/BTS-1 says 3, and there are 2/)
  await expect.poll(() => bridge.message(id).state).toBe('done')
  expect(readFileSync(join(out, `${id}.hl7`), 'utf8')).toBe(adt('M5', '1'))
})

it('whatever a peer sends, it is answered or discarded, and the next message is taken', async () => {
  const { bridge } = await openWorld()
  bridge.start()
  const port = await listening(bridge, { mostBytes: 2_048 })
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: 'binary', maxLength: 200 }).map((text) => Buffer.from(`MSH|^~\\&|${text}\r${text}`)),
    fc.string({ unit: fc.constantFrom(...'|^~\\&\rMSHPID1'.split('')), maxLength: 300 }).map((text) => Buffer.from(`MSH|^~\\&|E|H|P|B|1||ADT^A08|x|P|2.5\r${text}`)), // prettier-ignore
  )
  await fc.assert(
    fc.asyncProperty(fc.array(hostile, { minLength: 1, maxLength: 5 }), async (all) => {
      const peer = await rawPeer(port)
      for (const bytes of all) peer.socket.write(Buffer.concat([Buffer.of(0x0b), bytes, Buffer.of(0x1c, 0x0d)]))
      peer.write('\v')
      const control = String(clock.now() * 1_000 + Math.floor(performance.now()))
      peer.write(`${adt(control, 'last')}\x1c\r`)
      for (;;) if (acknowledges(await peer.answer()) === `AA ${control}`) break
      peer.socket.destroy()
    }),
    { numRuns: 20 },
  )
})

it.each([
  [{ to: { by: 'mllp', host: '192.0.2.7', port: 2575 } }, /leave this machine encrypted only/],
  [{ to: { by: 'mllp', host: '127.0.0.1', port: 2575, tls: {} } }, /needs a certificate and its key/],
  [{ to: { by: 'mllp', host: '127.0.0.1', port: 99_999 } }, /to\.port/],
  [{ name: 'Ehr!', to: { by: 'folder', path: '/x' } }, /name takes small letters/],
  [{ zone: 'Mars/Phobos', to: { by: 'folder', path: '/x' } }, /zone is no IANA time zone/],
  [{ to: { by: 'folder', path: '/x' }, colour: 'red' }, /colour/],
])('a channel that cannot be is refused by what is wrong: %j', (given, sentence) => {
  expect(() => parseChannel({ name: 'ehr', direction: 'in', ...given })).toThrow(sentence)
})

it('a port that is in use is said, tried again, and had when it is free', async () => {
  const [one, two] = [await openWorld(), await openWorld({ dir: folder() })]
  one.bridge.start()
  two.bridge.start()
  const port = await listening(one.bridge)
  await two.bridge.add({ name: 'ehr', direction: 'in', to: { by: 'mllp', host: '127.0.0.1', port } })
  await expect.poll(() => two.bridge.status()[0]).toMatchObject({ state: 'down', problem: `Port ${port} is in use on this machine. Choose another for this channel.` }) // prettier-ignore
  await one.bridge.remove('ehr')
  await expect.poll(() => two.bridge.status()[0]!.state).toBe('open')
})
