/**
 * One connection of a link: carries out the effects of the state machine on a WebSocket, a replica and a clock.
 * Frames are taken in order; a commit or read that fails ends the connection, and the next one starts from what is
 * durable. A connection that is dead without a word is found within 24 s: a ping every 12 s, answered before the next.
 */
import type { WebSocket } from 'ws'
import type { Clock } from './clock.ts'
import { chunkExchange } from './chunk-exchange.ts'
import type { Chunks } from './chunks.ts'
import {
  chunksDueFrom,
  chunksFrom,
  readFrame,
  reconcileFrom,
  versions,
  writeFrame,
  type Ack,
  type BatchFrame,
  type CloseReason,
  type Frame,
  type Hello,
} from './codec.ts'
import { answers } from './answering.ts'
import { MalformedFrame } from './wire-values.ts'
import { batchBytes, begin, step, type LinkEffect, type LinkEvent, type LinkState, type Step } from './link-state.ts'
import type { Declared, KnownOfUs } from './peers.ts'
import { fixedSettings, type Collection, type LinkSettings, type Passes } from './collections.ts'
import type { Proof } from './reconcile.ts'
import { QuarantineFull } from './quarantine.ts'
import type { OpenReplica } from './replica.ts'
import type { Met } from './replication-face.ts'
import type { Mirroring } from './mirroring.ts'
import { openRefusalReviews } from './refused.ts'

/** How often a peer is asked whether it is there, and how long it may take to answer; twice this must stay below 30 s. */
const pingEvery = 12_000
/** What may wait in the socket before the peer counts as too slow to be sent more. */
const mostBuffered = 16 * 1024 * 1024
/** How many frames of a proof may wait before no more is read. */
const mostUnanswered = 16

export interface ConnectionOptions {
  readonly replica: OpenReplica
  readonly socket: WebSocket
  /** The replica that must be at the other end. */
  readonly peer: string
  /** Asked when the peer has said hello: a reason here refuses it. */
  readonly admit?: (declared: Declared) => Promise<CloseReason | undefined>
  /** What may go to the peer, and what of the peer's may come in here. */
  readonly passesOut: Passes
  readonly passesIn: Passes
  /** Which documents both sides should hold; by default all that pass in either direction. */
  readonly shared?: Passes
  /** Of those that go to the peer, the ones that it keeps for good, so that a portal may withdraw them; by default all. */
  readonly keeps?: Passes
  /** Of those that do not go to the peer, the ones that it is to know of, so that it can say when they are to go; by default none. */
  readonly tells?: Passes
  /** Attachments, where this replica keeps them. */
  readonly chunks?: Chunks
  /** The settings at this end; by default they never change. */
  readonly settings?: LinkSettings
  readonly clock: Clock
  readonly events: ConnectionEvents
}

export interface ConnectionEvents {
  /**
   * Both sides know where the other stands. `clockOffset`: the peer's clock less ours, milliseconds; `settingsVersion`:
   * that of the settings at its end.
   */
  live?(peer: string, clockOffset: number, settingsVersion: number): void
  /** Anything came from the peer. */
  heard?(): void
  /** Counts of rows, as they happen. */
  sent?(rows: number): void
  received?(rows: number): void
  /** What one side sends in a collection is not taken any more: a sentence why (LINK-12). */
  paused?(why: string): void
  /** Of those received, how many became rows of this log. */
  logged?(rows: number): void
  /** The peer, or this replica, was put back to an older copy; what it lacks comes back now. */
  restored?(which: 'peer' | 'here'): void
  /** The end: refused with a reason, broken with an error, or neither. */
  closed(end: { readonly reason?: CloseReason; readonly error?: Error }): void
}

export interface Connection {
  /** Resolves when all that each side had now is durable at the other; rejects when the connection ends before. */
  caughtUp(): Promise<void>
  /** Proves that both sides hold the same, and heals what differs; rejects where the peer's version cannot. */
  prove(): Promise<Proof>
  close(): void
}

/** Runs the link on a socket that is open and signed in. */
export function connect(options: ConnectionOptions): Connection {
  const { replica, socket, peer, clock, events, settings = fixedSettings } = options
  const settingsVersion = settings.version()
  const { replication } = replica
  const mirroring: Mirroring = {
    peer,
    passes: options.keeps ?? options.passesOut,
    isThere: () => answers(socket, clock),
    // A peer of an older version cannot say it.
    isWhole: async ({ collection, key }) =>
      collection !== 'messages' || !exchange || version < chunksDueFrom || exchange.isWhole(key),
    startOver: () => end({}),
  }
  const attached = replication.attach(mirroring)
  let state: LinkState
  let offset = 0
  let version = 0
  let theirSettings = 0
  let reconciling: Promise<unknown> = Promise.resolve()
  let unanswered = 0
  let ended = false
  let marks = 0
  let cancelPing = (): void => {}
  /** Collections of the peer that are not taken (LINK-12). */
  const paused = new Set<Collection>()
  /** Resolves when either side takes no more of a collection: then both sides do not catch up. */
  const someHeld = Promise.withResolvers<void>()
  let taken: Promise<void> = Promise.resolve()
  /** Resolves when it is durable what the peer has refused so far. */
  let noted: Promise<void> = Promise.resolve()
  const waiting = new Map<number, { resolve(): void; reject(error: Error): void }>()

  const end = (what: { reason?: CloseReason; error?: Error }): void => {
    if (ended) return
    ended = true
    cancelPing()
    attached.end()
    stopListening()
    stopWatching?.()
    proofs.end(new Error('The connection ended before the proof was done'))
    exchange?.end()
    for (const one of waiting.values()) one.reject(new Error('The connection ended before both sides had caught up'))
    socket.close()
    // A half-open connection never answers a close: its socket must not outlive the link.
    clock.after(2_000, () => socket.terminate())
    events.closed(what)
  }
  const failed = (error: unknown): void => end({ error: error instanceof Error ? error : new Error(String(error)) })
  const send = (frame: Frame): void => {
    if (socket.bufferedAmount > mostBuffered)
      return end({ error: new Error('The peer takes nothing: too much waits to be sent') })
    if (frame.kind === 'batch') events.sent?.(frame.rows.length)
    if (frame.kind !== 'chunk') return socket.send(writeFrame(frame))
    // The next follows when this one has left, so that what else is to be sent waits behind one at most.
    socket.send(writeFrame(frame), () => happen({ kind: 'chunk left' }))
  }
  const apply = ([next, effects]: Step): void => {
    state = next
    for (const effect of effects) if (!ended) carryOut(effect)
  }
  const happen = (event: LinkEvent): void => {
    if (ended) return
    // What is under way was chosen by settings that are no more: it begins anew with hello.
    if (settings.version() !== settingsVersion) return end({})
    apply(step(state, event))
  }

  const carryOut = (effect: LinkEffect): void => {
    switch (effect.kind) {
      case 'send':
        return send(effect.frame)
      case 'meet':
        offset = effect.clock - clock.now()
        theirSettings = effect.settingsVersion
        return after(meet(effect.declared, effect.yours), (met) => {
          if (met === undefined) return
          if (typeof met === 'string') return refuse(met)
          if (met.restored) events.restored?.('peer')
          if (met.restoredHere) events.restored?.('here')
          happen({ kind: 'met', ...met })
        })
      case 'read': {
        const { collection, from, complete } = effect
        const range = { from, complete, maxBytes: batchBytes }
        const reading = isSent(collection)
          ? replication.outgoing(peer, collection, range, options.passesOut, options.tells)
          : Promise.resolve({ rows: [], to: from, tail: true, off: true })
        return after(reading, (outgoing) => happen({ kind: 'read', collection, outgoing }))
      }
      case 'receive':
        events.received?.(effect.batch.rows.length)
        return after(receive(effect.batch), () => {})
      case 'acknowledged':
        return after(
          noted.then(() => replication.acknowledged(peer, effect.collection, effect.position)),
          () => {},
        )
      case 'stands':
        return after(replication.stands(peer, effect.positions), () => {
          // What was acknowledged by settings that this end has not got, or lost, may have come as facts alone (rule 9).
          if (theirSettings === settingsVersion) attached.stands()
        })
      case 'refused rows':
        noted = Promise.all([noted, replication.refused(peer, effect.ack.collection, effect.rows)]).then(() => {})
        return after(
          noted.then(() => refusedRows(effect.ack)),
          () => {},
        )
      case 'held':
        return pause(
          `The other side takes no more ${effect.collection}: too much of what it has waits there for what did not arrive. Compare both sides; it goes on by itself when there is room.`,
        )
      case 'caught up':
        // What waits for settings to travel has not caught up. The connection ends when they have; the next one asks again.
        if (settings.always && theirSettings !== settingsVersion) return
        waiting.get(effect.number)?.resolve()
        waiting.delete(effect.number)
        return
      case 'live':
        version = effect.version
        if (version >= chunksFrom) exchange?.begin()
        return events.live?.(peer, offset, theirSettings)
      case 'read chunk': {
        const { wanted } = effect
        return after(exchange?.read(wanted) ?? Promise.resolve(new Uint8Array()), (content) =>
          happen({ kind: 'chunk read', chunk: { kind: 'chunk', name: wanted.name, content } }),
        )
      }
      case 'take chunk':
        return after(exchange!.take(effect.chunk.name, effect.chunk.content), () => {})
      case 'await chunks':
        // Who keeps no chunks has all that it wants of them.
        return exchange ? exchange.await(effect.due) : happen({ kind: 'chunks arrived' })
      case 'chunks kept':
        return exchange?.kept()
      case 'reconcile':
        // What heals may come faster than it is taken in: no more is read then, until there is room.
        if (++unanswered === mostUnanswered) socket.pause()
        reconciling = reconciling.then(() => (ended ? undefined : proofs.take(effect.frame)))
        return after(reconciling, () => {
          if (--unanswered < mostUnanswered && socket.isPaused) socket.resume()
        })
      case 'close':
        return effect.reason === 'start over' ? end({}) : refuse(effect.reason)
      case 'refused':
        return end({ reason: effect.reason })
    }
  }
  /** Rule 6: by settings that the other end has not got, what goes would be refused there, and counted as read. */
  const isSent = (collection: Collection): boolean =>
    settings.sends(collection) && (theirSettings === settingsVersion || (settings.always?.(collection) ?? true))
  const receive = (batch: BatchFrame): Promise<void> => {
    const receiving = replication.receive(peer, batch, passesIn, settings)
    // In the order of the batches: one that cannot be built is known before the commit of the one before it.
    return (taken = Promise.allSettled([receiving, taken]).then(async () => {
      try {
        const received = await receiving
        events.logged?.(received.logged)
        happen({ kind: 'received', batch, received })
      } catch (error) {
        // What follows in a collection that is not taken does not begin where this replica stands.
        if (!(error instanceof QuarantineFull) && !paused.has(batch.collection)) throw error
        paused.add(batch.collection)
        if (error instanceof QuarantineFull) pause(error.message)
        happen({ kind: 'paused', batch })
      }
    }))
  }
  const pause = (why: string): void => {
    someHeld.resolve()
    events.paused?.(why)
  }
  /** Where there is room again, and not just for the next row, a new connection reads on from what is durable. */
  const goOn = async (): Promise<void> => {
    if (await replication.hasRoom(peer)) end({})
  }
  const meet = async (declared: Declared, yours: KnownOfUs): Promise<CloseReason | Met | undefined> => {
    if (declared.replica !== peer) return 'unknown device'
    const reason = await options.admit?.(declared)
    return reason || ended ? reason : replication.meet(declared, yours, () => ended)
  }
  const refuse = (reason: CloseReason, error?: Error): void => {
    if (socket.readyState === socket.OPEN) socket.send(writeFrame({ kind: 'refuse', reason }))
    end(error ? { reason, error } : { reason })
  }
  const refusedRows = (ack: Ack): Promise<void> => openRefusalReviews(replica, peer, ack, clock.now())
  const after = <T>(promise: Promise<T>, then: (value: T) => void): void => {
    promise
      .then((value) => {
        if (!ended) then(value)
      }, failed)
      .catch(failed)
  }

  const { passesIn, passesOut } = options
  const either: Passes = (...asked) => passesIn(...asked) || passesOut(...asked)
  const proofs = replication.reconciler({
    shared: options.shared ?? either,
    send: (frame) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(new Error('The connection has ended'))
        socket.send(writeFrame(frame), (error) => {
          if (!error) return resolve()
          // Whoever waits for the proof learns first that the connection is gone, and asks on the next.
          failed(error)
          reject(error)
        })
      }),
    heal: (collection, rows) => replication.heal(collection, rows, passesIn),
  })

  const { chunks } = options
  const exchange =
    chunks &&
    chunkExchange({
      chunks,
      replica,
      passesIn,
      passesOut,
      clock,
      ask: (wanted) => happen({ kind: 'want chunk', wanted }),
      askAfter: (due) => happen({ kind: 'ask after chunks', due }),
      arrived: () => happen({ kind: 'chunks arrived' }),
      whole: attached.whole,
      failed,
    })

  const ping = (): void => {
    let answered = false
    socket.once('pong', () => {
      answered = true
      events.heard?.()
    })
    socket.ping()
    cancelPing = clock.after(pingEvery, () =>
      answered ? ping() : end({ error: new Error('The peer does not answer') }),
    )
  }
  const stopListening = replica.onCommit(() => {
    happen({ kind: 'changed' })
    if (paused.size > 0) after(goOn(), () => {})
  })
  const stopWatching = settings.onChange?.(() => {
    if (settings.version() !== settingsVersion) end({})
  })
  socket.on('message', (data: Buffer) => {
    events.heard?.()
    try {
      happen({ kind: 'frame', frame: readFrame(data) })
    } catch (error) {
      if (!(error instanceof MalformedFrame)) return failed(error)
      refuse('malformed frame', error)
    }
  })
  socket.on('close', () => end({}))
  socket.on('error', failed)

  const caughtUp = (): Promise<void> => {
    const number = ++marks
    return new Promise((resolve, reject) => {
      if (ended) return reject(new Error('The connection has ended'))
      waiting.set(number, { resolve, reject })
      happen({ kind: 'mark', number })
    })
  }

  apply(begin(helloOf(replica, peer, clock.now(), settingsVersion)))
  ping()
  return {
    caughtUp,
    async prove() {
      // What is not taken would be waited for in vain, and the proof is what makes room.
      await Promise.race([caughtUp(), someHeld.promise])
      if (version < reconcileFrom)
        throw new Error('The portal runs an older version that cannot prove equality yet. Update it first.')
      const proof = await proofs.prove()
      await Promise.race([caughtUp(), someHeld.promise])
      return proof
    },
    close: () => end({}),
  }
}

function helloOf(replica: OpenReplica, peer: string, now: number, settingsVersion: number): Hello {
  const known = replica.replication.peer(peer)
  return {
    kind: 'hello',
    versions,
    practice: replica.practice,
    ...replica.replication.declared(),
    clock: now,
    yours: {
      chain: known?.chain ?? [],
      seen: known?.seen ?? 0,
      positions: known?.cursors.map((cursor) => cursor.position) ?? [],
    },
    settingsVersion,
  }
}
