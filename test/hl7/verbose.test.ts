/** The verbose log of a channel: it tells support what happened to each message, nothing of what stands in one, and it ends by itself. */
import { expect, it } from 'vitest'
import type { Clock } from '../../src/replica/clock.ts'
import { clock } from '../replica/world.ts'
import { ack, acknowledges, adt, controlOf, listening, openWorld, portOf, rawPeer, rawServer } from './hl7-world.ts'

/** A clock of which a test sets the time; timers run as they do. */
function heldClock(): Clock & { pass(ms: number): void } {
  let now = Date.UTC(2026, 10, 24, 8)
  return { ...clock, now: () => now, pass: (ms) => void (now += ms) }
}
const verboseLines = (said: readonly string[]): string[] => said.filter((line) => line.includes(': verbose ')).map((line) => line.replaceAll(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, 'ID')) // prettier-ignore

it('while it is on, the log says sizes, times, control id, kind, code and state of what comes, and nothing of what stands in it; after its end nothing', async () => {
  const held = heldClock()
  let faults = 1
  const { bridge, said } = await openWorld({
    clock: held,
    applies: async () => {
      if (faults-- > 0) throw new Error('the patient Doe is locked')
      return {}
    },
  })
  bridge.start()
  const peer = await rawPeer(await listening(bridge))
  const text = adt('M1', '4711', { msh15: 'AL', msh16: 'AL' })
  expect(await bridge.verbose('ehr', 5)).toBe('2026-11-24T08:05:00.000Z')
  peer.send(text)
  for (const code of ['CA', 'AA']) expect(acknowledges(await peer.answer())).toBe(`${code} M1`)
  // What a peer writes for a control id or a kind is not always one.
  peer.send(adt('Doe Ann 1970', '4712', { event: 'X Doe' }), 'Doe^Ann')
  expect([acknowledges(await peer.answer()), acknowledges(await peer.answer())]).toEqual(['AA Doe Ann 1970', 'AR '])
  const at = 'hl7 ehr: verbose 2026-11-24T08:00:00.000Z'
  const lines = verboseLines(said)
  expect(lines).toEqual(expect.arrayContaining([
    `${at} ${text.length} bytes came in a frame, messages: 1`,
    `${at} message ID, ADT^A08, control id M1: stored, ${text.length} bytes, on disk in 0 ms`,
    expect.stringMatching(/message ID, ADT\^A08, control id M1: answered CA in \d+ bytes$/),
    `${at} message ID, ADT^A08, control id M1: tried again in 250 ms`,
    expect.stringMatching(/message ID, ADT\^A08, control id M1: applied, answered AA in \d+ bytes, 0 ms after it came$/),
    expect.stringMatching(/message ID, of an odd kind, a control id of 12 characters: applied, answered AA/),
    expect.stringMatching(/message ID, unreadable: error, answered AR in \d+ bytes$/),
    expect.stringMatching(/an answer went, \d+ bytes$/),
  ])) // prettier-ignore
  expect(said.join('\n')).not.toMatch(/Doe|Ann|4711|4712|HOSP|PID/)
  held.pass(5 * 60_000 - 1)
  expect(bridge.status()[0]!.verboseUntil).toBe('2026-11-24T08:05:00.000Z')
  held.pass(1)
  expect(bridge.status()[0]!.verboseUntil).toBeNull()
  const before = said.length
  peer.send(adt('M2', '4711'))
  expect(acknowledges(await peer.answer())).toBe('AA M2')
  peer.socket.destroy()
  await expect.poll(() => bridge.status()[0]!.connections).toBe(0)
  expect(said.slice(before)).toEqual([])
})

it('of what goes it says each try, how it was answered, and when it goes again', async () => {
  const held = heldClock()
  const { bridge, said } = await openWorld({ clock: held, retryMs: 0 })
  const { port } = await rawServer((message, times) => (times === 1 ? ack('AR', controlOf(message)) : ack('AE', controlOf(message)).replace('\rMSA|AE|M1', '\rMSA|AE|M1|Doe is dead'))) // prettier-ignore
  await bridge.add({ name: 'lab', direction: 'out', to: { by: 'mllp', host: '127.0.0.1', port } })
  await bridge.verbose('lab', 1)
  bridge.start()
  const text = adt('M1', '4711')
  const { id } = await bridge.send('lab', Buffer.from(text))
  await expect.poll(() => bridge.message(id).state).toBe('error')
  await expect.poll(() => verboseLines(said)).toHaveLength(5)
  const of = 'hl7 lab: verbose 2026-11-24T08:00:00.000Z message ID, ADT^A08, control id M1:'
  const size = ack('AR', 'M1').length
  expect(verboseLines(said)).toEqual([
    `${of} queued, ${text.length} bytes`,
    `${of} try 1, ${text.length} bytes, 0 ms`,
    `${of} answered AR in ${size} bytes, queued, goes again in 0 ms, 0 ms`,
    `${of} try 2, ${text.length} bytes, 0 ms`,
    `${of} answered AE in ${size + '|Doe is dead'.length} bytes, error, 0 ms`,
  ])
  expect(said.join('\n')).not.toContain('Doe')
})

it('its end holds across a new start, whether that is before it or after; a channel that is removed and added anew is not verbose', async () => {
  const held = heldClock()
  const { bridge, again } = await openWorld({ clock: held })
  bridge.start()
  await listening(bridge)
  await bridge.verbose('ehr', 1_440)
  await bridge.close()
  held.pass(86_400_000 - 1)
  const second = again()
  expect(second.status()[0]!.verboseUntil).toBe('2026-11-25T08:00:00.000Z')
  await second.close()
  held.pass(1)
  const third = again()
  expect(third.status()[0]!.verboseUntil).toBeNull()
  // A clock that was put back makes it no longer than it may be.
  await third.verbose('ehr', 1_440)
  held.pass(-1)
  expect(third.status()[0]!.verboseUntil).toBeNull()
  await third.verbose('ehr', 5)
  expect(third.status()[0]!.verboseUntil).not.toBeNull()
  third.start()
  await portOf(third, 'ehr')
  await third.remove('ehr')
  await listening(third)
  expect(third.status()[0]!.verboseUntil).toBeNull()
})

it('a number of minutes that is none, and a channel that is not there, are refused with a sentence', async () => {
  const { bridge } = await openWorld()
  bridge.start()
  await listening(bridge)
  for (const minutes of [-1, 1.5, 1_441, Number.NaN]) await expect(bridge.verbose('ehr', minutes)).rejects.toThrow('Give a whole number of minutes from 1 to 1440 (24 hours), or 0 to end it now.') // prettier-ignore
  await expect(bridge.verbose('nobody', 5)).rejects.toThrow('There is no channel nobody.')
  expect(bridge.status()[0]!.verboseUntil).toBeNull()
})
