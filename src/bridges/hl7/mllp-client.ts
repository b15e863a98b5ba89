/**
 * A connection on which messages go out over MLLP, one at a time: the next one goes when the one before was answered. An
 * answer counts only for the message whose control id it names; a late one is discarded, and when no answer came in time
 * the connection is closed, so that it can never be taken for the next message's.
 */
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock } from '../../replica/clock.ts'
import { readAcknowledgement, type Acknowledgement } from './acknowledgements.ts'
import { BadMessage } from './bad-message.ts'
import { readMessage } from './encodings.ts'
import { mllpFrame, mllpFramer } from './mllp.ts'

/** TLS as PEM; `cert` and `key` where the peer asks for one. */
export interface ClientTls {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}
export interface MllpClientOptions {
  readonly host: string
  readonly port: number
  readonly tls?: ClientTls | undefined
  /** Milliseconds. */
  readonly responseTime: number
  readonly mostBytes: number
  readonly characterSet: string
  readonly keepsConnection: boolean
  readonly clock: Clock
  readonly say: (line: string) => void
}

/** It was not sent: nobody has it. The message is for people. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected'
}
/** It was sent and not answered: whether the peer has it is not known. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

const connectTime = 5_000
const keepAliveAfter = 30_000

export interface MllpClient {
  /** Sends a message and resolves with its answer and the bytes of it; rejects with NotConnected or NoAnswer. */
  send(bytes: Uint8Array, control: string): Promise<{ answer: Acknowledgement; bytes: Uint8Array }>
  isConnected(): boolean
  close(): void
}

export function mllpClient(options: MllpClientOptions): MllpClient {
  const { host, port, tls, clock, say } = options
  let open: { readonly socket: Socket; onAnswer: (bytes: Uint8Array) => void; onEnd: (why: string) => void } | undefined
  let closed = false

  const connected = (): Promise<NonNullable<typeof open>> => {
    if (open) return Promise.resolve(open)
    return new Promise((resolve, reject) => {
      const socket = tls ? connectTls({ host, port, ca: tls.ca, cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2', servername: /^[\d.:]+$/.test(host) ? '' : host }) : connectPlain({ host, port }) // prettier-ignore
      const framer = mllpFramer(options.mostBytes)
      const made: NonNullable<typeof open> = { socket, onAnswer: () => say('an answer came to no message'), onEnd: () => {} } // prettier-ignore
      let why = 'it was closed by the peer'
      const cancel = clock.after(connectTime, () => {
        why = 'there was no answer in 5 seconds'
        socket.destroy()
      })
      socket.once(tls ? 'secureConnect' : 'connect', () => {
        cancel()
        if (closed) return void socket.destroy()
        open = made
        resolve(made)
      })
      socket.on('error', (error: NodeJS.ErrnoException) => void (why = error.code ?? error.message))
      socket.once('close', () => {
        cancel()
        if (open === made) open = undefined
        made.onEnd(why)
        reject(new NotConnected(`${host}, port ${port}, cannot be reached: ${why}.`))
      })
      socket.on('data', (bytes: Buffer) => {
        for (const framed of framer.push(bytes)) if (framed.kind === 'message') made.onAnswer(framed.bytes)
      })
      socket.setKeepAlive(true, keepAliveAfter)
      socket.setNoDelay(true)
    })
  }

  const read = (bytes: Uint8Array): Acknowledgement | undefined => {
    try {
      return readAcknowledgement(readMessage(bytes, options.characterSet))
    } catch (error) {
      if (error instanceof BadMessage) return undefined
      throw error
    }
  }

  return {
    isConnected: () => open !== undefined,
    async send(bytes, control) {
      const connection = await connected()
      return new Promise((resolve, reject) => {
        const end = (): void => {
          cancel()
          connection.onAnswer = () => say('a late answer was discarded')
          connection.onEnd = () => {}
        }
        const cancel = clock.after(options.responseTime, () => {
          end()
          // What comes on this connection now may be this message's answer: nobody listens any more.
          connection.socket.destroy()
          if (open === connection) open = undefined
          reject(new NoAnswer('The peer did not answer in time.'))
        })
        connection.onEnd = (why) => {
          end()
          reject(new NoAnswer(`The connection ended before the peer answered: ${why}.`))
        }
        connection.onAnswer = (given) => {
          const answer = read(given)
          if (answer?.of !== control) return say('an answer that names another message was discarded')
          end()
          if (!options.keepsConnection) {
            if (open === connection) open = undefined
            connection.socket.end()
          }
          resolve({ answer, bytes: given })
        }
        connection.socket.write(mllpFrame(bytes))
      })
    },
    close() {
      closed = true
      open?.socket.destroy()
      open = undefined
    },
  }
}
