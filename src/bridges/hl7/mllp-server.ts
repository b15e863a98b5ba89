/**
 * A port on which a peer's messages come in over MLLP, plain or by TLS. Each connection is answered in the order of its
 * messages; one that sends faster than messages are stored is not read until it has caught up. What was received is safe
 * by then, whatever becomes of the connection.
 */
import { createServer as createPlainServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { TakenBytes } from './intake.ts'
import { mllpFrame, mllpFramer } from './mllp.ts'

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

function converse(socket: Socket, { mostBytes, take, say, tell }: MllpServerOptions): void {
  const framer = mllpFramer(mostBytes)
  let underWay = 0
  let order: Promise<unknown> = Promise.resolve()
  socket.setKeepAlive(true, keepAliveAfter)
  socket.setNoDelay(true)
  const write = (answer: Uint8Array | null): void => {
    if (answer === null || !socket.writable) return
    socket.write(mllpFrame(answer))
    tell(() => `an answer went, ${answer.length} bytes`)
  }
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
        continue
      }
      for (const { first, later } of take(framed.bytes).each) {
        underWay++
        order = Promise.all([first, order]).then(([answer]) => write(answer))
        const answered = order
        Promise.all([later, answered])
          .then(([answer]) => write(answer))
          .catch(failed)
          .finally(() => {
            if (--underWay < mostUnderWay / 2) socket.resume()
          })
      }
    }
    if (underWay >= mostUnderWay) socket.pause()
  })
}
