/**
 * A site as a process that is killed with signal 9 while peers send to it without pause: each sends a message again until it
 * is answered. What was acknowledged must be in InSched once, and so must everything else when the peers are done.
 */
import { connect } from 'node:net'
import { parseMessage, segmentOf, textAt } from '../../src/bridges/hl7/message.ts'
import { mllpFrame, mllpFramer } from '../../src/bridges/hl7/mllp.ts'
import { enrollPractice, freePort, run, type Launched } from '../cli/office.ts'
import { adt } from './hl7-world.ts'

export interface KilledRun {
  readonly kills: number
  readonly acknowledged: number
  /** How often a message was sent that had no answer before. */
  readonly again: number
  /** What is wrong, as sentences. */
  readonly faults: string[]
}

const peers = 3

/** Kills the site so many times, each so many milliseconds after it is ready (`wait` draws them), and looks at what is left. */
export async function runKilled(kills: number, wait: () => number): Promise<KilledRun> {
  const practice = await enrollPractice({ sites: 1, patients: 5 })
  const [{ dir, insched, launch }] = practice.sites as [(typeof practice.sites)[0]]
  const port = await freePort()
  const added = await run('hl7', 'channel', 'add', 'ehr', '--listen', `127.0.0.1:${port}`, '--data', dir)
  if (added.code !== 0) throw new Error(added.sentence)
  const acknowledged: string[] = []
  let [again, done] = [0, false]
  const peer = async (number: number): Promise<void> => {
    for (let i = 0; !done; i++) {
      const control = `P${number}x${i}`
      again += await sentUntilAnswered(port, control)
      acknowledged.push(control)
    }
  }
  let site: Launched = launch()
  await site.ready
  const sending = Array.from({ length: peers }, (_, number) => peer(number))
  const faults: string[] = []
  try {
    for (let i = 0; i < kills; i++) {
      await new Promise((resolve) => void setTimeout(resolve, wait()))
      await site.kill('SIGKILL')
      site = launch()
      await site.ready
    }
    done = true
    await Promise.all(sending)
    const count = insched.prepare('select count(*) from patients where first_name = ?').pluck()
    const waiting = async (): Promise<string[]> => acknowledged.filter((control) => count.get(control) === 0)
    for (let looks = 0; looks < 100 && (await waiting()).length > 0; looks++) await new Promise((resolve) => void setTimeout(resolve, 100)) // prettier-ignore
    for (const control of acknowledged) {
      const rows = count.get(control) as number
      if (rows !== 1) faults.push(`${control} was acknowledged and is in InSched ${rows} times`)
    }
    const { result } = await run('hl7', 'channel', 'list', '--data', dir)
    const states = result.items[0].states as Record<string, number>
    if (states['applied'] !== acknowledged.length || Object.keys(states).length !== 1) faults.push(`The queue has ${JSON.stringify(states)} where ${acknowledged.length} were acknowledged`) // prettier-ignore
  } finally {
    done = true
    await site.kill('SIGKILL')
    await practice.portal.kill()
    insched.close()
  }
  return { kills, acknowledged: acknowledged.length, again, faults }
}

/** Sends a registration until it is answered; resolves with how often it was sent again. */
export async function sentUntilAnswered(port: number, control: string): Promise<number> {
  let again = 0
  while (!(await sent(port, control))) again++
  return again
}

/** Whether a registration under this control id was answered AA; false where the connection ended before. */
function sent(port: number, control: string): Promise<boolean> {
  const text = adt(control, control, { event: 'A28' }).replace('Doe^Ann', `Killed^${control}`)
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const framer = mllpFramer(100_000)
    socket.on('connect', () => void socket.write(mllpFrame(Buffer.from(text))))
    socket.on('data', (bytes: Buffer) => {
      for (const framed of framer.push(bytes)) {
        if (framed.kind !== 'message') continue
        const msa = segmentOf(parseMessage(Buffer.from(framed.bytes).toString()), 'MSA')
        resolve(textAt(msa, 1) === 'AA' && textAt(msa, 2) === control)
        socket.destroy()
      }
    })
    socket.on('error', () => {})
    socket.on('close', () => void setTimeout(() => resolve(false), 20))
  })
}
