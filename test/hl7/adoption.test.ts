/** Where the practice lets the agent write no records, staff enter what messages said, and both become one. */
import { expect, it } from 'vitest'
import { inboundApply } from '../../src/bridges/hl7/inbound.ts'
import { segmentOf, textAt } from '../../src/bridges/hl7/message.ts'
import { pageIndex } from '../../src/server/page-index.ts'
import { clock, ulid } from '../replica/world.ts'
import { acknowledges, listening, openWorld, rawPeer, site } from './hl7-world.ts'

const msh = (kind: string, control: string): string =>
  `MSH|^~\\&|EHR|HOSP|PC|BLOOM|20261124080000||${kind}|${control}|P|2.5`
const pid = 'PID|1||5001^^^HOSP||Nuñez^Élodie||19840312'
const sch = 'SCH||A1|||||||30|min|^^^20270107090000'

it('[DOM-16] [DOM-17] what staff enter by name and birth date, and an event at the same start, is what the messages said', async () => {
  const { bridge, replica } = await openWorld({
    insched: {
      writeRecord: async () => ({ why: 'The mapping does not let the agent write.' }),
      localOf: async () => undefined,
      documentOf: async () => undefined,
      billingOf: async () => ({ guarantor: undefined, insurances: [] }),
    },
    applyWith: (replica) => (queue, wakeWriter) =>
      inboundApply({
        queue,
        wakeWriter,
        replica,
        site,
        zone: async () => 'America/Phoenix',
        numbers: {
          localOf: async () => undefined,
          documentOf: async () => undefined,
          billingOf: async () => ({ guarantor: undefined, insurances: [] }),
        },
        mint: ulid,
        clock,
      }),
  })
  replica.follow({ name: 'index', collections: ['patients', 'events', 'reviews'], handle: pageIndex(replica) })
  bridge.start()
  const peer = await rawPeer(await listening(bridge))
  const send = async (kind: string, control: string, ...segments: string[]): Promise<string> => {
    peer.send([msh(kind, control), ...segments, ''].join('\r'))
    const answer = await peer.answer()
    return `${acknowledges(answer)} ${textAt(segmentOf(answer, 'ERR'), 3)}`.trim()
  }
  expect(await send('ADT^A28', 'M1', pid)).toBe('AA M1')
  expect(await send('SIU^S12', 'M2', sch, pid)).toBe('AA M2')
  const open = async () => (await replica.index({ view: 'review', state: 'open' })).length
  await expect.poll(open).toBe(2)
  // As the reader says rows that it meets for the first time.
  const [patient, event] = [ulid(), ulid()]
  const facts = { patient, site, shown: true, reachable: true, startsAt: null }
  await replica.change([{ collection: 'patients', key: patient, facts, set: { firstName: 'ELODIE', lastName: 'Nunez', birthDate: '1984-03-12', deleted: false, survivor: null }, at: clock.now() }]) // prettier-ignore
  await expect.poll(open).toBe(1)
  const startsAt = Date.parse('2027-01-07T16:00Z')
  await replica.change([{ collection: 'events', key: event, facts: { ...facts, startsAt }, set: { startsAt: '2027-01-07T09:00', minutes: 45, status: 'None', location: null, words: 'Visit', deleted: false }, at: clock.now() }]) // prettier-ignore
  await expect.poll(open).toBe(0)
  // By the peer's ids messages reach what staff entered; the patient has one event.
  expect(await send('SIU^S15', 'M3', sch, pid)).toBe('AA M3')
  expect((await replica.record('events', event))!.fields).toMatchObject({ status: 'Canceled', minutes: 45 })
  const rows = await Promise.all((await replica.list('events')).map(({ key }) => replica.record('events', key)))
  expect(rows.filter((row) => row!.fields['deleted'] === false)).toHaveLength(1)
  // Somebody of that name and birth date under another id is not registered a second time.
  expect(await send('ADT^A28', 'M4', pid.replace('5001', '7777'))).toBe('AE M4 205')
})
