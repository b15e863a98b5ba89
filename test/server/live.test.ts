/** Live views as a patient's page meets them: real portal, linked site, stock `WebsocketProvider`. */
import fc from 'fast-check'
import * as encoding from 'lib0/encoding'
import { WebSocket } from 'ws'
import { writeSyncStep1, writeSyncStep2, writeUpdate } from 'y-protocols/sync'
import * as Y from 'yjs'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { factsOf, ulid } from '../replica/world.ts'
import {
  closeCode,
  joinAs,
  joinView,
  leaveAll,
  morning,
  openWorld,
  rawSocket,
  say,
  signIn,
  signInBy,
  ticketOf,
  visit,
  type Browser,
  type Client,
  type World,
} from './live-world.ts'

let world: World
let ana: Browser
beforeAll(async () => {
  world = await openWorld()
  ana = await signIn(world, world.ana)
})
afterEach(leaveAll)
afterAll(() => world.close())

const synced = async (client: Client): Promise<void> => {
  await expect.poll(() => client.provider.synced).toBe(true)
}
interface Asking { readonly ticket?: string; readonly cookie?: string; readonly origin?: string } // prettier-ignore
/** For what happens at once: earlier than the ten seconds after which everything is looked at again. */
const atOnce = { timeout: 5_000 }
const message = (write: (encoder: encoding.Encoder) => void): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 0)
    write(encoder)
  })
const asks = message((encoder) => writeSyncStep1(encoder, new Y.Doc()))

it('[VIEW-1] the first sync gives what the page shows, and nothing of another patient', async () => {
  const [home, messages, plan] = ['home', 'messages', 'plan'].map((name) => joinAs(world, ana, name))
  for (const client of [home!, messages!, plan!]) await synced(client)
  expect(home!.seen()).toEqual({
    events: {
      [world.ana.event]: {
        words: 'Visit of Ana',
        startsAt: visit.wall,
        when: visit.text,
        minutes: 30,
        place: 'Mesa office',
        address: '1 Main Street',
        wish: null,
        state: 'open',
      },
    },
    messages: { unread: 1 },
    office: {
      practice: 'Desert Bloom',
      phone: '+14805550100',
      connected: true,
      heardAt: expect.any(Number),
      heardText: expect.any(String),
    },
  })
  expect(Object.values(messages!.seen()['messages']!)).toEqual([
    expect.objectContaining({ subject: 'To Ana', text: 'Hello Ana Quartz', fromOffice: true, who: 'The office' }),
  ])
  expect(plan!.seen()).toEqual({
    plans: { [world.ana.plan]: { words: 'Plan of Ana' } },
    stages: {
      [`${world.ana.plan}/1`]: expect.objectContaining({
        words: 'Impression',
        state: 'done',
        doneText: 'January 5, 2026',
      }),
      [`${world.ana.plan}/2`]: expect.objectContaining({ words: 'Fitting', state: 'next' }),
    },
  })
  for (const client of [home!, messages!, plan!]) {
    const bytes = Buffer.from(Y.encodeStateAsUpdate(client.doc)).toString('latin1')
    for (const foreign of [...Object.values(world.ben), 'Benedikt', 'Feldspar']) expect(bytes).not.toContain(foreign)
  }
})

it('a message that the practice writes appears on the open page without a reload: half of them within a second', async () => {
  const client = joinAs(world, ana, 'messages')
  await synced(client)
  const waits: number[] = []
  for (let count = 0; count < 15; count++) {
    const begun = performance.now()
    const id = await say(world.site, world.siteId, world.ana.patient, 'Live', `Live ${count}`)
    await new Promise<void>((seen) => {
      const look = (): void => {
        if (!client.doc.getMap('messages').has(id)) return
        client.doc.off('update', look)
        seen()
      }
      client.doc.on('update', look)
      look()
    })
    waits.push(performance.now() - begun)
  }
  expect(waits.toSorted((a, b) => a - b)[7]).toBeLessThan(1_000)
  expect(client.codes).toEqual([])
})

it('a change travels as what changed: one more message among 200 costs less than 1 KiB', async () => {
  const at = world.clock.now()
  await world.site.change([
    {
      collection: 'messages',
      key: world.ana.patient,
      add: Object.fromEntries(
        Array.from({ length: 200 }, (_, count) => [
          ulid(),
          {
            kind: 'message' as const,
            at: at - 1_000_000 + count,
            by: { role: 'staff' as const, id: 's' },
            thread: ulid(),
            subject: 'Long ago',
            text: 'x'.repeat(500),
          },
        ]),
      ),
    },
  ])
  await world.caughtUp()
  const client = joinAs(world, ana, 'messages')
  await expect.poll(() => Object.keys(client.seen()['messages'] ?? {}).length).toBeGreaterThan(200)
  client.updates.length = 0
  const id = await say(world.site, world.siteId, world.ana.patient, 'One more', 'One more')
  await expect.poll(() => client.doc.getMap('messages').has(id)).toBe(true)
  expect(Math.max(...client.updates)).toBeLessThan(1_024)
})

it('an answer and what the office makes of it are seen on the open page; what is moved asks again, what goes to another patient goes', async () => {
  const { site, siteId } = world
  const client = joinAs(world, ana, 'home')
  await synced(client)
  const event = (): unknown => client.doc.getMap('events').get(world.ana.event)
  const answer = ulid()
  await ana.post('/confirm', { id: answer, event: world.ana.event, startsAt: visit.wall })
  await expect.poll(event).toMatchObject({ state: 'sent' })
  await expect
    .poll(async () => (await site.entries('confirmations', world.ana.event)).map((entry) => entry.id))
    .toEqual([answer])
  const by = { role: 'site', id: siteId } as const
  const later = morning(31)
  const lastConfirmed = '2031-01-02T08:15'
  await site.change([
    {
      collection: 'confirmations',
      key: world.ana.event,
      add: {
        [`w:${answer}`]: { kind: 'written', at: Date.now(), by, answer, lastConfirmed, confirmationType: 'Portal' },
      },
    },
  ])
  await expect.poll(event).toMatchObject({ state: 'confirmed', on: lastConfirmed })
  const facts = { ...factsOf(world.ana.patient, siteId), startsAt: later.at }
  const key = world.ana.event
  await site.change([{ collection: 'events', key, facts, at: Date.now(), set: { startsAt: later.wall } }])
  await expect.poll(event).toMatchObject({ state: 'changed', when: later.text })
  const ofBen = { ...facts, patient: world.ben.patient }
  await site.change([{ collection: 'events', key, facts: ofBen, at: Date.now(), set: {} }])
  await expect.poll(event, atOnce).toBeUndefined()
})

it('a guardian sees of each view what the scope holds, and nothing else', async () => {
  const guardian = await signIn(world, world.ana, undefined, ['documents'])
  const [home, messages, plan] = ['home', 'messages', 'plan'].map((name) => joinAs(world, guardian, name))
  await expect.poll(() => messages!.codes).toEqual([4403])
  for (const one of [home!, plan!]) await synced(one)
  expect(Object.keys(plan!.seen()['plans']!)).toEqual([world.ana.plan])
  expect(home!.seen()['events'] ?? {}).toEqual({})
  expect(JSON.stringify(home!.seen())).not.toContain(world.ana.event)
})

it.each([
  ['a guest', 'home', () => ({}), 'refused 403'],
  ['a guest on a page of the portal', 'home', () => ({ origin: world.url }), 'closed 4401'],
  ['an unknown session', 'home', () => ({ origin: world.url, cookie: 'session=guess' }), 'closed 4401'],
  [
    'a cookie that comes from a page of another site',
    'home',
    () => ({ cookie: ana.cookie, origin: 'https://evil.example' }),
    'refused 403',
  ],
  ['a cookie from a page without an origin', 'home', () => ({ cookie: ana.cookie, origin: 'null' }), 'refused 403'],
  ['a cookie from no page', 'home', () => ({ cookie: ana.cookie }), 'refused 403'],
  ['a guessed ticket', 'home', () => ({ ticket: 'guess' }), 'closed 4401'],
  [
    'a ticket on a page of another site',
    'home',
    async () => ({ ticket: await ticketOf(ana), origin: 'https://evil.example' }),
    'refused 403',
  ],
  ['a view that is not there', 'other', () => ({ cookie: ana.cookie, origin: world.url }), 'refused 404'],
  ['a name of every object', 'constructor', () => ({ cookie: ana.cookie, origin: world.url }), 'refused 404'],
  ['a signed-in patient', 'home', () => ({ cookie: ana.cookie, origin: world.url }), 'view'],
  ['a ticket', 'home', async () => ({ ticket: await ticketOf(ana) }), 'view'],
])('%s at /live/%s', async (_, name, how: () => Asking | Promise<Asking>, outcome) => {
  const { ticket, ...headers } = await how()
  const query = ticket === undefined ? '' : `?ticket=${ticket}`
  const socket = new WebSocket(`${world.url.replace('http', 'ws')}/live/${name}${query}`, { headers })
  let received = ''
  const outcomes = new Promise<string>((done) => {
    socket.on('unexpected-response', (_request, response) => {
      done(`refused ${response.statusCode}`)
      socket.terminate()
    })
    socket.on('close', (code) => done(`closed ${code}`))
    socket.on('error', () => {})
    socket.on('open', () => socket.send(asks))
    socket.on('message', (data: Buffer) => {
      received += data.toString('latin1')
      done('view')
    })
  })
  expect(await outcomes).toBe(outcome)
  if (outcome !== 'view') expect(received).toBe('')
  socket.terminate()
})

it('a ticket is good once, for 60 seconds, and only as long as its session', async () => {
  const used = await ticketOf(ana)
  const first = joinView(world, 'home', { ticket: used })
  await synced(first)
  const second = joinView(world, 'home', { ticket: used })
  await expect.poll(() => second.codes).toEqual([4401])
  const late = await ticketOf(ana)
  world.clock.advance(60_000)
  const third = joinView(world, 'home', { ticket: late })
  await expect.poll(() => third.codes).toEqual([4401])
  const other = await signIn(world, world.ana)
  const outlived = await ticketOf(other)
  await other.post('/sign-out')
  const fourth = joinView(world, 'home', { ticket: outlived })
  await expect.poll(() => fourth.codes).toEqual([4401])
  expect(first.codes).toEqual([])
})

it('a ticket is made only for a form of the session itself', async () => {
  expect((await ana.post('/live/ticket', { csrf: 'guess' })).status).toBe(403)
  const guest = await fetch(`${world.url}/live/ticket`, { method: 'POST' })
  expect(guest.status).toBe(401)
})

it('[VIEW-4] signing out closes the pages of that session at once and for good; another session of the same person stays', async () => {
  const [phone, desk] = [await signIn(world, world.ana), await signIn(world, world.ana)]
  const clients = [joinAs(world, phone, 'home'), joinView(world, 'messages', { ticket: await ticketOf(phone) })]
  const other = joinAs(world, desk, 'home')
  for (const client of [...clients, other]) await synced(client)
  await phone.post('/sign-out')
  for (const client of clients) {
    await expect.poll(() => client.codes, atOnce).toEqual([4401])
    expect(client.provider.shouldConnect).toBe(false)
  }
  await say(world.site, world.siteId, world.ana.patient, 'After', 'After signing out')
  await expect.poll(() => other.seen()['messages']!['unread']).toBeGreaterThan(1)
  expect(other.codes).toEqual([])
  expect(JSON.stringify(clients[1]!.seen())).not.toContain('After signing out')
})

it('[VIEW-4] choosing another person of the family closes the open pages of the first, and setting a password those of other sessions', async () => {
  const phone = await signIn(world, world.ana)
  const family = await signIn(world, world.ben, phone)
  const ofBen = joinAs(world, family, 'home')
  await synced(ofBen)
  expect(JSON.stringify(ofBen.seen())).toContain('Visit of Benedikt')
  await family.post('/viewing', { viewing: `${world.practice}/${world.ana.patient}` })
  await expect.poll(() => ofBen.codes, atOnce).toEqual([4409])
  const ofAna = joinAs(world, family, 'messages')
  await synced(ofAna)
  expect(JSON.stringify(ofAna.seen())).toContain('Hello Ana')
  expect(JSON.stringify(ofAna.seen())).not.toContain('Benedikt')
  const name = 'ana@example.com'
  const [password, next] = ['seven quiet lemons', 'nine louder melons']
  expect((await family.post('/password', { name, password })).status).toBe(303)
  const desk = await signInBy(world, name, password)
  const atDesk = joinAs(world, desk, 'home')
  await synced(atDesk)
  expect((await family.post('/password', { name, password: next, current: password })).status).toBe(303)
  await expect.poll(() => atDesk.codes, atOnce).toEqual([4401])
  expect(ofAna.codes).toEqual([])
})

it('[VIEW-4] an open page does not keep a session alive: after 15 idle minutes it is closed', async () => {
  const browser = await signIn(world, world.ana)
  const client = joinAs(world, browser, 'home')
  await synced(client)
  world.clock.advance(14 * 60_000)
  await say(world.site, world.siteId, world.ana.patient, 'Idle', 'Still here')
  await expect.poll(() => client.updates.length).toBeGreaterThan(1)
  world.clock.advance(61_000)
  await expect.poll(() => client.codes).toEqual([4401])
  expect((await browser.get('/')).status).toBe(303)
  ana = await signIn(world, world.ana)
})

it('[VIEW-4] ending the access closes the open page', async () => {
  const ben = await signIn(world, world.ben)
  const client = joinAs(world, ben, 'messages')
  await synced(client)
  const { patient } = world.ben
  await world.caughtUp()
  const said = await world.site.entries('access', patient)
  const revokes = said.filter(({ kind }) => kind === 'accepted').map(({ id }) => id)
  await world.site.change([
    {
      collection: 'access',
      key: patient,
      add: {
        [ulid()]: {
          kind: 'revoked',
          at: Date.now(),
          by: { role: 'staff', id: 's' },
          revokes,
          why: 'by staff',
        },
      },
    },
  ])
  await expect.poll(() => client.codes, atOnce).toEqual([4403])
  await say(world.site, world.siteId, patient, 'Later', 'Nobody reads this')
  await world.caughtUp()
  const again = joinAs(world, ben, 'messages')
  await expect.poll(() => again.codes).toEqual([4403])
  expect(JSON.stringify([client.seen(), again.seen()])).not.toContain('Nobody reads this')
})

it.each([
  ['sets a value', (doc: Y.Doc) => doc.getMap('messages').set('forged', { text: 'forged' })],
  ['deletes a value', (doc: Y.Doc) => doc.getMap('messages').delete([...doc.getMap('messages').keys()][0]!)],
  ['writes elsewhere', (doc: Y.Doc) => doc.getText('note').insert(0, 'forged')],
])('[VIEW-2] a client that %s changes nothing for anybody and loses its connection', async (_, write) => {
  const [writer, reader] = [joinAs(world, ana, 'messages'), joinAs(world, ana, 'messages')]
  await synced(writer)
  await synced(reader)
  const before = reader.seen()
  write(writer.doc)
  await expect.poll(() => writer.codes[0]).toBe(1008)
  const newcomer = joinAs(world, ana, 'messages')
  await synced(newcomer)
  expect(reader.seen()).toEqual(before)
  expect(newcomer.seen()).toEqual(before)
  expect(newcomer.doc.getText('note').length).toBe(0)
  expect(reader.codes).toEqual([])
  expect((await world.site.entries('messages', world.ana.patient)).some((entry) => entry.id === 'forged')).toBe(false)
})

it('[VIEW-2] a client that tells its own state, and there is nothing in it, stays', async () => {
  const socket = await rawSocket(world, ana, 'home')
  socket.send(message((encoder) => writeSyncStep2(encoder, new Y.Doc())))
  socket.send(message((encoder) => writeUpdate(encoder, Y.encodeStateAsUpdate(new Y.Doc()))))
  socket.send(asks)
  await new Promise((answered) => void socket.once('message', answered))
  expect(socket.readyState).toBe(WebSocket.OPEN)
  socket.terminate()
})

it('[VIEW-5] hostile frames end their own connection and no other, and the portal goes on', async () => {
  const bystander = joinAs(world, ana, 'home')
  await synced(bystander)
  const hostile = async (data: Uint8Array | string): Promise<number | 'open'> => {
    const socket = await rawSocket(world, ana, 'home')
    const closed = closeCode(socket)
    socket.send(data)
    // What is no fault is answered in order: a ping after it comes back.
    const alive = new Promise<'open'>((done) => void socket.once('pong', () => done('open')))
    socket.ping()
    const result = await Promise.race([closed, alive])
    socket.terminate()
    await closed
    return result
  }
  expect(await hostile(new Uint8Array(17 * 1024))).toBe(1009)
  expect(await hostile('text')).toBe(1007)
  expect(await hostile(new Uint8Array())).toBe(1007)
  // A state vector that claims 2^50 clients, and one of a client with a later view.
  expect(await hostile(Uint8Array.of(0, 0, 8, 128, 128, 128, 128, 128, 128, 128, 2))).toBe(1007)
  const later = encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 1)
    encoding.writeVarUint(encoder, Number.MAX_SAFE_INTEGER)
    encoding.writeVarUint(encoder, 1)
  })
  expect(
    await hostile(
      message((encoder) => {
        encoding.writeVarUint(encoder, 0)
        encoding.writeVarUint8Array(encoder, later)
      }),
    ),
  ).toBe(4409)
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array({ maxLength: 64 }),
        fc
          .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }), fc.uint8Array({ maxLength: 64 }))
          .map(([kind, step, rest]) => Uint8Array.of(kind, step, rest.length, ...rest)),
      ),
      async (bytes) => {
        expect(['open', 1007, 1008, 4409]).toContain(await hostile(bytes))
      },
    ),
    { numRuns: 300 },
  )
  const flood = await rawSocket(world, ana, 'home')
  const flooded = closeCode(flood)
  for (let count = 0; count < 200; count++) flood.send(asks)
  expect(await flooded).toBe(1008)
  expect(bystander.codes).toEqual([])
  expect(await (await fetch(`${world.url}/healthz`)).text()).toBe('ok')
  const id = await say(world.site, world.siteId, world.ana.patient, 'Calm', 'All is well')
  const after = joinAs(world, ana, 'messages')
  await expect.poll(() => after.doc.getMap('messages').has(id)).toBe(true)
})

it('a view is one document for all pages of its reader, and is gone with the last of them', async () => {
  const browser = await signIn(world, world.ana)
  const writer = (client: Client): number[] => [...Y.decodeStateVector(Y.encodeStateVector(client.doc)).keys()]
  const [first, second] = [joinAs(world, browser, 'plan'), joinView(world, 'plan', { ticket: await ticketOf(browser) })]
  await synced(first)
  await synced(second)
  expect(writer(second)).toEqual(writer(first))
  leaveAll()
  await expect
    .poll(async () => {
      const next = joinAs(world, browser, 'plan')
      await synced(next)
      next.provider.destroy()
      return writer(next)
    })
    .not.toEqual(writer(first))
})

it('[VIEW-5] a session has at most eight connections; the ninth is told not to come back', async () => {
  const browser = await signIn(world, world.ana)
  const clients = Array.from({ length: 8 }, () => joinAs(world, browser, 'home'))
  for (const client of clients) await synced(client)
  const ninth = joinAs(world, browser, 'home')
  await expect.poll(() => ninth.codes).toEqual([4429])
  clients[0]!.provider.destroy()
  await expect
    .poll(async () => {
      const next = joinAs(world, browser, 'home')
      await expect.poll(() => next.provider.synced || next.codes.length > 0).toBe(true)
      const { synced: taken } = next.provider
      if (!taken) next.provider.destroy()
      return taken
    })
    .toBe(true)
})

it('[VIEW-5] who does not answer is dropped within 30 seconds, who does hears something every ten', async () => {
  const dead = await rawSocket(world, ana, 'home', { autoPong: false })
  const quiet = await rawSocket(world, ana, 'home')
  const closed = closeCode(dead)
  for (const socket of [dead, quiet]) {
    socket.send(asks)
    await new Promise((answered) => void socket.once('message', answered))
  }
  for (let ten = 0; ten < 3; ten++) {
    const heard = new Promise((something) => void quiet.once('message', something))
    const pinged = new Promise((ping) => void quiet.once('ping', ping))
    world.clock.advance(10_000)
    await Promise.all([heard, pinged])
    // The pong is on its way when this is answered.
    const answered = new Promise((pong) => void quiet.once('pong', pong))
    quiet.ping()
    await answered
  }
  expect(await closed).toBe(1006)
  expect(quiet.readyState).toBe(WebSocket.OPEN)
  quiet.terminate()
})

it('[VIEW-5] who takes nothing is closed before more than a few megabytes wait', async () => {
  for (let count = 0; count < 100; count++)
    await say(world.site, world.siteId, world.ben.patient, 'Long', 'x'.repeat(20_000))
  await world.caughtUp()
  const ben = await signIn(world, world.ben)
  const full = joinAs(world, ben, 'messages')
  await expect.poll(() => Object.keys(full.seen()['messages'] ?? {}).length).toBeGreaterThan(100)
  const slow = await rawSocket(world, ben, 'messages')
  const closed = closeCode(slow)
  slow.pause()
  for (let count = 0; count < 20; count++) slow.send(asks)
  let bytes = 0
  slow.on('message', (data: Buffer) => void (bytes += data.length))
  // Nothing is read until the portal has given up.
  const others = joinAs(world, ben, 'home')
  await synced(others)
  world.clock.advance(2_000)
  slow.resume()
  expect([1006, 1013]).toContain(await closed)
  expect(bytes).toBeLessThan(20 * 2_000_000)
  expect(full.codes).toEqual([])
})

it('[VIEW-3] an open page gets over a restart of the portal: it shows the view of now, and nothing of before', async () => {
  const { site, siteId } = world
  const event = ulid()
  const check = morning(60)
  const facts = { ...factsOf(world.ana.patient, siteId), startsAt: check.at }
  const set = {
    words: 'Check',
    startsAt: check.wall,
    minutes: 20,
    location: null,
    status: 'None',
    lastConfirmed: null,
    deleted: false,
  }
  await site.change([{ collection: 'events', key: event, facts, at: Date.now(), set }])
  const client = joinAs(world, ana, 'home')
  await expect.poll(() => client.doc.getMap('events').has(event)).toBe(true)
  await world.restart()
  await site.change([{ collection: 'events', key: event, at: Date.now(), set: { status: 'Canceled' } }])
  await expect.poll(() => client.provider.synced && !client.doc.getMap('events').has(event)).toBe(true)
  expect(client.codes[0]).toBe(1001)
  await world.caughtUp()
  const fresh = joinAs(world, ana, 'home')
  await synced(fresh)
  await expect.poll(() => client.seen()).toEqual(fresh.seen())
  expect(fresh.doc.getMap('events').has(event)).toBe(false)
})
