/** One channel while it runs: its port, folder or connection, tried again with back-off where it cannot be had, and how it is. */
import { readFileSync } from 'node:fs'
import type { Clock } from '../../replica/clock.ts'
import type { Channel, InboundChannel, OutboundChannel } from './channels.ts'
import { readFolder, writeMessage } from './folder.ts'
import { messagesIn } from './batches.ts'
import type { Taken, TakenBytes } from './intake.ts'
import { mllpClient, NotConnected, type MllpClient } from './mllp-client.ts'
import { serveMllp, type MllpServer } from './mllp-server.ts'
import type { MessageQueue } from './queue-sqlite.ts'
import { startSender } from './sender.ts'

export interface RunningChannel {
  readonly channel: Channel
  /** What is wrong, as a sentence; null where nothing is. */
  problem(): string | null
  connections(): number
  /** The port that it listens at, once it does. */
  port(): number | null
  /** There is something to send. */
  wake(): void
  stop(): Promise<void>
}

export interface ChannelParts {
  readonly queue: MessageQueue
  readonly take: (channel: InboundChannel, bytes: Uint8Array) => Taken
  /** Told what is wrong with a batch or a file as a whole. */
  readonly fault: (channel: InboundChannel, sentence: string) => Promise<void>
  readonly clock: Clock
  readonly say: (line: string) => void
  /** A line for the log where the channel is verbose: no content. */
  readonly tell: (line: () => string) => void
  /** The first wait of what is tried again, milliseconds. */
  readonly retryMs?: number
}

const longestWait = 30_000

export function runChannel(channel: Channel, parts: ChannelParts): RunningChannel {
  return channel.direction === 'in' ? runInbound(channel, parts) : runOutbound(channel, parts)
}

/** A file of the channel's settings; throws a sentence where it cannot be read. */
function contentsOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Error(`The file ${file} of this channel cannot be read. Put it there, or change the channel.`, { cause })
  }
}
/** How often a frame goes again that was not said to be kept; null where the peers of a channel say nothing of it. */
const commitsOf = ({ commitAcknowledgements, commitRetries }: Channel): number | null => (commitAcknowledgements ? commitRetries : null) // prettier-ignore
const optionally = (file: string | undefined): string | undefined => (file === undefined ? undefined : contentsOf(file))

function runInbound(channel: InboundChannel, parts: ChannelParts): RunningChannel {
  const { clock } = parts
  const { to, mostBytes, mostConnections } = channel
  const say = (line: string): void => parts.say(`hl7 ${channel.name}: ${line}`)
  const take = (bytes: Uint8Array): TakenBytes => {
    const { messages, problems } = messagesIn(bytes)
    parts.tell(
      () =>
        `${bytes.length} bytes came ${to.by === 'folder' ? 'as a file' : 'in a frame'}, messages: ${messages.length}`,
    )
    for (const sentence of problems) parts.fault(channel, sentence).catch((error: Error) => say(`a batch does not add up, and no review could be opened: ${error.name}`)) // prettier-ignore
    return { each: messages.map((message) => parts.take(channel, message)), problems }
  }
  const quiet = { channel, connections: () => 0, port: () => null, wake: () => {} }
  if (to.by === 'folder') {
    const { path, everySeconds } = to
    const reader = readFolder({ path, everyMs: everySeconds * 1_000, mostBytes, take, fault: (sentence) => parts.fault(channel, sentence), clock }) // prettier-ignore
    return { ...quiet, problem: reader.problem, stop: reader.stop }
  }
  let server: MllpServer | undefined
  let problem: string | null = null
  let stopped = false
  let cancel = (): void => {}
  const start = async (wait: number): Promise<void> => {
    try {
      const { host, port, tls } = to
      const files = tls && { cert: contentsOf(tls.cert!), key: contentsOf(tls.key!), ca: optionally(tls.ca), asksForCertificate: tls.asksForCertificate } // prettier-ignore
      const made = await serveMllp({
        host,
        port,
        tls: files,
        mostConnections,
        mostBytes,
        commitRetries: commitsOf(channel),
        take,
        say,
        tell: parts.tell,
      })
      if (stopped) return await made.close()
      server = made
      problem = null
    } catch (error) {
      problem = (error as Error).message
      if (!stopped) cancel = clock.after(wait, () => void (starting = start(Math.min(longestWait, wait * 2))))
    }
  }
  let starting = start(parts.retryMs ?? 1_000)
  return {
    ...quiet,
    problem: () => problem,
    connections: () => server?.connections() ?? 0,
    port: () => server?.port ?? null,
    async stop() {
      stopped = true
      cancel()
      await starting
      await server?.close()
    },
  }
}

function runOutbound(channel: OutboundChannel, parts: ChannelParts): RunningChannel {
  const { queue, clock } = parts
  const { to, mostBytes, characterSet } = channel
  const say = (line: string): void => parts.say(`hl7 ${channel.name}: ${line}`)
  let client: MllpClient | undefined
  const connected = (): MllpClient => {
    if (client || to.by !== 'mllp') return client!
    const { host, port, tls } = to
    const files = tls && { ca: optionally(tls.ca), cert: optionally(tls.cert), key: optionally(tls.key) }
    return (client = mllpClient({ host, port, tls: files, responseTime: channel.responseSeconds * 1_000, mostBytes, characterSet, keepsConnection: channel.keepsConnection, commitRetries: commitsOf(channel), clock, say, tell: parts.tell })) // prettier-ignore
  }
  const sender = startSender({
    channel,
    queue,
    clock,
    tell: parts.tell,
    ...(parts.retryMs === undefined ? {} : { retryMs: parts.retryMs }),
    async deliver(message, bytes) {
      try {
        if (to.by === 'mllp') return await connected().send(bytes, message.control)
        writeMessage(to.path, message.id, bytes)
        return null
      } catch (error) {
        // A folder or a file that is not there, or a full disk, passes as a peer that is not there does.
        if (to.by === 'folder' || !client) throw new NotConnected((error as Error).message, { cause: error })
        throw error
      }
    },
  })
  return {
    channel,
    problem: sender.problem,
    connections: () => (client?.isConnected() ? 1 : 0),
    port: () => null,
    wake: sender.wake,
    async stop() {
      client?.close()
      await sender.stop()
    },
  }
}
