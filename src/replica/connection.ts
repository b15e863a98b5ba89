/**
 * The site's end of the link: keeps one connection to the portal, signs in by the device key, and comes back after every
 * break with full jitter, so that a hundred sites do not knock at once. A refusal for identity or version ends the
 * trying until it is started again, with a sentence for the status page.
 */
import type { WebSocket } from 'ws'
import type { Chunks } from './chunks.ts'
import { randomBelow, type Clock } from './clock.ts'
import { readFrame, writeFrame, type CloseReason } from './codec.ts'
import { answerChallenge } from './device.ts'
import { connect, type Connection } from './link-socket.ts'
import { closeSentences } from './refused.ts'
import { fixedSettings, type LinkSettings, type Passes } from './collections.ts'
import type { Proof } from './reconcile.ts'
import type { OpenReplica } from './replica.ts'

export interface LinkOptions {
  readonly replica: OpenReplica
  /** The portal's replica of this practice. */
  readonly peer: string
  /** Address of the portal's link: wss, or ws on loopback. */
  readonly url: string
  readonly dial: (url: string) => WebSocket
  /** The sentence for a connection that was not made. */
  readonly whyUnreached?: (error: Error & { code?: string }) => string
  readonly device: { readonly privateKey: string; readonly certificate: string }
  readonly passesOut: Passes
  readonly passesIn: Passes
  /** Which documents both sides should hold. */
  readonly shared?: Passes
  /** Attachments, where this replica keeps them. */
  readonly chunks?: Chunks
  /** The settings at this end; by default they never change. */
  readonly settings?: LinkSettings
  readonly clock: Clock
  /** Begins held. */
  readonly held?: boolean
}

export interface Restore {
  /** Whose files were put back to an older copy. */
  readonly which: 'peer' | 'here'
  /** Milliseconds UTC. */
  readonly at: number
  readonly rows: number
}

export interface LinkStatus {
  readonly state: 'connecting' | 'connected' | 'held' | 'refused' | 'stopped'
  /** A sentence, while it is not connected and the reason is known, or while it pauses (LINK-12). */
  readonly problem: string | null
  /** When the portal was last heard, and since when the link is in this state; milliseconds UTC. */
  readonly lastContact: number | null
  readonly since: number
  readonly peer: string
  /** Rows since the start of this process. */
  readonly sent: number
  readonly received: number
  /** Documents that the portal has not acknowledged. */
  readonly behind: number
  /** Restores that were noticed since the start of this process, and the rows that this replica got or gave for them. */
  readonly restores: readonly Restore[]
  /** The portal's clock less ours, milliseconds; null before the first contact. */
  readonly clockOffset: number | null
}

export interface Link {
  status(): Promise<LinkStatus>
  /** Resolves when all that is durable on either side now is durable on the other; waits for a connection. */
  caughtUp(): Promise<void>
  /** Proves that the portal and this replica hold the same, and heals what differs; waits for a connection. */
  prove(): Promise<Proof>
  /** Calls `run` when the state changes; returns what ends it. */
  onChange(run: () => void): () => void
  /** Holds the link: it is not connected, what is for the portal waits, and nothing is lost. A refusal stays one. */
  hold(): void
  /** Connects again after `hold`; changes nothing where it is not held. */
  resume(): void
  stop(): Promise<void>
}

const shortestWait = 250
const longestWait = 10_000
/** How long a connection may take from dialing until both sides know where the other stands. */
const patience = 20_000

/** Starts the link; it tries until it is held, stopped or refused. */
export function keepLink(options: LinkOptions): Link {
  const { replica, clock, peer } = options
  const listeners = new Set<() => void>()
  let state: LinkStatus['state'] = 'connecting'
  let since = clock.now()
  let problem: string | null = null
  let lastContact: number | null = null
  let clockOffset: number | null = null
  let sent = 0
  let received = 0
  let restores: readonly Restore[] = []
  // While what a restore lost comes back: which row counts are its own.
  let comingBack: 'peer' | 'here' | undefined
  let failures = 0
  let connection: Connection | undefined
  let hangUp = (): void => {}
  let cancelRetry = (): void => {}

  const become = (next: LinkStatus['state'], why: string | null): void => {
    if (next !== state) since = clock.now()
    state = next
    problem = why
    for (const run of [...listeners]) run()
  }
  const broken = (why: string | null): void => {
    connection = undefined
    if (state !== 'connecting' && state !== 'connected') return
    become('connecting', why)
    const wait = randomBelow(clock, Math.min(longestWait, shortestWait * 2 ** Math.min(failures++, 16))) + 50
    cancelRetry = clock.after(wait, dial)
  }
  const ended = (reason: CloseReason | undefined, error: Error | undefined): void => {
    if (reason && reason !== 'malformed frame') {
      connection = undefined
      return become('refused', closeSentences[reason])
    }
    broken(reason ? closeSentences[reason] : (error?.message ?? 'The portal closed the connection.'))
  }

  const cameBack = (which: 'peer' | 'here', rows: number): void => {
    const last = restores.at(-1)
    if (comingBack === which && last) restores = [...restores.slice(0, -1), { ...last, rows: last.rows + rows }]
  }

  const dial = (): void => {
    const socket = options.dial(options.url)
    let over = false
    const failed = (why: string): void => {
      if (over) return
      over = true
      cancelPatience()
      socket.terminate()
      broken(why)
    }
    hangUp = () => failed('stopped')
    const cancelPatience = clock.after(patience, () => failed('The portal does not answer.'))
    const onError = (error: Error & { code?: string }): void =>
      failed(options.whyUnreached?.(error) ?? `The portal cannot be reached (${error.code ?? error.message}).`)
    const onClose = (): void => failed('The portal closed the connection before it was signed in.')
    socket.on('error', onError)
    socket.on('close', onClose)
    socket.once('message', (data: Buffer) => {
      if (over) return
      try {
        const challenge = readFrame(data)
        if (challenge.kind !== 'challenge') return failed('What answers at the portal’s address is no portal.')
        const { certificate, privateKey } = options.device
        socket.send(
          writeFrame({ kind: 'sign in', certificate, signature: answerChallenge(privateKey, challenge.nonce) }),
        )
      } catch {
        return failed('What answers at the portal’s address is no portal.')
      }
      over = true
      socket.off('close', onClose)
      socket.off('error', onError)
      const { passesOut, passesIn, shared, chunks, settings = fixedSettings } = options
      connection = connect({
        replica,
        socket,
        peer,
        passesOut,
        passesIn,
        ...(shared ? { shared } : {}),
        ...(chunks ? { chunks } : {}),
        settings,
        clock,
        events: {
          live(_, offset) {
            cancelPatience()
            failures = 0
            clockOffset = offset
            lastContact = clock.now()
            become('connected', null)
            // A connection that ends before has not caught up: the next one goes on with it.
            opened.caughtUp().then(
              () => void (comingBack = undefined),
              () => {},
            )
          },
          heard: () => void (lastContact = clock.now()),
          restored(which) {
            restores = [...restores, { which, at: clock.now(), rows: 0 }]
            comingBack = which
          },
          paused: (why) => become('connected', why),
          logged: (rows) => cameBack('here', rows),
          sent(rows) {
            sent += rows
            cameBack('peer', rows)
          },
          received: (rows) => void (received += rows),
          closed({ reason, error }) {
            cancelPatience()
            ended(reason, error)
          },
        },
      })
      const opened = connection
      hangUp = () => opened.close()
    })
  }
  if (options.held) state = 'held'
  else dial()

  /** Does something on a connection that is up; where it breaks on the way, again on the next. */
  const whenConnected = async <T>(work: (on: Connection) => Promise<T>): Promise<T> => {
    for (;;) {
      if (state === 'refused' || state === 'stopped') throw new Error(problem ?? 'The link is stopped.')
      if (state === 'connected' && connection) {
        try {
          return await work(connection)
        } catch (error) {
          // The connection broke on the way: what counts is whether a next one gets there.
          if (connection) throw error
        }
      } else
        await new Promise<void>((resolve) => {
          const run = (): void => {
            listeners.delete(run)
            resolve()
          }
          listeners.add(run)
        })
    }
  }

  return {
    async status() {
      const behind = await replica.replication.behind(peer, options.settings?.sends)
      return { state, problem, lastContact, since, peer, sent, received, behind, restores, clockOffset }
    },
    caughtUp: () => whenConnected((on) => on.caughtUp()),
    prove: () => whenConnected((on) => on.prove()),
    onChange(run) {
      listeners.add(run)
      return () => void listeners.delete(run)
    },
    hold() {
      if (state === 'refused' || state === 'stopped' || state === 'held') return
      become('held', null)
      cancelRetry()
      hangUp()
    },
    resume() {
      if (state !== 'held') return
      failures = 0
      become('connecting', null)
      dial()
    },
    async stop() {
      become('stopped', null)
      cancelRetry()
      hangUp()
    },
  }
}
