/**
 * The HL7 bridge of a site: its channels, the queue behind them, and what is done by hand. What comes in goes through the
 * intake into the replica; what goes out was queued durably before. Only a running site has its channels open; commands
 * without one change settings and queue, which the next start goes on with.
 */
import { join } from 'node:path'
import type { Clock } from '../../replica/clock.ts'
import { derivedUlid, mintUlid } from '../../replica/ids.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Edit, Follower, Replica } from '../../replica/replica-face.ts'
import type { Sealer } from '../../replica/sealing.ts'
import { adoption } from './adoption.ts'
import { BadMessage } from './bad-message.ts'
import { runChannel, type RunningChannel } from './channel-run.ts'
import { authorityOf, channelsOf, isPeerOf, keepChannels, parseChannel, type Channel, type InboundChannel, type OutboundChannel } from './channels.ts' // prettier-ignore
import { readMessage, writeMessageBytes } from './encodings.ts'
import { intakeOf, kindOf, lanesOf, type Apply, type OpenReview } from './intake.ts'
import { lanesOfWork } from './lanes.ts'
import { components, segmentOf, textAt } from './message.ts'
import type { RecordChange } from './record-change.ts'
import { startRecordWriter, type RecordsFace } from './record-writer.ts'
import type { Numbers } from './handling.ts'
import { bookingsBetween, type Booking } from '../insched/bookings.ts'
import type { CheckIn } from '../insched/check-ins.ts'
import type { Posting } from '../insched/postings.ts'
import { NoMessage, outboundOf, type Outbound } from './outbound.ts'
import { openQueue, type MessageQueue, type QueuedMessage, type QueueQuery } from './queue-sqlite.ts'
import { inLog, verboseLog } from './verbose.ts'

export interface Hl7Options {
  readonly dir: string
  readonly master: Sealer
  readonly replica: Replica
  /** The key of the site. */
  readonly site: string
  readonly clock: Clock
  readonly say: (line: string) => void
  /** What applies messages; made with the queue, which knows the peers' ids, and what wakes the writer into InSched. */
  readonly apply: (queue: MessageQueue, wakeWriter: () => void) => Apply
  /** InSched's bridge: what it writes, and its numbers. */
  readonly insched: RecordsFace & Numbers
  /** The first wait of what is tried again, milliseconds. */
  readonly retryMs?: number
}

/** How a channel is. */
export interface ChannelStatus {
  readonly name: string
  readonly direction: 'in' | 'out'
  readonly to: string
  readonly state: 'not running' | 'paused' | 'open' | 'down'
  readonly problem: string | null
  readonly connections: number
  readonly port: number | null
  readonly states: Readonly<Record<string, number>>
  /** ISO, UTC: since when the oldest message waits. */
  readonly oldest: string | null
  /** ISO, UTC: until when the log is verbose about it; null where it is not. */
  readonly verboseUntil: string | null
}
export type Hl7Bridge = ReturnType<typeof openHl7>

/** How long messages are kept: what is done, and what failed, milliseconds. */
const keptDone = 7 * 86_400_000
const keptFailed = 90 * 86_400_000
const forgetEvery = 3_600_000
/** How long the oldest message may wait before the status says so. */
const waitsLong = 10 * 60_000

/** By whose rules files are imported where no channel is named: the office's own values stay. It is open to nobody. */
const fromFiles = parseChannel({ name: 'xml', direction: 'in', to: { by: 'folder', path: '.' } })

/** Opens the queue; nothing listens or sends before `start`. */
export function openHl7(options: Hl7Options) {
  const { dir, replica, clock, say } = options
  const by: By = { role: 'site', id: options.site, initials: 'PC' }
  let channels = channelsOf(dir)
  const queue = openQueue(join(dir, 'hl7.sqlite'), options.master, clock)
  const verbose = verboseLog({ queue, clock, say })
  const running = new Map<string, RunningChannel>()
  let isRunning = false
  let cancelForget = (): void => {}

  const review = (key: string, patient: string | null, what: { about: 'hl7 not applied' | 'hl7 to do'; why: string; todo: string }, event: string | null = null): Edit => ({
    collection: 'reviews',
    key,
    facts: { patient, site: options.site, shown: false, reachable: false, startsAt: null },
    add: { opened: { kind: 'opened', at: clock.now(), by, patient, event, ...what } },
  }) // prettier-ignore
  const openReview: OpenReview = async (queued, why, message) => {
    // Of what cannot be read at all one review stands for each reason, however often it comes.
    const key = message ? derivedUlid('hl7', queued.id) : derivedUlid('hl7 unreadable', queued.channel, why.code)
    const place = why.at === null ? '' : ` (${why.at.segment}${why.at.field === undefined ? '' : `-${why.at.field}`})`
    await replica.change([
      review(key, queued.patient, {
        about: 'hl7 not applied',
        why: `${message ? `A message ${queued.kind} from ${queued.channel}, control id ${queued.control},` : `What came from ${queued.channel}`} was not applied: ${why.message}${place} Nothing of it was done, and the sender was told so.`,
        todo: message
          ? `Put right what is wrong, then apply it again: patientconnection hl7 replay ${queued.id}. Or ask the sender to send it anew.`
          : 'Ask whoever runs the other system what it sends.',
      }),
    ])
  }
  const lanes = lanesOfWork()
  const following = replica.follow(adoption({ queue, replica, site: options.site, clock }))
  const writer = startRecordWriter({
    queue,
    insched: options.insched,
    openTodo: (message, patient, { event = null, ...what }) => replica.change([review(derivedUlid('hl7 to do', message), patient, { about: 'hl7 to do', ...what }, event)]), // prettier-ignore
    written: async ({ message, record }) => {
      // What an appointment system booked or checked in is written by the agent, so the trail does not tell it.
      if (record.table === 'events') await bookedBy(message, record)
      if (record.table === 'events' && record.set['status'] === 'Checked In') await checkedIn([{ event: record.document, patient: record.patient, id: `${record.document} ${message}`, at: clock.now() }]) // prettier-ignore
    },
    clock,
  })
  const intake = intakeOf({
    queue,
    lanes,
    clock,
    apply: options.apply(queue, writer.wake),
    openReview,
    say,
    tell: verbose.tell,
  })

  const all = (): readonly Channel[] => channels
  const named = (name: string): Channel => {
    const found = all().find((channel) => channel.name === name) ?? (name === fromFiles.name ? fromFiles : undefined)
    if (!found) throw noChannel(name)
    return found
  }
  const open = (channel: Channel): void => {
    if (!isRunning || channel.paused) return
    if (channel.direction === 'in') intake.goOn(channel)
    const made = runChannel(channel, {
      queue,
      clock,
      say,
      tell: (line) => verbose.tell(channel.name, line),
      take: intake.take,
      fault: (on, sentence) => replica.change([review(derivedUlid('hl7 file', on.name, sentence), null, { about: 'hl7 not applied', why: `A batch of messages from ${on.name} does not add up: ${sentence}`, todo: 'What was in it was taken message by message. Ask the sender whether something is missing.' })]), // prettier-ignore
      ...(options.retryMs === undefined ? {} : { retryMs: options.retryMs }),
    })
    running.set(channel.name, made)
    if (channel.direction === 'out') follow(channel)
  }
  /** What a channel tells is followed while it runs; it goes on where it was. */
  const telling = new Map<string, Follower>()
  const follow = (channel: OutboundChannel): void => {
    const { follower } = outboundTo(channel)
    if (follower) telling.set(channel.name, replica.follow(follower))
  }
  const outboundTo = (channel: OutboundChannel): Outbound =>
    outboundOf(channel, { queue, replica, numbers: options.insched, site: options.site, clock }, async (bytes) => void (await enqueued(channel, bytes))) // prettier-ignore
  /** Queues what happened for every channel that tells it, running or not. What no message can be made of is a review, and holds up nothing. */
  const toldToEach = async <T extends { readonly id: string; readonly patient: string }>(
    happened: readonly T[],
    what: {
      readonly name: 'check-in' | 'booking' | 'posting'
      readonly event: (one: T) => string | null
      readonly but?: (to: OutboundChannel) => boolean
    },
    tell: (to: Outbound, one: T) => Promise<void>,
  ): Promise<void> => {
    for (const channel of channels)
      for (const one of channel.direction === 'out' && !what.but?.(channel) ? happened : [])
        try {
          await tell(outboundTo(channel as OutboundChannel), one)
        } catch (error) {
          if (!(error instanceof NoMessage)) throw error
          const why = `A ${what.name} was not told to ${channel.name}: ${error.message}`
          await replica.change([review(derivedUlid(`hl7 ${what.name}`, channel.name, one.id), one.patient, { about: 'hl7 to do', why, todo: 'Tell the other system by hand, and put right what is wrong with the channel.' }, what.event(one))]) // prettier-ignore
        }
  }
  const checkedIn = (checkIns: readonly CheckIn[]): Promise<void> =>
    toldToEach(checkIns, { name: 'check-in', event: (one) => one.event }, (to, one) => to.checkedIn(one))
  const booked = (bookings: readonly Booking[]): Promise<void> =>
    toldToEach(bookings, { name: 'booking', event: () => null }, (to, one) => to.booked(one))
  /** Tells what a message booked to every peer but the one that it is from. */
  const bookedBy = async (id: string, { document, patient, set, was }: RecordChange): Promise<void> => {
    const number = await options.insched.localOf(document)
    if (number === undefined) throw new Error('InSched cannot be asked for its numbers now.')
    const stood = was['starts_at'] === undefined ? null : { ...was, patient_id: 0 }
    const bookings = bookingsBetween(stood, { ...stood, ...set, patient_id: 0 }).map((one) => ({ ...one, number, patient, id: `${document} ${id} ${one.what}`, at: clock.now() })) // prettier-ignore
    const message = queue.message(id)
    const isFrom = (to: OutboundChannel): boolean => message !== undefined && isPeerOf(to, message, channels.find(({ name }) => name === message.channel)) // prettier-ignore
    await toldToEach(bookings, { name: 'booking', event: () => document, but: isFrom }, (to, one) => to.booked(one))
  }
  const posted = (postings: readonly Posting[]): Promise<void> =>
    toldToEach(postings, { name: 'posting', event: () => null }, (to, one) => to.posted(one))
  const shut = async (name: string): Promise<void> => {
    await telling.get(name)?.stop()
    telling.delete(name)
    const found = running.get(name)
    running.delete(name)
    await found?.stop()
  }
  const keep = async (name: string, next: Channel | null): Promise<void> => {
    const kept = [...channels.filter((channel) => channel.name !== name), ...(next ? [next] : [])]
    keepChannels(dir, kept)
    channels = kept
    await shut(name)
    if (next) open(next)
  }
  const found = (id: string): QueuedMessage => {
    const message = queue.message(id)
    if (!message) throw new Error(`There is no message ${id}. List them with: patientconnection hl7 queue`)
    return message
  }
  /** Queues bytes as a message to send; undefined where one under its control id is there. Throws where they are no message. */
  const enqueued = async (channel: OutboundChannel, bytes: Uint8Array, replaces: string | null = null): Promise<QueuedMessage | undefined> => {
    const message = readMessage(bytes, channel.characterSet)
    const msh = segmentOf(message, 'MSH')
    const control = textAt(msh, 10)
    if (control === '') throw new BadMessage('The message has no control id (MSH-10).', { code: '101', at: { segment: 'MSH', field: 10 } })
    const outgoing = { channel: channel.name, sender: `${textAt(msh, 3)}|${textAt(msh, 4)}`, control, kind: kindOf(msh), lanes: lanesOf(message, channel, queue), bytes }
    const queued = await queue.enqueue(outgoing, replaces)
    if (queued) verbose.tell(channel.name, () => `${inLog(queued)}: queued, ${bytes.length} bytes`)
    running.get(channel.name)?.wake()
    return queued
  } // prettier-ignore
  const enqueue = async (channel: OutboundChannel, bytes: Uint8Array, replaces: string | null = null): Promise<QueuedMessage> => {
    const queued = await enqueued(channel, bytes, replaces)
    if (!queued) throw new Error(`A message with this control id is in the queue of ${channel.name} already.`)
    return queued
  } // prettier-ignore
  const outbound = (name: string): OutboundChannel => {
    const channel = named(name)
    if (channel.direction === 'out') return channel
    throw new Error(`${name} is a channel on which messages come in. Name one that goes out.`)
  }
  const inbound = (name: string): InboundChannel => {
    const channel = named(name)
    if (channel.direction === 'in') return channel
    throw new Error(`${name} is a channel on which messages go out. Name one on which they come in.`)
  }
  const forget = (): void => {
    queue.forget(clock.now() - keptDone, clock.now() - keptFailed).catch(() => {})
    cancelForget = clock.after(forgetEvery, forget)
  }

  return {
    queue,
    checkedIn,
    /** Tells what staff booked, moved, canceled and deleted in InSched. */
    booked,
    /** Tells what staff posted in InSched. */
    posted,
    /** Opens the channels that are not paused. */
    start(): void {
      isRunning = true
      for (const channel of all()) open(channel)
      forget()
    },
    /** Adds a channel as it is given; throws a sentence that names what is wrong. */
    async add(given: unknown): Promise<Channel> {
      const parsed = parseChannel(given)
      const channel = parsed.direction === 'out' ? { ...parsed, since: clock.now() } : parsed
      if (all().some((one) => one.name === channel.name)) throw new Error(`There is a channel ${channel.name} already. Remove it first, or choose another name.`) // prettier-ignore
      await keep(channel.name, channel)
      return channel
    },
    /** Removes a channel; its messages stay until they are forgotten. */
    async remove(name: string): Promise<void> {
      await keep(named(name).name, null)
      await verbose.set(name, 0)
    },
    /** Verbose for so many minutes, or with 0 not any more; resolves with the end, ISO. Throws a sentence where the number is wrong. */
    async verbose(name: string, minutes: number): Promise<string | null> {
      if (!channels.some((one) => one.name === name)) throw noChannel(name)
      return isoOf(await verbose.set(name, minutes))
    },
    pause: async (name: string): Promise<void> => keep(name, { ...named(name), paused: true }),
    resume: async (name: string): Promise<void> => keep(name, { ...named(name), paused: false }),
    status: (): ChannelStatus[] =>
      all().map((channel) => {
        const run = running.get(channel.name)
        const { states, oldest } = queue.counts(channel.name)
        const problem = run?.problem() ?? (oldest !== null && clock.now() - oldest > waitsLong && !channel.paused ? 'Messages have been waiting for more than ten minutes.' : null) // prettier-ignore
        const state = channel.paused ? 'paused' : !run ? 'not running' : run.problem() === null ? 'open' : 'down'
        return {
          name: channel.name,
          direction: channel.direction,
          to: channel.to.by === 'folder' ? channel.to.path : `${channel.to.tls ? 'mllps' : 'mllp'}://${channel.to.host}:${channel.to.port}`, // prettier-ignore
          state,
          problem,
          connections: run?.connections() ?? 0,
          port: run?.port() ?? null,
          states,
          oldest: isoOf(oldest),
          verboseUntil: isoOf(verbose.until(channel.name)),
        }
      }),
    channels: all,
    /** Says for whom a peer's id stands: `patient` is a document. */
    async link(name: string, id: string, authority: string | undefined, patient: string): Promise<void> {
      const channel = named(name)
      await queue.identify('patient', [{ authority: authority ?? authorityOf(channel), id }], patient)
    },
    /** A channel on which messages come in. */
    inbound,
    /** Takes a message that came in another way by the rules of a channel; resolves with its code once it is applied. */
    async take(name: string, bytes: Uint8Array): Promise<string | null> {
      const taken = intake.take(inbound(name), bytes)
      await Promise.all([taken.first, taken.later])
      return found(await taken.stored).code
    },
    /** Queues a message that is given whole. */
    send: (name: string, bytes: Uint8Array) => enqueue(outbound(name), bytes),
    walk: queue.walk,
    has: (id: string): boolean => queue.message(id) !== undefined,
    messages: (query: QueueQuery): (QueuedMessage & { readonly why: string | null })[] =>
      queue.search(query).map((message) => ({ ...message, why: queue.whyOf(message.id) })),
    message: found,
    /** What a message and its answer say, as bytes. */
    contents: (id: string) => ({ message: queue.bytesOf(found(id).id), answer: queue.answerOf(id) }),
    /**
     * Does a message once more: one that came is applied again, one that goes is sent again under its control id. With
     * `edited`, that is sent or applied instead, under a new control id, and the old one stays as it is.
     */
    async replay(id: string, edited?: Uint8Array): Promise<{ id: string; code: string | null }> {
      const message = found(id)
      const channel = named(message.channel)
      if (channel.direction === 'out') {
        if (edited) {
          const queued = await enqueue(
            channel,
            withControl(edited, channel.characterSet, mintUlid(clock).slice(-20)),
            id,
          )
          return { id: queued.id, code: null }
        }
        await queue.again(id, 'queued')
        running.get(channel.name)?.wake()
        return { id, code: null }
      }
      if (!edited) return { id, code: await intake.replay(channel, id) }
      const taken = intake.take(channel, withControl(edited, channel.characterSet, mintUlid(clock).slice(-20)), id)
      await Promise.all([taken.first, taken.later])
      const made = await taken.stored
      return { id: made, code: found(made).code }
    },
    async close(): Promise<void> {
      cancelForget()
      await Promise.all([following.stop(), writer.stop(), ...[...telling.values()].map((one) => one.stop())])
      const stopping = intake.stop()
      await Promise.all([...running.values()].map((one) => one.stop()))
      running.clear()
      await stopping
      queue.close()
    },
  }
}

const noChannel = (name: string): Error => new Error(`There is no channel ${name}. List them with: patientconnection hl7 channel list`) // prettier-ignore
const isoOf = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

/** A message under another control id: whatever else was edited stands as it was given. */
function withControl(bytes: Uint8Array, characterSet: string, control: string): Uint8Array {
  const message = readMessage(bytes, characterSet)
  const segments = message.segments.map((segment, place) => (place === 0 ? { ...segment, fields: Array.from({ length: Math.max(8, segment.fields.length) }, (_, i) => (i === 7 ? components(control) : (segment.fields[i] ?? components('')))) } : segment)) // prettier-ignore
  return writeMessageBytes({ ...message, segments }, characterSet)
}
