/**
 * A connection on which messages go out over MLLP, one at a time: the next one goes when the one before was answered. An
 * answer counts only for the message whose control id it names; a late one is discarded, and when no answer came in time
 * the connection is closed, so that it can never be taken for the next message's. In release 2 a message goes again, some
 * times, until the peer says that it is kept; its answer is waited for from then on.
 */
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock } from '../../replica/clock.ts'
import { readAcknowledgement, type Acknowledgement } from './acknowledgements.ts'
import { BadMessage } from './bad-message.ts'
import { readMessage } from './encodings.ts'
import { commitFrame, commitOf, mllpFrame, mllpFramer } from './mllp.ts'

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
  /** Release 2: how often a message goes again that the peer did not say is kept; null: release 1. */
  readonly commitRetries: number | null
  readonly clock: Clock
  readonly say: (line: string) => void
  /** A line for the log where the channel is verbose: no content. */
  readonly tell: (line: () => string) => void
}

/** It was not sent: nobody has it. The message is for people. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected'
}
/** It was sent and not answered: whether the peer has it is not known. */
export class NoAnswer extends Error {
  override readonly name: string = 'NoAnswer'
}
/** Nor was it said to be kept (release 2): it may go again at once. */
class NotCommitted extends NoAnswer {
  override readonly name = 'NotCommitted'
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
  const { host, port, tls, commitRetries, clock, say, tell } = options
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

  /** Sends a message once. */
  const sendOnce = async (bytes: Uint8Array, control: string): Promise<{ answer: Acknowledgement; bytes: Uint8Array }> => {
    const connection = await connected()
    return new Promise((resolve, reject) => {
      let isCommitted = commitRetries === null
      const end = (): void => {
        cancel()
        connection.onAnswer = () => say('a late answer was discarded')
        connection.onEnd = () => {}
      }
      const fault = (sentence: string): NoAnswer => (isCommitted ? new NoAnswer(sentence) : new NotCommitted(sentence))
      const leave = (how: 'end' | 'destroy'): void => {
        if (open === connection) open = undefined
        connection.socket[how]()
      }
      const tooLate = (): void => {
        end()
        // What comes on this connection now may be this message's answer: nobody listens any more.
        leave('destroy')
        reject(fault(isCommitted ? 'The peer did not answer in time.' : 'The peer did not say in time that the message is kept.')) // prettier-ignore
      }
      let cancel = clock.after(options.responseTime, tooLate)
      connection.onEnd = (why) => {
        end()
        reject(fault(`The connection ended before the peer answered: ${why}.`))
      }
      connection.onAnswer = (given) => {
        const commit = commitRetries === null ? undefined : commitOf(given)
        if (commit !== undefined) {
          tell(() => `the peer said of a message that it is ${commit}`)
          if (isCommitted) return say('a commit acknowledgement more than messages was discarded')
          if (commit === 'kept') {
            isCommitted = true
            cancel()
            cancel = clock.after(options.responseTime, tooLate)
            return
          }
          end()
          if (!options.keepsConnection) leave('end')
          return reject(fault('The peer said that it could not keep the message (15, MLLP release 2).'))
        }
        // Were it lost here, the message would go again and be answered the same.
        if (commitRetries !== null) connection.socket.write(commitFrame('kept'))
        const answer = read(given)
        if (answer?.of !== control) return say('an answer that names another message was discarded')
        end()
        // A commit acknowledgement that comes behind its answer is never taken for the next message's.
        if (!options.keepsConnection || !isCommitted) leave('end')
        resolve({ answer, bytes: given })
      }
      connection.socket.write(mllpFrame(bytes))
    })
  } // prettier-ignore

  return {
    isConnected: () => open !== undefined,
    async send(bytes, control) {
      for (let left = commitRetries ?? 0; ; left--)
        try {
          return await sendOnce(bytes, control)
        } catch (error) {
          if (!(error instanceof NotCommitted) || left === 0 || closed) throw error
          tell(() => `a message that is not kept goes again, ${bytes.length} bytes`)
        }
    },
    close() {
      closed = true
      open?.socket.destroy()
      open = undefined
    },
  }
}
