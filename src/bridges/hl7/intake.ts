/**
 * A message that came, from its bytes to its answers. It is stored durably before anything is said of it, applied in its
 * patients' lanes, and answered with what was stored as its answer, so that the same message again is answered the same
 * and done once (HL7 v2, 2.9). What cannot be applied is an error and a review item; a fault that passes is tried again,
 * and the peer has no answer until then.
 */
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import { acknowledge, isAcknowledgement, isEnhanced, isWanted, type AcknowledgementCode, type Answering, type Complaint } from './acknowledgements.ts' // prettier-ignore
import { BadMessage } from './bad-message.ts'
import { authorityOf, type Channel, type InboundChannel } from './channels.ts'
import { encodeMessage } from './character-sets.ts'
import { readMessage, writeMessageBytes } from './encodings.ts'
import type { Lanes } from './lanes.ts'
import { buildMessage, repetitions, segmentOf, segmentsOf, textAt, type Message, type Segment } from './message.ts' // prettier-ignore
import type { MessageQueue, QueuedMessage, Received } from './queue-sqlite.ts'
import { inLog, type VerboseLog } from './verbose.ts'

/** What became of a message. */
export interface Applied {
  readonly patient?: string | null
  /** Done, with a warning that goes into the answer. */
  readonly warnings?: readonly Complaint[]
  /** An answer that is more than an acknowledgement. */
  readonly reply?: Pick<Answering, 'kind' | 'more'>
}
/**
 * Applies a message, all or nothing, and the same again when it is called again for it. Throws BadMessage where that
 * cannot be, ComesLater where it waits for another message; any other throw is a fault that passes.
 */
export type Apply = (message: Message, channel: InboundChannel, queued: QueuedMessage) => Promise<Applied>
/** Opens the review of a message that was not applied. */
export type OpenReview = (queued: QueuedMessage, why: BadMessage, message: Message | undefined) => Promise<void>

/** The answers to a message: the first is due in the order in which messages came, the later one whenever it is there; null: none is wanted. */
export interface Answers {
  readonly first: Promise<Uint8Array | null>
  readonly later: Promise<Uint8Array | null>
}

/** What became of bytes that came as one: the answers of each message in them, and what is wrong with the batch that they were. */
export interface TakenBytes {
  readonly each: readonly Taken[]
  readonly problems: readonly string[]
}
/** The answers, and under which id the message is stored, once it is. */
export interface Taken extends Answers {
  readonly stored: Promise<string>
}

/** What a message is about may come with another one: it is applied then, or at this time by itself. */
export class ComesLater extends Error {
  override readonly name = 'ComesLater'
  readonly until: number
  readonly complaint: Complaint
  constructor(until: number, complaint: Complaint) {
    super(complaint.message)
    this.until = until
    this.complaint = complaint
  }
}

const storedAs = { new: 'stored', again: 'the same again', 'other bytes': 'stored, other content under a known control id' } as const // prettier-ignore
const firstWait = 250
const longestWait = 30_000
const none: Promise<null> = Promise.resolve(null)

export interface IntakeParts {
  readonly queue: MessageQueue
  readonly lanes: Lanes
  readonly clock: Clock
  readonly apply: Apply
  readonly openReview: OpenReview
  /** A line for the log: ids only. */
  readonly say: (line: string) => void
  /** A line for the log of a verbose channel: no content either. */
  readonly tell: VerboseLog['tell']
}
export type Intake = ReturnType<typeof intakeOf>

export function intakeOf(parts: IntakeParts) {
  const { queue, lanes, clock, say, tell } = parts
  /** What is being applied, by id: who sends it again waits for the same. */
  const underWay = new Map<string, Promise<Uint8Array>>()
  const stopping = Promise.withResolvers<never>()
  stopping.promise.catch(() => {})
  let stopped = false
  /** Messages that wait for another one, by id; each is answered already. */
  const held = new Map<
    string,
    { readonly queued: QueuedMessage; readonly again: () => void; readonly cancel: () => void }
  >()
  const hold = (queued: QueuedMessage, channel: InboundChannel, message: Message, until: number): void => {
    const again = (): void => {
      held.get(queued.id)?.cancel()
      held.delete(queued.id)
      // In a turn of its own: what is under way of this message has ended then.
      clock.after(0, () => {
        if (!stopped) applied(queued, channel, message).catch(() => {})
      })
    }
    tell(channel.name, () => `${inLog(queued)}: held for another message until ${new Date(until).toISOString()}`)
    held.set(queued.id, { queued, again, cancel: clock.after(Math.max(0, until - clock.now()), again) })
  }
  /** What waits for a message of one of these patients may go on: one has been applied. */
  const goOnBehind = ({ id, lanes: of }: QueuedMessage): void => {
    for (const one of [...held.values()]) if (one.queued.id !== id && one.queued.lanes.some((lane) => of.includes(lane))) one.again() // prettier-ignore
  }
  const pause = (ms: number): Promise<void> => Promise.race([new Promise<void>((resolve) => void clock.after(ms, resolve)), stopping.promise]) // prettier-ignore

  const answerBytes = (message: Message | undefined, channel: InboundChannel, answering: Omit<Answering, 'id' | 'at'>): Uint8Array => {
    const answer = acknowledge(message, { ...answering, id: mintUlid(clock), at: clock.now() })
    try {
      return writeMessageBytes(answer, channel.characterSet)
    } catch {
      // Of a set that cannot be written, or was never one: an acknowledgement's own words are ASCII.
      return encodeMessage(buildMessage(answer), 'UNICODE UTF-8')
    }
  } // prettier-ignore

  /** Applies a stored message until that is done, one way or the other; resolves with its application answer, stored. */
  const applied = (queued: QueuedMessage, channel: InboundChannel, message: Message): Promise<Uint8Array> => {
    const running = underWay.get(queued.id)
    if (running) return running
    const enhanced = isEnhanced(segmentOf(message, 'MSH'))
    const settle = async (
      code: AcknowledgementCode,
      state: 'applied' | 'filtered' | 'error' | 'received',
      done: Applied & { complaints?: readonly Complaint[] },
    ): Promise<Uint8Array> => {
      const { patient = null, reply, complaints = done.warnings ?? [] } = done
      const answer = answerBytes(message, channel, { code, complaints, ...reply })
      await queue.settle(queued.id, { state, code, answer, patient, ...(complaints[0] ? { why: complaints[0].message } : {}) }) // prettier-ignore
      tell(channel.name, () => `${inLog(queued)}: ${state}, answered ${code} in ${answer.length} bytes, ${clock.now() - queued.at} ms after it came`) // prettier-ignore
      return answer
    }
    const work = async (): Promise<Uint8Array> => {
      for (let wait = firstWait; ; wait = Math.min(longestWait, wait * 2)) {
        if (stopped) await stopping.promise
        try {
          const done = await settle('AA', 'applied', await parts.apply(message, channel, queued))
          goOnBehind(queued)
          return done
        } catch (error) {
          if (error instanceof ComesLater) {
            const answer = await settle('AA', 'received', { complaints: [error.complaint] })
            if (!stopped) hold(queued, channel, message, error.until)
            return answer
          }
          if (error instanceof BadMessage) {
            const complaints = [{ message: error.message, code: error.code, at: error.at, severity: 'E' as const }]
            // A kind of message that is not for this site is no fault of it: the peer is told, and staff are not.
            if (error.rejects) return settle('AR', 'filtered', { complaints })
            if (error.forStaff) await parts.openReview(queued, error, message)
            return settle('AE', 'error', { complaints })
          }
          say(`hl7 ${channel.name}: message ${queued.id} waits: ${(error as Error).name}`)
          tell(channel.name, () => `${inLog(queued)}: tried again in ${wait} ms`)
          await pause(wait)
        }
      }
    }
    const result = lanes.run(queued.lanes, work)
    underWay.set(queued.id, result)
    const forget = (): void => void underWay.delete(queued.id)
    result.then(forget, forget)
    if (enhanced) result.catch(() => {})
    return result
  }

  /** Stores what cannot be read, and refuses it; staff are told once for each reason of a channel. */
  const unreadable = async ({ id }: QueuedMessage, channel: InboundChannel, why: BadMessage): Promise<Uint8Array> => {
    await parts.openReview(queue.message(id)!, why, undefined)
    const complaints = [{ message: why.message, code: why.code, at: why.at, severity: 'E' as const }]
    const code = why.rejects ? 'AR' : 'AE'
    const answer = answerBytes(undefined, channel, { code, complaints })
    await queue.settle(id, { state: 'error', code, answer, why: why.message })
    tell(channel.name, () => `message ${id}, unreadable: error, answered ${code} in ${answer.length} bytes`)
    return answer
  }

  const read = (bytes: Uint8Array, channel: InboundChannel): Message | BadMessage => {
    try {
      return readMessage(bytes, channel.characterSet)
    } catch (error) {
      if (error instanceof BadMessage) return error
      throw error
    }
  }

  const accepted = async (received: Received, channel: InboundChannel, message: Message): Promise<{ commit: Uint8Array | null; application: Promise<Uint8Array | null> }> => {
    const msh = segmentOf(message, 'MSH')
    const enhanced = isEnhanced(msh)
    const commit = (code: AcknowledgementCode, complaints: readonly Complaint[] = []): Uint8Array | null =>
      enhanced && isWanted(msh, 15, code === 'CA') ? answerBytes(message, channel, { code, complaints }) : null
    if (received.as === 'other bytes') {
      const why = new BadMessage('A message with this control id and other content was taken before. Give each message a control id of its own.', { code: '205', at: { segment: 'MSH', field: 10 } }) // prettier-ignore
      await parts.openReview(received.message, why, message)
      const complaints = [{ message: why.message, code: why.code, at: why.at, severity: 'E' as const }]
      const answer = answerBytes(message, channel, { code: enhanced ? 'CE' : 'AE', complaints })
      await queue.settle(received.message.id, { state: 'error', code: enhanced ? 'CE' : 'AE', answer, why: why.message }) // prettier-ignore
      return { commit: enhanced && isWanted(msh, 15, false) ? answer : null, application: Promise.resolve(enhanced ? null : answer) } // prettier-ignore
    }
    const answer = received.as === 'again' && received.answer !== null ? Promise.resolve(received.answer) : applied(received.message, channel, message) // prettier-ignore
    return { commit: commit('CA'), application: answer }
  } // prettier-ignore

  const take = async (
    channel: InboundChannel,
    bytes: Uint8Array,
    replaces: string | null,
  ): Promise<Answers & { id: string }> => {
    const message = read(bytes, channel)
    const came = clock.now()
    const tellStored = (received: Received): void =>
      tell(channel.name, () => `${inLog(received.message)}: ${storedAs[received.as]}, ${bytes.length} bytes, on disk in ${clock.now() - came} ms`) // prettier-ignore
    if (message instanceof BadMessage) {
      const stored = await queue.receive({ channel: channel.name, sender: '', control: '', kind: 'unreadable', lanes: [], bytes }) // prettier-ignore
      tellStored(stored)
      return { id: stored.message.id, first: unreadable(stored.message, channel, message), later: none }
    }
    const msh = segmentOf(message, 'MSH')
    const incoming = {
      channel: channel.name,
      sender: `${textAt(msh, 3)}|${textAt(msh, 4)}`,
      control: textAt(msh, 10),
      kind: kindOf(msh),
      lanes: lanesOf(message, channel, queue),
      bytes,
    }
    const received = await queue.receive(incoming, replaces)
    tellStored(received)
    const { id } = received.message
    // An acknowledgement is answered by nothing.
    if (isAcknowledgement(message)) {
      await queue.settle(id, { state: 'filtered' })
      return { id, first: none, later: none }
    }
    const { commit, application } = await accepted(received, channel, message)
    if (isEnhanced(msh)) {
      if (commit)
        tell(channel.name, () => `${inLog(received.message)}: answered ${codeIn(commit)} in ${commit.length} bytes`)
      const later = application.then((answer) => (answer && isWanted(msh, 16, codeIn(answer) === 'AA') ? answer : null))
      return { id, first: Promise.resolve(commit), later }
    }
    if (channel.answers === 'when applied' || received.as !== 'new') return { id, first: application, later: none }
    application.catch(() => {})
    return { id, first: Promise.resolve(answerBytes(message, channel, { code: 'AA' })), later: none }
  }

  return {
    /** Takes a message; its answers come when they are due, and never where the process dies before. */
    take(channel: InboundChannel, bytes: Uint8Array, replaces: string | null = null): Taken {
      const taken = take(channel, bytes, replaces)
      const stored = taken.then(({ id }) => id)
      stored.catch(() => {})
      return { stored, first: taken.then(({ first }) => first), later: taken.then(({ later }) => later) }
    },
    /** Goes on with what was stored and not applied when the process ended, in the order in which it came. */
    goOn(channel: InboundChannel): void {
      for (const queued of queue.waiting(channel.name, ['received'], Number.MAX_SAFE_INTEGER)) {
        const message = read(queue.bytesOf(queued.id), channel)
        const done = message instanceof BadMessage ? unreadableAgain(queued, message) : applied(queued, channel, message) // prettier-ignore
        done.catch(() => {})
      }
    },
    /** Applies a stored message once more, by hand; resolves with its code. */
    async replay(channel: InboundChannel, id: string): Promise<string> {
      await queue.again(id, 'received')
      const queued = queue.message(id)!
      const message = read(queue.bytesOf(id), channel)
      if (message instanceof BadMessage) await unreadableAgain(queued, message)
      else await applied(queued, channel, message)
      return queue.message(id)!.code ?? ''
    },
    /** Ends what waits; what is stored is applied after the next start. */
    async stop(): Promise<void> {
      stopped = true
      for (const { cancel } of held.values()) cancel()
      stopping.reject(new Stopped())
      await lanes.idle()
    },
  }

  async function unreadableAgain(queued: QueuedMessage, why: BadMessage): Promise<void> {
    await parts.openReview(queued, why, undefined)
    await queue.settle(queued.id, { state: 'error', code: why.rejects ? 'AR' : 'AE', why: why.message })
  }
}

/** The process ends; nothing is answered any more. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
  constructor() {
    super('This site is stopping. What was stored is applied after its next start.')
  }
}

/** Such as `ADT^A08`; of a message that names no event, its type. */
export function kindOf(msh: Segment | undefined): string {
  return [textAt(msh, 9), textAt(msh, 9, { component: 2 })].filter((part) => part !== '').join('^')
}

function codeIn(answer: Uint8Array): string {
  return /(?:[\r\n]MSA.|<MSA\.1>)([A-Z]{2})/.exec(Buffer.from(answer).toString('latin1'))?.[1] ?? ''
}

/** The lanes of a message: each id by which it names a patient, so that a merge is in those of both. */
export function lanesOf(
  message: Message,
  channel: Pick<Channel, 'authority' | 'name'>,
  queue: Pick<MessageQueue, 'digest'>,
): string[] {
  const named = (segment: Segment | undefined, field: number): string[] =>
    Array.from({ length: repetitions(segment, field) }, (_, place) => {
      const id = textAt(segment, field, { repetition: place + 1 })
      const authority = textAt(segment, field, { repetition: place + 1, component: 4 }) || authorityOf(channel)
      return id === '' ? '' : queue.digest('lane', authority, id).toString('base64url')
    })
  const segments = ([['PID', 3], ['PID', 2], ['MRG', 1]] as const).flatMap(([name, field]) => segmentsOf(message, name).flatMap((segment) => named(segment, field))) // prettier-ignore
  // An appointment that goes to another patient keeps its order too.
  const appointments = segmentsOf(message, 'SCH').map((segment) => textAt(segment, 2)).filter((id) => id !== '').map((id) => queue.digest('lane of appointment', channel.name, id).toString('base64url')) // prettier-ignore
  return [...new Set([...segments.filter((lane) => lane !== ''), ...appointments])]
}
