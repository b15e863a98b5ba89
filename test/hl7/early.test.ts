/** A change that comes before the message that books what it changes: it waits, then follows it, or books by itself and staff are told. */
import { expect, it } from 'vitest'
import { inboundApply } from '../../src/bridges/hl7/inbound.ts'
import { clock, ulid } from '../replica/world.ts'
import { acknowledges, adt, listening, openWorld, rawPeer, site } from './hl7-world.ts'

const numbers = { localOf: async () => undefined, documentOf: async () => undefined, billingOf: async () => ({ guarantor: undefined, insurances: [] }) } // prettier-ignore
const siu = (event: string, control: string, day: string): string => `MSH|^~\\&|EHR|HOSP|PC|BLOOM|202703${day}080000||SIU^${event}|${control}|P|2.5\rSCH||F9|||||||||^^^202704${day}090000^202704${day}093000\rPID|||7^^^HOSP\r` // prettier-ignore

/** A world in which a minute of waiting is over at once when `hurry` is called. */
async function world() {
  let [ahead, due] = [0, (): void => {}]
  const held = { ...clock, now: () => clock.now() + ahead, after: (ms: number, run: () => void) => (ms > 50_000 && ms <= 60_000 ? ((due = run), () => {}) : clock.after(ms, run)) } // prettier-ignore
  const opened = await openWorld({
    clock: held,
    applyWith: (replica) => (queue, wakeWriter) => inboundApply({ queue, wakeWriter, replica, numbers, site, zone: async () => 'UTC', mint: ulid, clock: held }), // prettier-ignore
  })
  opened.bridge.start()
  const peer = await rawPeer(await listening(opened.bridge))
  peer.send(adt('M1', '7', { event: 'A28' }))
  expect(acknowledges(await peer.answer())).toBe('AA M1')
  const starts = async (): Promise<unknown[]> =>
    Promise.all((await opened.replica.list('events')).map(async ({ key }) => (await opened.replica.record('events', key))!.fields['startsAt'])) // prettier-ignore
  return { ...opened, peer, starts, hurry: () => ((ahead += 60_000), due()) }
}

it('a move that comes before its booking is answered, waits for it, and then moves what was booked', async () => {
  const { bridge, peer, starts, reviews } = await world()
  peer.send(siu('S13', 'M2', '05'))
  expect(acknowledges(await peer.answer())).toBe('AA M2')
  expect(await starts()).toEqual([])
  expect(bridge.status()[0]!.states).toEqual({ applied: 1, received: 1 })
  peer.send(siu('S12', 'M3', '04'))
  expect(acknowledges(await peer.answer())).toBe('AA M3')
  await expect.poll(starts).toEqual(['2027-04-05T09:00'])
  await expect.poll(() => bridge.status()[0]!.states).toEqual({ applied: 3 })
  expect(await reviews()).toEqual([])
})

it('one whose booking does not come in a minute books by itself, and staff are told; the late booking changes nothing', async () => {
  const { bridge, peer, starts, reviews, hurry } = await world()
  peer.send(siu('S13', 'M2', '05'))
  expect(acknowledges(await peer.answer())).toBe('AA M2')
  await expect.poll(() => bridge.status()[0]!.states).toEqual({ applied: 1, received: 1 })
  hurry()
  await expect.poll(starts).toEqual(['2027-04-05T09:00'])
  await expect.poll(reviews).toEqual([expect.stringMatching(/no message had booked within a minute/)])
  peer.send(siu('S12', 'M3', '04'))
  expect(acknowledges(await peer.answer())).toBe('AA M3')
  expect(await starts()).toEqual(['2027-04-05T09:00'])
})

it('one that waits when the site stops is applied after the next start', async () => {
  const { bridge, again, peer, starts, hurry } = await world()
  peer.send(siu('S13', 'M2', '05'))
  expect(acknowledges(await peer.answer())).toBe('AA M2')
  await bridge.close()
  hurry()
  expect(await starts()).toEqual([])
  const next = again()
  next.start()
  await expect.poll(starts).toEqual(['2027-04-05T09:00'])
  await expect.poll(() => next.status()[0]!.states).toEqual({ applied: 2 })
})
