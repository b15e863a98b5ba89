/** M11: clinical messages until each is acknowledged durably, against storing the same bytes with the same syncs, and against reading them alone. */
import { connect } from 'node:net'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { mllpFrame, mllpFramer } from '../../src/bridges/hl7/mllp.ts'
import type { ClinicalSite } from '../sides/clinical-site.ts'
import { admission, connections } from '../sides/clinical-peer.ts'
import { factor, inWords, thousands, type Measure } from './measure.ts'

/** More than the burst of a hospital whose every patient is sent at once to one practice. */
const least = 100
const rounds = 3
/** A practice's day of messages at once. */
const messagesOf = (documents: number): number => Math.max(connections, documents / 10)

export const messages: Measure = {
  id: 'M11',
  target: `at least ${least} a second`,
  job: (documents) => `${thousands(messagesOf(documents))} HL7 messages over ${connections} connections, each acknowledged when it is stored`, // prettier-ignore
  async run({ documents, dir, processes }) {
    const count = messagesOf(documents)
    const times: Record<'stored' | 'applied' | 'floor' | 'parse', number[]> = { stored: [], applied: [], floor: [], parse: [] } // prettier-ignore
    for (let round = 0; round < rounds; round++) {
      const site = processes.start<ClinicalSite>('sides/clinical-site.ts', 'clinical-site')
      times.parse.push(await site.call('parse', count))
      times.floor.push(await sendAll(await site.call('openFloor', join(dir, `messages-${round}.sqlite`)), count))
      await site.call('closeFloor')
      for (const [name, answers] of [['stored', 'when stored'], ['applied', 'when applied']] as const) {
        const folder = join(dir, `hl7 ${round} ${name}`)
        mkdirSync(folder)
        times[name].push(await sendAll(await site.call('open', folder, answers), count))
        const { messages: held, patients } = await site.call('stored')
        if (held !== count || (name === 'applied' && patients !== count)) throw new Error(`${held} messages are stored and ${patients} patients made, of ${count}.`) // prettier-ignore
        await site.call('close')
      }
      await site.end()
    } // prettier-ignore
    const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
    const [ours, applied, floor, parse] = [median(times.stored), median(times.applied), median(times.floor), median(times.parse)] // prettier-ignore
    const rate = (seconds: number): string => thousands(count / seconds)
    return {
      ours: `${rate(ours)} a second (${rate(applied)} when each is acknowledged as it was applied)`,
      against: `floor ${rate(floor)} a second, reading alone ${inWords(parse)} for all`,
      comesTo: `${factor(ours / floor)} x the floor, ${factor(ours / parse)} x reading alone`,
      met: count / ours >= least,
      json: { ours, floor, ratio: ours / floor, applied, parse, overParse: ours / parse, messagesPerSecond: count / ours }, // prettier-ignore
    }
  },
}

/** Sends messages over all connections, each waiting for its answer; resolves with the seconds until the last one has come. */
async function sendAll(port: number, count: number): Promise<number> {
  const began = performance.now()
  await Promise.all(Array.from({ length: connections }, (_, peer) => sendOver(port, peer, count)))
  return (performance.now() - began) / 1000
}

async function sendOver(port: number, peer: number, count: number): Promise<void> {
  const done = Promise.withResolvers<void>()
  const socket = connect(port, '127.0.0.1')
  const framer = mllpFramer(1024 * 1024)
  let next = peer
  const send = (): void => {
    if (next >= count) return done.resolve()
    socket.write(mllpFrame(Buffer.from(admission(peer, next))))
    next += connections
  }
  socket.on('connect', send)
  socket.on('error', done.reject)
  socket.on('close', () => done.reject(new Error('The connection ended before all was sent.')))
  socket.on('data', (data: Buffer) => {
    for (const framed of framer.push(data)) {
      if (framed.kind !== 'message') continue
      if (!Buffer.from(framed.bytes).toString().includes('MSA|AA|'))
        return done.reject(new Error('A message was not taken.'))
      send()
    }
  })
  await done.promise
  socket.destroy()
}
