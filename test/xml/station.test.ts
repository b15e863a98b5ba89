/** A station without an agent: what it uploads is at the portal by the same rules as any site's, what patients say comes down once, and it is written when the station says so. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { foldConfirmations } from '../../src/replica/kinds/confirmations.ts'
import { foldPayments } from '../../src/replica/kinds/payments.ts'
import { stationSource } from '../../src/bridges/xml/station-source.ts'
import { openStationStore, type StationStore } from '../../src/bridges/xml/station-sqlite.ts'
import { clock, fileReplica, folder, master, ulid } from '../replica/world.ts'
import { wrongBySchema } from './exchange-schema.ts'
import { confirms, openStationWorld, textOf, upload, type StationWorld } from './station-world.ts'

const day = (days: number): string => new Date(clock.now() + days * 86_400_000).toISOString().slice(0, 10)
const ann =
  '<patient id="17"><firstName>Ann</firstName><lastName>Lee</lastName><birthDate>1990-05-04</birthDate><email>ann@example.com</email><portalEnabled>true</portalEnabled></patient>'
const plan =
  '<plan id="5" patient="17"><words>Your treatment</words><status>Active</status><stage id="8"><position>1</position><words>First visit</words><completed>true</completed></stage><stage id="9"><position>2</position><words>Second visit</words></stage></plan>'
const eventAt = (startsAt: string, more = ''): string => `<event id="12" patient="17"><words>Visit</words><startsAt>${startsAt}</startsAt><minutes>30</minutes>${more}</event>` // prettier-ignore
const nine = `${day(10)}T09:00`
const states = async (world: StationWorld, event: string) => foldConfirmations(await world.replica.entries('confirmations', event)).map(({ state }) => state) // prettier-ignore

it('what a station uploads is at the portal, and again changes nothing; only who can be reached leaves', async () => {
  const world = await openStationWorld()
  const body = `${ann}${plan}${eventAt(nine)}<patient id="18"><lastName>Quiet</lastName></patient>`
  const { status, text, root } = await world.ask('/exchange/upload', { body: `<?xml version="1.0"?><upload xmlns="urn:patientconnection:exchange:1" version="1.0">${body}</upload>` }) // prettier-ignore
  expect([status, wrongBySchema(text), root.attributes]).toMatchObject([200, null, { patients: '2', plans: '1', stages: '2', events: '1', removed: '0' }]) // prettier-ignore
  expect(await world.atPortal('patients')).toMatchObject([{ firstName: 'Ann', birthDate: '1990-05-04', portalEnabled: true }]) // prettier-ignore
  expect(await world.atPortal('events')).toMatchObject([{ words: 'Visit', startsAt: nine, status: 'None' }])
  expect(await world.atPortal('plans')).toMatchObject([{ 'stage/8/completed': true, 'stage/9/words': 'Second visit' }])
  const [head] = await world.replica.list('events')
  expect(head!.facts).toMatchObject({ site: world.site, shown: true, reachable: true, startsAt: Date.parse(`${nine}:00-07:00`) }) // prettier-ignore
  expect(await world.upload(body)).toBe('')
  expect(await world.replica.list('events')).toEqual([head])
})

it('a confirmation comes down once, and is written when the station has acknowledged it', async () => {
  const world = await openStationWorld()
  expect(await world.upload(ann + eventAt(nine))).toBe('')
  const event = await world.keyOf('events', 'startsAt', nine)
  await confirms(world, event, nine)
  const { text } = await world.ask('/exchange/download')
  expect(wrongBySchema(text)).toBeNull()
  const [item, ...more] = await world.items()
  expect(more).toEqual([])
  expect(item!.attributes).toMatchObject({ item: '1', patient: '17', event: '12', state: 'write' })
  expect([textOf(item!, 'startsAt'), textOf(item!, 'confirmationType')]).toEqual([nine, 'Portal'])
  expect(await states(world, event)).toEqual(['sent'])
  // Asked again before it is acknowledged it is the same item.
  expect(await world.items()).toEqual([item])
  expect(await world.acknowledge(1)).toBe('')
  expect(await states(world, event)).toEqual(['written'])
  expect(await world.atPortal('events')).toMatchObject([{ lastConfirmed: textOf(item!, 'lastConfirmedDate'), confirmationType: 'Portal', status: 'None' }]) // prettier-ignore
  expect(await world.items()).toEqual([])
  expect(await world.acknowledge(1)).toBe('')
})

it('an answer for a time that the event no longer has confirms nothing, and is a review (DOM-3)', async () => {
  const world = await openStationWorld()
  const ten = nine.replace('T09', 'T10')
  await world.upload(ann + eventAt(nine))
  const event = await world.keyOf('events', 'startsAt', nine)
  await world.upload(eventAt(ten))
  await confirms(world, event, nine)
  const items = await world.items()
  expect(items.map(({ name, attributes }) => `${name} ${attributes['state']}`).toSorted()).toEqual(['confirmation set aside', 'review open']) // prettier-ignore
  expect(await states(world, event)).toEqual(['set aside'])
  // What the station itself found moved is set aside too.
  await confirms(world, event, ten)
  const written = (await world.items()).find(({ attributes }) => attributes['state'] === 'write')!
  const number = Number(written.attributes['item'])
  expect(await world.acknowledge(number, `<notWritten item="${number}" why="canceled"/>`)).toBe('')
  expect(await states(world, event)).toEqual(['set aside', 'set aside'])
})

it('messages and requests come down with the station’s numbers, after Combine the Survivor’s (DOM-10)', async () => {
  const world = await openStationWorld()
  await world.upload(`${ann}<patient id="19"><firstName>Anne</firstName><lastName>Lee</lastName><birthDate>1990-05-04</birthDate><portalEnabled>true</portalEnabled></patient>${eventAt(nine)}`) // prettier-ignore
  const patient = await world.keyOf('patients', 'firstName', 'Ann')
  // As InSched combines: what the Donor had is the Survivor's.
  await world.upload(ann.replace('</patient>', '<survivor>19</survivor></patient>') + eventAt(nine).replace('17', '19'))
  const facts = { patient, site: world.site, shown: true, reachable: true, startsAt: null }
  const said = { at: clock.now(), by: { role: 'patient' as const, id: patient, name: 'Ann Lee' } }
  const event = await world.keyOf('events', 'startsAt', nine)
  await world.replica.change([
    { collection: 'messages', key: patient, facts, add: { [ulid()]: { kind: 'message', ...said, thread: ulid(), subject: 'A question', text: 'May I eat <before>?\u0001' } } }, // prettier-ignore
    { collection: 'requests', key: patient, facts, add: { [ulid()]: { kind: 'declined', ...said, event, startsAt: nine, note: 'I am away' }, asked: { kind: 'contact change', ...said, fields: { cellPhone: '+1 480 555 0100' } } } }, // prettier-ignore
  ])
  const items = await world.items()
  expect(wrongBySchema((await world.ask('/exchange/download')).text)).toBeNull()
  const message = items.find(({ name }) => name === 'message')!
  expect(message.attributes).toMatchObject({ patient: '19', direction: 'in' })
  expect(textOf(message, 'text')).toBe('May I eat <before>?\uFFFD')
  const asks = items.filter(({ name }) => name === 'request')
  expect(asks.map(({ attributes }) => `${attributes['asks']} ${attributes['patient']} ${attributes['event']}`).toSorted()).toEqual(['contact change 19 undefined', 'declined 19 12']) // prettier-ignore
  const change = asks.find(({ attributes }) => attributes['asks'] === 'contact change')!
  expect(await world.acknowledge(items.length, `<answered item="${change.attributes['item']}" as="accepted"/>`)).toBe(
    '',
  )
  const entries = await world.replica.entries('requests', patient)
  expect(entries.map(({ kind }) => kind).toSorted()).toEqual(['accepted', 'contact change', 'declined'])
  expect(await world.acknowledge(items.length, `<deposit item="${change.attributes['item']}" id="4"/>`)).toContain('is no payment') // prettier-ignore
  expect(await world.acknowledge(items.length + 1)).toContain('there is no item')
})

it('a payment comes down once for each thing that moved it, and is posted under the station’s deposit (DOM-11)', async () => {
  const world = await openStationWorld()
  await world.upload(ann)
  const patient = await world.keyOf('patients', 'firstName', 'Ann')
  const facts = { patient, site: world.site, shown: true, reachable: true, startsAt: null }
  const [payment, by] = [ulid(), { role: 'portal' as const, id: world.replica.id }]
  const amount = { minor: 2_500, currency: 'usd' }
  const pay = (add: object) =>
    world.replica.change([{ collection: 'payments', key: patient, facts, add: add as never }])
  await pay({ [payment]: { kind: 'started', at: clock.now(), by, amount }, paid: { kind: 'paid', at: clock.now(), by, payment, amount, transaction: 'pi_1', brand: 'visa', last4: '4242', authorization: 'A1' } }) // prettier-ignore
  const [paid] = await world.items()
  expect(paid!.attributes).toMatchObject({ item: '1', patient: '17', payment })
  expect([textOf(paid!, 'amountCents'), textOf(paid!, 'refundedCents'), textOf(paid!, 'transaction')]).toEqual(['2500', '0', 'pi_1']) // prettier-ignore
  expect(await world.acknowledge(1, '<deposit item="1" id="881"/>')).toBe('')
  const folded = async () => foldPayments(await world.replica.entries('payments', patient)).payments[0]!
  expect((await folded()).posted).toMatchObject({ deposit: 881 })
  await pay({ back: { kind: 'refunded', at: clock.now(), by, payment, refund: 're_1', amount: { minor: 500, currency: 'usd' }, state: 'done' } }) // prettier-ignore
  const [refunded, ...more] = await world.items()
  expect([textOf(refunded!, 'refundedCents'), more]).toEqual(['500', []])
  expect(await world.acknowledge(2, '<deposit item="2" id="881"/>')).toBe('')
  expect((await folded()).deposits).toMatchObject([{ deposit: 881, amounts: { amount: 2_500, refunded: 500 } }])
})

it.each([
  ['a plan of a patient whom nobody knows', `${ann}<plan id="5" patient="99"/>`, 'plan 5: names patient 99'],
  ['a Donor of a Survivor whom nobody knows', ann.replace('</patient>', '<survivor>99</survivor></patient>'), 'patient 17: names patient 99'],
  ['a record twice', ann + ann, 'stands in the upload twice'],
  ['a record that is removed too', `${ann}<removed record="patient" id="17"/>`, 'is removed in it'],
  ['a status that is none', ann + eventAt(nine, '<status>Confirmed</status>'), 'event 12: status'],
  ['another person under the number', '<patient id="30"><firstName>Zoe</firstName><lastName>Ray</lastName><birthDate>1950-01-01</birthDate></patient>', 'may be another person'],
  ['a file that is cut off', `${ann}</patient>`, 'XML'],
])('%s is refused with a sentence, and nothing of the upload was done', async (_, inner, sentence) => {
  const world = await openStationWorld()
  const bob = '<patient id="30"><firstName>Bob</firstName><lastName>Ray</lastName><birthDate>1980-01-01</birthDate><portalEnabled>true</portalEnabled></patient>'
  expect(await world.upload(bob)).toBe('')
  expect(await world.upload(inner)).toContain(sentence)
  expect(await world.atPortal('patients')).toMatchObject([{ firstName: 'Bob', birthDate: '1980-01-01' }])
  expect(await world.upload(bob.replace('Bob', 'Rob'))).toBe('')
  expect(await world.atPortal('patients')).toMatchObject([{ firstName: 'Rob' }])
}) // prettier-ignore

it('what is removed is shown no more, and an upload of all records removes what it does not name', async () => {
  const world = await openStationWorld()
  const others = [31, 32].map((id) => ann.replaceAll('17', String(id)).replace('Ann', `P${id}`)).join('')
  await world.upload(ann + plan + eventAt(nine) + others)
  expect(await world.upload('<removed record="event" id="12"/><removed record="event" id="4000"/>')).toBe('')
  expect(await world.atPortal('events')).toEqual([])
  // The number again is another record (DOM-17).
  await world.upload(eventAt(nine))
  expect((await world.replica.list('events')).length).toBe(2)
  expect(await world.upload(ann + others.slice(0, others.length / 2), ' whole="true"')).toBe('')
  expect((await world.atPortal('patients')).map(({ firstName }) => String(firstName)).toSorted()).toEqual([
    'Ann',
    'P31',
  ])
  expect(await world.atPortal('events')).toEqual([])
  expect(await world.atPortal('plans')).toEqual([])
})

it('what the portal narrows does not leave the station', async () => {
  const world = await openStationWorld()
  await world.portal.narrow(world.site, [{ key: 'patients.fields', value: 'cellPhone', content: undefined }], 'a test')
  await world.portal.narrow(world.site, [{ key: 'events.daysAhead', value: '5', content: undefined }], 'a test')
  await world.ask('/exchange/download')
  await world.upload(ann + eventAt(nine))
  expect((await world.atPortal('patients'))[0]).not.toHaveProperty('email')
  expect(await world.atPortal('events')).toEqual([])
})

it('an upload that was taken is done to its end, whatever broke off in between', async () => {
  const [dir, practice, id, site] = [folder(), ulid(), ulid(), ulid()]
  const replica = await fileReplica(join(dir, 'replica.sqlite'), practice, id)
  onTestFinished(() => replica.close())
  const source = (store: StationStore, mostChanges: number) => {
    let changes = 0
    const dying = { ...replica, change: async (...edits: Parameters<typeof replica.change>) => (++changes > mostChanges ? Promise.reject(new Error('killed')) : replica.change(...edits)) } // prettier-ignore
    return stationSource({ store, replica: dying, site: { key: site, name: 'Mesa' }, practice: { name: 'Bloom', zone: 'UTC' } }) // prettier-ignore
  }
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(upload(ann + plan + eventAt(nine)))
  }
  for (let most = 0; ; most++) {
    const store = openStationStore(join(dir, 'station.sqlite'), master, clock)
    const outcome = most === 0 ? source(store, 0).upload(body()) : source(store, 1).goOn()
    const died = await outcome.then(() => false, () => true) // prettier-ignore
    store.close()
    if (!died) break
    if (most < 4) continue
    const last = openStationStore(join(dir, 'station.sqlite'), master, clock)
    await source(last, Infinity).goOn()
    expect(last.taken()).toBeUndefined()
    last.close()
    break
  }
  for (const collection of ['practice', 'patients', 'plans', 'events'] as const) expect(await replica.list(collection)).toHaveLength(1) // prettier-ignore
})

it('nothing of a person stands in the files of a station', async () => {
  const world = await openStationWorld()
  await world.upload(ann + plan + eventAt(nine))
  const event = await world.keyOf('events', 'startsAt', nine)
  await confirms(world, event, nine)
  expect(await world.items()).toHaveLength(1)
  const files = (at: string): string[] => readdirSync(at).flatMap((name) => (statSync(join(at, name)).isDirectory() ? files(join(at, name)) : [join(at, name)])) // prettier-ignore
  const contents = Buffer.concat(files(world.dir).map((file) => readFileSync(file))).toString('latin1')
  for (const word of ['Ann', 'ann@example.com', '1990-05-04', 'Your treatment']) expect(contents).not.toContain(word)
})

it('without the token of a station nothing is told and nothing is taken; wrong ones are throttled; a revoked one is worth nothing', async () => {
  const world = await openStationWorld()
  const body = ann
  for (const path of ['/exchange/upload', '/exchange/acknowledgement', '/exchange/download', '/exchange/other']) {
    const sent = path.endsWith('upload') || path.endsWith('acknowledgement') ? { body } : {}
    expect(await world.ask(path, { ...sent, token: null })).toMatchObject({ status: 401 })
  }
  const other = await world.portal.addStation({ practice: world.practice, name: 'Tempe' })
  const answer = await world.ask('/exchange/download', { token: other.token })
  expect(answer).toMatchObject({ status: 200 })
  const renewed = world.portal.renewToken(other.siteId)
  await world.portal.revokeDevice(world.site)
  const answers = [other.token, undefined].map((token) => world.ask('/exchange/download', token === undefined ? {} : { token })) // prettier-ignore
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([401, 401])
  expect(await world.ask('/exchange/download', { token: renewed.token })).toMatchObject({ status: 200 })
  let status = 0
  for (let i = 0; i < 20 && status !== 429; i++) status = (await world.ask('/exchange/download', { token: 'x' })).status
  expect(status).toBe(429)
})
