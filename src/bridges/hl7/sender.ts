/**
 * Sends what is queued for a channel, by the class of what went wrong: a peer that is not there is tried again for ever; a
 * message without an answer goes again under the same control id, with only its patients' later ones behind it; an
 * error (AE, CE) goes to the error queue at once, a rejection (AR, CR) after some tries. Order is kept per patient.
 */
import type { Clock } from '../../replica/clock.ts'
import type { OutboundChannel } from './channels.ts'
import type { Acknowledgement } from './acknowledgements.ts'
import { NoAnswer, NotConnected } from './mllp-client.ts'
import type { MessageQueue, QueuedMessage } from './queue-sqlite.ts'
import { inLog } from './verbose.ts'
import { wakingOf } from './waking.ts'

/** Hands a message over; resolves with the answer, or null where there is none to come (a folder). */
export type Deliver = (
  message: QueuedMessage,
  bytes: Uint8Array,
) => Promise<{ answer: Acknowledgement; bytes: Uint8Array } | null>

export interface Sender {
  /** There is something new, or a message was set to be sent again. */
  wake(): void
  /** Why nothing goes at the moment; null where nothing is wrong. */
  problem(): string | null
  stop(): Promise<void>
}

const retryAfter = 10_000
const longestWait = 5 * 60_000

/** Starts to send; `retryMs` is the first wait of a back-off. */
export function startSender(options: {
  readonly channel: OutboundChannel
  readonly queue: MessageQueue
  readonly deliver: Deliver
  readonly clock: Clock
  readonly retryMs?: number
  /** A line for the log of a verbose channel: no content. */
  readonly tell: (line: () => string) => void
}): Sender {
  const { channel, queue, deliver, clock, tell, retryMs = retryAfter } = options
  const backOff = (tries: number): number => Math.min(longestWait, retryMs * 2 ** Math.max(0, tries - 1))
  const waking = wakingOf(clock)
  let problem: string | null = null
  let unreached = 0

  /** The first message that may go now; or when the next may. A patient's messages wait for the ones before. */
  const next = (): { message: QueuedMessage } | { due: number | null } => {
    const blocked = new Set<string>()
    let due: number | null = null
    for (const message of queue.waiting(channel.name, ['queued', 'sent'])) {
      const waits = message.lanes.some((lane) => blocked.has(lane))
      if (!waits && message.due <= clock.now()) return { message }
      if (!waits) due = Math.min(due ?? Infinity, message.due)
      for (const lane of message.lanes) blocked.add(lane)
    }
    return { due }
  }

  const send = async (message: QueuedMessage): Promise<void> => {
    await queue.tried(message.id, 'sent', 0)
    const tries = message.tries + 1
    const bytes = queue.bytesOf(message.id)
    const began = clock.now()
    const tellOf = (what: string): void => tell(() => `${inLog(message)}: ${what}, ${clock.now() - began} ms`)
    const again = async (why: string, wait: number, due: number): Promise<void> => {
      await queue.tried(message.id, 'queued', due)
      tellOf(`${why}, queued, goes again in ${wait} ms`)
    }
    tellOf(`try ${tries}, ${bytes.length} bytes`)
    try {
      const delivered = await deliver(message, bytes)
      problem = null
      unreached = 0
      if (!delivered) {
        await queue.settle(message.id, { state: 'done' })
        return tellOf('done')
      }
      const { answer, bytes: answerBytes } = delivered
      const answered = `answered ${answer.code} in ${answerBytes.length} bytes`
      const isTaken = answer.code === 'AA' || answer.code === 'CA'
      if (!isTaken && answer.code.endsWith('R') && tries <= channel.rejectedRetries)
        return await again(answered, backOff(tries), clock.now() + backOff(tries))
      const state = isTaken ? 'done' : 'error'
      await queue.settle(message.id, { code: answer.code, answer: answerBytes, state, ...(answer.says ? { why: answer.says } : {}) }) // prettier-ignore
      tellOf(`${answered}, ${state}`)
    } catch (error) {
      if (error instanceof NotConnected) {
        problem = error.message
        await again('not reached', backOff(++unreached), 0)
        await waking.idle(backOff(unreached))
      } else if (error instanceof NoAnswer) {
        problem = error.message
        await again('no answer', backOff(tries), clock.now() + backOff(tries))
      } else {
        // Not the peer's fault and not the network's: a person has to look.
        problem = (error as Error).message
        await queue.settle(message.id, { state: 'error', why: (error as Error).message })
        tellOf(`error (${(error as Error).name})`)
      }
    }
  }

  const run = async (): Promise<void> => {
    while (!waking.isEnded()) {
      waking.begin()
      try {
        const found = next()
        if ('message' in found) {
          await send(found.message)
          if (channel.perMinute > 0) await waking.pause(60_000 / channel.perMinute)
        } else await waking.idle(found.due === null ? null : Math.max(0, found.due - clock.now()))
      } catch (error) {
        // The queue cannot be read or written, as where the disk is full: that passes.
        problem = `The queue cannot be used: ${(error as Error).message}`
        await waking.pause(backOff(++unreached))
      }
    }
  }
  const running = run()

  return {
    wake: waking.wake,
    problem: () => problem,
    async stop() {
      waking.end()
      await running
    },
  }
}
