/**
 * The portal's end of links: challenges whoever connects, lets in devices that the portal certified, and keeps one
 * connection per replica (rule 12). The same replica and epoch again replaces the older connection; another epoch while
 * the older one still answers is a copied folder, and is refused.
 */
import type { WebSocket } from 'ws'
import type { Chunks } from './chunks.ts'
import { answers } from './answering.ts'
import type { Clock } from './clock.ts'
import { readFrame, writeFrame, type CloseReason } from './codec.ts'
import { isAnswer, readCertificate, type Certified } from './device.ts'
import { connect, type Connection } from './link-socket.ts'
import type { LinkSettings, Passes } from './collections.ts'
import type { OpenReplica } from './replica.ts'

/** Where a device is let in. */
export interface Admitted {
  readonly replica: OpenReplica
  readonly passesOut: Passes
  readonly passesIn: Passes
  /** Which documents both sides should hold. */
  readonly shared?: Passes
  /** Of those that go to the peer, the ones that it keeps for good (rule 9). */
  readonly keeps?: Passes
  /** Of those that do not go to the peer, the ones that it is to know of. */
  readonly tells?: Passes
  /** Attachments, where this replica keeps them. */
  readonly chunks?: Chunks
  readonly settings?: LinkSettings
}

export interface AcceptorOptions {
  /** The key that certificates are checked with. */
  readonly portalPublicKey: string
  /** The practice's replica for a certified device, or why it is refused. */
  readonly admit: (device: Certified, certificate: string) => Promise<Admitted | CloseReason>
  readonly clock: Clock
  /** Told of each site: when it is connected, heard and gone. */
  readonly events?: {
    /** `clockOffset`: the site's clock less the portal's, milliseconds. */
    connected?(device: Certified, clockOffset: number, settingsVersion: number): void
    /** Once a connection: all that the site had is here, and the other way round. */
    caughtUp?(device: Certified): void
    heard?(device: Certified): void
    /** It sends what there is no room for: a sentence why it is not taken (LINK-12). */
    paused?(device: Certified, why: string): void
    gone?(device: Certified, why: string | null): void
  }
}

export interface Acceptor {
  /** Takes a socket that is open. */
  accept(socket: WebSocket): void
  /** Whether a replica is connected. */
  isConnected(replica: string): boolean
  /** Ends the connections of a replica, or all. */
  disconnect(replica?: string): void
}

interface Accepted {
  readonly epoch: number
  readonly socket: WebSocket
  readonly connection: Connection
  ended: boolean
}

/** How long a stranger may take to sign in, and an older connection to answer. */
const signInWithin = 10_000
const answerWithin = 2_000

/** An acceptor for the sockets of a portal. */
export function acceptLinks(options: AcceptorOptions): Acceptor {
  const { clock, events } = options
  const links = new Map<string, Accepted>()

  /** Puts a connection in its place, or says why not. Two may come at once: who waited asks again who is there. */
  const enter = async (replica: string, own: Accepted): Promise<CloseReason | undefined> => {
    for (let older = links.get(replica); older; older = links.get(replica)) {
      if (older.epoch !== own.epoch && (await answers(older.socket, clock, answerWithin))) return 'copied folder'
      older.connection.close()
      if (links.get(replica) === older) links.delete(replica)
    }
    if (!own.ended) links.set(replica, own)
    return undefined
  }

  const signedIn = async (
    socket: WebSocket,
    { device, certificate }: { device: Certified; certificate: string },
  ): Promise<void> => {
    const admitted = await options.admit(device, certificate)
    if (typeof admitted === 'string') return refuse(socket, admitted)
    if (socket.readyState !== socket.OPEN) return
    let own: Accepted | undefined
    const connection = connect({
      ...admitted,
      socket,
      peer: device.replica,
      clock,
      async admit(declared) {
        const epoch = declared.epochs.at(-1)!.id
        own = { epoch, socket, connection, ended: false }
        return enter(device.replica, own)
      },
      events: {
        live(_, clockOffset, settingsVersion) {
          events?.connected?.(device, clockOffset, settingsVersion)
          // A connection that ends before has not caught up; its next one may.
          if (events?.caughtUp)
            connection.caughtUp().then(
              () => events.caughtUp?.(device),
              () => {},
            )
        },
        heard: () => events?.heard?.(device),
        paused: (why) => events?.paused?.(device, why),
        closed({ reason, error }) {
          if (own) own.ended = true
          if (own && links.get(device.replica) === own) links.delete(device.replica)
          events?.gone?.(device, reason ?? error?.message ?? null)
        },
      },
    })
  }

  return {
    accept(socket) {
      const nonce = clock.bytes(32)
      const cancel = clock.after(signInWithin, () => socket.terminate())
      const early: Buffer[] = []
      const keep = (data: Buffer): void => void early.push(data)
      socket.on('error', () => socket.terminate())
      socket.send(writeFrame({ kind: 'challenge', nonce }))
      socket.once('message', (data: Buffer) => {
        cancel()
        const proven = deviceOf(options.portalPublicKey, nonce, data)
        if (!proven) return refuse(socket, 'unknown device')
        // The device says hello at once; it must not be lost while the portal looks the device up.
        socket.on('message', keep)
        signedIn(socket, proven).then(
          () => {
            socket.off('message', keep)
            for (const message of early) socket.emit('message', message, true)
          },
          () => socket.terminate(),
        )
      })
    },
    isConnected: (replica) => links.has(replica),
    disconnect(replica) {
      for (const [name, link] of [...links]) if (replica === undefined || replica === name) link.connection.close()
    },
  }
}

function deviceOf(
  portalPublicKey: string,
  nonce: Uint8Array,
  data: Buffer,
): { device: Certified; certificate: string } | undefined {
  try {
    const frame = readFrame(data)
    if (frame.kind !== 'sign in') return undefined
    const device = readCertificate(portalPublicKey, frame.certificate)
    if (!device || !isAnswer(device.publicKey, nonce, frame.signature)) return undefined
    return { device, certificate: frame.certificate }
  } catch {
    // Bytes from a stranger that are no sign-in: a stranger.
    return undefined
  }
}

function refuse(socket: WebSocket, reason: CloseReason): void {
  socket.send(writeFrame({ kind: 'refuse', reason }))
  socket.close()
}
