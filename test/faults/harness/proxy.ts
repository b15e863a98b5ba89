/**
 * A TCP proxy in front of one address that does to connections what networks do: delays bytes, drops connections, leaves
 * them half open (swallows what comes and never closes), cuts the next bytes in the middle. It knows nothing of what it
 * carries. Timers are allowed here: it is the fault.
 */
import { createConnection, createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export interface Proxy {
  readonly port: number
  /** How many connections are open and carry bytes. */
  readonly open: number
  /** From now on every byte arrives so much later, in both directions and in order; 0 ends it. */
  delay(ms: number): void
  /** Ends the open connections at once with a reset; how many there were. */
  drop(): number
  /** The open connections swallow all bytes from now on, in both directions, and are never closed from here; how many there were. */
  halfOpen(): number
  /** The next bytes of each open connection are passed on to their middle, then the connection is reset; how many there were. */
  truncate(): number
  /** Connections so far: each began at `at`, milliseconds UTC. */
  readonly accepted: readonly { readonly at: number }[]
  /** How many connections were cut in the middle of their bytes. */
  readonly truncated: number
  close(): Promise<void>
}

type Mood = 'passes' | 'half open' | 'truncates'

/** Listens on a free port of this machine and passes on to `target` on this machine. */
export async function openProxy(target: number): Promise<Proxy> {
  const connections = new Set<ReturnType<typeof carry>>()
  const accepted: { at: number }[] = []
  let latency = 0
  let truncated = 0

  const carry = (near: Socket, far: Socket) => {
    let mood: Mood = 'passes'
    const reset = (): void => {
      connections.delete(connection)
      near.resetAndDestroy()
      far.resetAndDestroy()
    }
    const pipe = (from: Socket, to: Socket): void => {
      let due = 0
      // In order: what comes later is never due earlier.
      const later = (run: () => void): void => {
        const now = Date.now()
        due = Math.max(due, now + latency)
        if (due <= now) run()
        else setTimeout(run, due - now)
      }
      from.on('data', (bytes: Buffer) => {
        if (mood === 'half open') return
        later(() => {
          if (mood === 'half open' || to.destroyed) return
          if (mood === 'truncates') {
            truncated++
            to.write(bytes.subarray(0, bytes.length >> 1))
            connections.delete(connection)
            // What was written is to arrive, and then nothing more.
            to.destroySoon()
            from.resetAndDestroy()
            return
          }
          to.write(bytes)
        })
      })
      const ended = (): void => {
        connections.delete(connection)
        if (mood !== 'half open') later(() => void (mood !== 'half open' && to.destroySoon()))
      }
      from.on('end', ended)
      from.on('close', ended)
      from.on('error', ended)
    }
    const connection = {
      reset,
      near,
      far,
      become: (next: Mood) => void (mood = next),
    }
    pipe(near, far)
    pipe(far, near)
    return connection
  }

  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    accepted.push({ at: Date.now() })
    const far = createConnection(target, '127.0.0.1')
    for (const socket of [near, far]) {
      socket.setNoDelay(true)
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    }
    connections.add(carry(near, far))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  const each = (act: (connection: ReturnType<typeof carry>) => void): number => {
    const open = [...connections]
    for (const connection of open) act(connection)
    return open.length
  }
  return {
    port: (server.address() as AddressInfo).port,
    get open() {
      return connections.size
    },
    delay: (ms) => void (latency = ms),
    drop: () => each((connection) => connection.reset()),
    halfOpen: () =>
      each((connection) => {
        connection.become('half open')
        connections.delete(connection)
      }),
    truncate: () => each((connection) => connection.become('truncates')),
    accepted,
    get truncated() {
      return truncated
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
