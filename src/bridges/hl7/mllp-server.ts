/**
 * A port on which a peer's messages come in over MLLP, plain or by TLS. Each connection is answered in the order of its
 * messages; one that sends faster than messages are stored is not read until it has caught up. What was received is safe
 * by then, whatever becomes of the connection.
 */
import { createServer as createPlainServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Taken, TakenBytes } from './intake.ts'
import { commitFrame, commitOf, mllpFrame, mllpFramer } from './mllp.ts'

/** TLS as PEM; `ca`: whose clients are let in, where `asksForCertificate`. */
export interface ServerTls {
  readonly cert: string
  readonly key: string
  readonly ca?: string | undefined
  readonly asksForCertificate: boolean
}

export interface MllpServerOptions {
  readonly host: string
  readonly port: number
  readonly tls?: ServerTls | undefined
  readonly mostConnections: number
  readonly mostBytes: number
  /** Release 2: each frame is said to be kept or not, and how often an answer goes again that the peer did not keep; null: release 1. */
  readonly commitRetries: number | null
  readonly take: (bytes: Uint8Array) => TakenBytes
  readonly say: (line: string) => void
  /** A line for the log where the channel is verbose: no content. */
  readonly tell: (line: () => string) => void
}
export interface MllpServer {
  readonly port: number
  connections(): number
  close(): Promise<void>
}

/** How many messages of one connection are under way before it is not read any more. */
const mostUnderWay = 64
const keepAliveAfter = 30_000

/** Resolves when it listens; rejects with a sentence where it cannot. */
export async function serveMllp(options: MllpServerOptions): Promise<MllpServer> {
  const { host, port, tls, say, tell } = options
  const sockets = new Set<Socket>()
  const onSocket = (socket: Socket): void => {
    sockets.add(socket)
    tell(() => `a connection came, now ${sockets.size}`)
    socket.once('close', () => {
      sockets.delete(socket)
      tell(() => `a connection ended, now ${sockets.size}`)
    })
    converse(socket, options)
  }
  const server: Server = tls
    ? createTlsServer({ cert: tls.cert, key: tls.key, ca: tls.ca, requestCert: tls.asksForCertificate, rejectUnauthorized: tls.asksForCertificate, minVersion: 'TLSv1.2' }, onSocket) // prettier-ignore
    : createPlainServer(onSocket)
  server.maxConnections = options.mostConnections
  server.on('drop', () => say('a connection more than the channel takes was turned away'))
  // A client that does not speak TLS, or has no certificate, ends by itself; the log names no address.
  server.on('tlsClientError', (error: Error & { code?: string }) => say(`a TLS connection was not made: ${error.code ?? error.name}`)) // prettier-ignore
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} is in use on this machine. Choose another for this channel.`, { cause: error })
          : new Error(`It cannot listen at ${host}, port ${port} (${error.code ?? error.name}).`, { cause: error }),
      ),
    )
    server.listen(port, host, resolve)
  })
  server.on('error', (error: NodeJS.ErrnoException) => say(`the port has a fault: ${error.code ?? error.name}`))
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function converse(socket: Socket, { mostBytes, commitRetries, take, say, tell }: MllpServerOptions): void {
  const framer = mllpFramer(mostBytes)
  let underWay = 0
  let order: Promise<unknown> = Promise.resolve()
  socket.setKeepAlive(true, keepAliveAfter)
  socket.setNoDelay(true)
  const write = (frame: Uint8Array, line: string): void => {
    if (!socket.writable) return
    socket.write(frame)
    tell(() => line)
  }
  /** The answer that the peer may ask for again by 15, and how often. */
  let last: { answer: Uint8Array; left: number } = { answer: new Uint8Array(), left: 0 }
  const answerWith = (answer: Uint8Array | null): void => {
    if (answer === null) return
    last = { answer, left: commitRetries ?? 0 }
    write(mllpFrame(answer), `an answer went, ${answer.length} bytes`)
  }
  const answerAgain = (): void => {
    if (last.left <= 0) return say('a peer did not keep an answer')
    last.left--
    write(mllpFrame(last.answer), `an answer went again, ${last.answer.length} bytes`)
  }
  // In the order of their frames, and before the answers to them, which may take longer than the next frame.
  let committed: Promise<boolean> = Promise.resolve(true)
  const commit = (kept: Promise<boolean>): Promise<boolean> =>
    (committed = Promise.all([kept, committed]).then(([isKept]) => {
      write(commitFrame(isKept ? 'kept' : 'not kept'), `a frame was said to be ${isKept ? 'kept' : 'not kept'}`)
      return isKept
    }))
  /** Whether all of a frame is stored; it goes again as a whole where not. */
  const keptOf = (each: readonly Taken[]): Promise<boolean> =>
    Promise.all(each.map(({ stored }) => stored)).then(
      () => true,
      (error: Error) => {
        say(`a message could not be stored: ${error.name}`)
        return false
      },
    )
  const failed = (error: unknown): void => {
    // Nothing is answered: the peer sends it again.
    say(`a message was not answered: ${(error as Error).name}`)
    socket.destroy()
  }
  socket.on('error', (error: NodeJS.ErrnoException) => say(`a connection ended: ${error.code ?? error.name}`))
  socket.on('data', (bytes: Buffer) => {
    for (const framed of framer.push(bytes)) {
      if (framed.kind === 'discarded') {
        say(`${framed.bytes} bytes were discarded (${framed.why})`)
        if (commitRetries !== null && framed.why === 'too large') void commit(Promise.resolve(false))
        continue
      }
      const said = commitRetries === null ? undefined : commitOf(framed.bytes)
      if (said !== undefined) {
        tell(() => `the peer said of an answer that it is ${said}`)
        if (said === 'not kept') answerAgain()
        continue
      }
      const { each } = take(framed.bytes)
      const kept = commitRetries === null ? Promise.resolve(true) : commit(keptOf(each))
      for (const { first, later } of each) {
        underWay++
        order = Promise.all([onceKept(kept, first), order]).then(([answer]) => answerWith(answer))
        const answered = order
        Promise.all([onceKept(kept, later), answered])
          .then(([answer]) => answerWith(answer))
          .catch(failed)
          .finally(() => {
            if (--underWay < mostUnderWay / 2) socket.resume()
          })
      }
    }
    if (underWay >= mostUnderWay) socket.pause()
  })
}

/** An answer to what is kept; to what was not there is none. */
async function onceKept(kept: Promise<boolean>, answer: Promise<Uint8Array | null>): Promise<Uint8Array | null> {
  const [isKept, [settled]] = await Promise.all([kept, Promise.allSettled([answer])])
  if (!isKept) return null
  if (settled.status === 'rejected') throw settled.reason
  return settled.value
}
