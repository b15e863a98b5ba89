/**
 * A network under control: pairs of WebSockets in memory with the part of the face of `ws` that links use. Nothing
 * arrives by itself; each frame in flight waits until it is delivered or its connection breaks. Order is kept (TCP).
 * A break may be seen by both ends, or by one alone (a half-open connection).
 */
import { EventEmitter } from 'node:events'
import type { WebSocket } from 'ws'
import { readFrame } from '../../src/replica/codec.ts'
import type { Trace } from './chance.ts'

type Flight =
  | { readonly kind: 'open' | 'refused' | 'close' | 'closed' | 'lost' }
  | { readonly kind: 'ping' | 'pong'; readonly data: Buffer }
  | { readonly kind: 'message'; readonly data: Buffer }

/** A frame in a few words, for a trace. */
function sayFrame(data: Buffer): string {
  try {
    const frame = readFrame(data)
    switch (frame.kind) {
      case 'batch': {
        const rows = frame.rows.map(({ seq, key }) => `${seq}:${key.slice(-3)}`).join(' ')
        return `batch ${frame.collection} (${frame.from}, ${frame.to}]${frame.tail ? ' tail' : ''} ${rows}`
      }
      case 'want':
        return `want ${frame.cursors.map(({ position, complete }) => `${position}/${complete}`).join(' ')}`
      case 'hello':
        return `hello head ${frame.head} epochs ${frame.epochs.map(({ id, first }) => `${id % 1000}@${first}`).join(' ')} seen ${frame.yours.seen}`
      case 'ack':
        return `ack ${frame.collection} ${frame.to}`
      default:
        return frame.kind
    }
  } catch (error) {
    return String(error)
  }
}

/** A process as the network knows it: whether it is there to hear anything. */
export interface Host {
  readonly name: string
  readonly alive: boolean
}

/** One end of a connection, in the face of a WebSocket. */
export class End extends EventEmitter {
  readonly OPEN = 1
  readyState = 0
  bufferedAmount = 0
  /** What is on its way to this end. */
  readonly incoming: Flight[] = []
  heard = 0
  other!: End
  host: Host | undefined
  sent: (from: Host, to: Host | undefined, data: Uint8Array) => void = () => {}

  /** A reader that pauses is left out: what is simulated is small. */
  readonly isPaused = false
  pause(): void {}
  resume(): void {}
  send(data: Uint8Array, done?: (error?: Error) => void): void {
    if (this.readyState !== 1) {
      done?.(new Error('The socket is not open'))
      return
    }
    if (done) queueMicrotask(() => done())
    this.bufferedAmount += data.length
    if (this.host) this.sent(this.host, this.other.host, data)
    this.other.incoming.push({ kind: 'message', data: Buffer.from(data.buffer, data.byteOffset, data.length) })
  }
  ping(data = Buffer.alloc(0)): void {
    if (this.readyState === 1) this.other.incoming.push({ kind: 'ping', data })
  }
  close(): void {
    if (this.readyState > 1) return
    this.readyState = 2
    this.other.incoming.push({ kind: 'close' })
  }
  terminate(): void {
    if (this.readyState === 3) return
    this.readyState = 3
    this.other.incoming.push({ kind: 'lost' })
    this.incoming.length = 0
    this.incoming.push({ kind: 'lost' })
  }
}

export interface Network {
  /** Opens a connection from a host; where it leads is asked when it arrives. */
  dial(host: Host): WebSocket
  /** The ends to which something is on its way. */
  busy(): End[]
  /** Delivers the next thing to this end. */
  deliver(end: End): void
  readonly ends: readonly End[]
  /** Breaks the connection of an end: what is in flight is gone, and the ends that `tell` names learn of it. */
  cut(end: End, tell: 'both' | 'this' | 'other'): void
  /** Delivers a part of the next frame, and breaks the connection. False where none is on its way. */
  cutInside(end: End, share: number): boolean
  /** Shows each frame as it is delivered; undefined ends it. */
  watch(see: ((data: Buffer) => void) | undefined): void
  /** Shows each frame as it is sent: by whom, to whom. */
  watchSent(see: (from: Host, to: Host | undefined, data: Uint8Array) => void): void
  /** A host is gone: by a kill, which the system tells the peers, or by loss of power, which nobody tells. */
  gone(host: Host, told: boolean): void
}

export function simulatedNetwork(
  accept: () => { host: Host; take(socket: WebSocket): void } | undefined,
  trace: Trace,
): Network {
  let ends: End[] = []
  let seeSent: End['sent'] = () => {}
  let watching: ((data: Buffer) => void) | undefined
  const socketOf = (end: End): WebSocket => end as unknown as WebSocket
  const emit = (end: End, name: string, ...what: unknown[]): void => {
    // An error that nobody hears would end the process of a real server too.
    if (end.host?.alive) end.emit(name, ...what)
  }
  const over = (end: End): boolean => end.readyState === 3 && end.incoming.length === 0
  const sweep = (): void => {
    ends = ends.filter((end) => {
      if (end.host?.alive && !over(end)) return true
      return end.other.host?.alive === true && !over(end.other)
    })
  }
  const lose = (end: End): void => {
    end.incoming.length = 0
    end.incoming.push({ kind: 'lost' })
  }

  return {
    dial(host) {
      const [near, far] = [new End(), new End()]
      near.sent = far.sent = (...what) => seeSent(...what)
      near.other = far
      far.other = near
      near.host = host
      far.incoming.push({ kind: 'open' })
      ends.push(near, far)
      return socketOf(near)
    },
    busy: () => ends.filter((end) => end.incoming.length > 0),
    deliver(end) {
      const flight = end.incoming.shift()
      if (!flight) return
      switch (flight.kind) {
        case 'open': {
          const there = accept()
          if (!there) {
            end.readyState = 3
            end.other.incoming.push({ kind: 'refused' })
            break
          }
          end.host = there.host
          end.readyState = 1
          if (end.other.readyState === 0) end.other.readyState = 1
          there.take(socketOf(end))
          break
        }
        case 'refused':
          end.readyState = 3
          emit(end, 'error', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))
          emit(end, 'close')
          break
        case 'message':
          end.other.bufferedAmount -= flight.data.length
          end.heard++
          trace.bytes(flight.data)
          if (trace.lines) trace.remark(`${end.host?.name ?? 'nobody'} gets ${sayFrame(flight.data)}`)
          watching?.(flight.data)
          if (end.readyState === 1 || end.readyState === 2) emit(end, 'message', flight.data, true)
          break
        case 'ping':
          if (end.host?.alive && end.readyState === 1) end.other.incoming.push({ kind: 'pong', data: flight.data })
          break
        case 'pong':
          if (end.readyState === 1) emit(end, 'pong', flight.data)
          break
        case 'close':
          if (end.readyState === 3) break
          end.readyState = 3
          if (end.host?.alive) end.other.incoming.push({ kind: 'closed' })
          emit(end, 'close')
          break
        case 'closed':
        case 'lost':
          end.readyState = 3
          end.incoming.length = 0
          emit(end, 'close')
          break
      }
      if (end.readyState === 3 || !end.host?.alive) sweep()
    },
    get ends() {
      return ends
    },
    cut(end, tell) {
      if (tell !== 'other') lose(end)
      else end.incoming.length = 0
      if (tell !== 'this') lose(end.other)
      else end.other.incoming.length = 0
    },
    cutInside(end, share) {
      const flight = end.incoming[0]
      // The first frame each way is the sign-in, which a stranger may not repeat.
      if (flight?.kind !== 'message' || end.heard === 0) return false
      lose(end)
      lose(end.other)
      const part = flight.data.subarray(0, Math.floor(flight.data.length * share))
      end.incoming.unshift({ kind: 'message', data: part })
      return true
    },
    watch: (see) => void (watching = see),
    watchSent: (see) => void (seeSent = see),
    gone(host, told) {
      for (const end of ends)
        if (end.host === host && end.other.host?.alive) {
          if (told) end.other.incoming.push({ kind: 'lost' })
          end.incoming.length = 0
        }
      sweep()
    },
  }
}
