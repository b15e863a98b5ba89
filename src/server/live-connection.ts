/**
 * One reader's socket: what comes in is bounded in size and number, what waits to go out is bounded, and one that does
 * not answer a ping is dropped. Anything wrong ends this connection and no other.
 */
import type { WebSocket } from 'ws'
import type { Clock } from '../replica/clock.ts'
import { nobodyAware, readViewMessage, type ViewMessage } from '../replica/view-messages.ts'

export interface LiveConnection {
  /** The id of the session that it belongs to. */
  readonly session: string
  send(message: Uint8Array): void
  end(ending: Ending): void
  /** To be called every ten seconds: drops who did not answer the last ping, and pings. */
  tick(): void
  /** Takes what the reader says; before, it waits in the network. */
  listen(heard: (message: ViewMessage) => void): void
}

/** The most that a reader may say at once: a state vector, or its awareness. */
export const mostBytesIn = 16 * 1024
const mostMessagesATick = 100
const mostBytesWaiting = 1024 * 1024
const closesWithin = 2_000

/**
 * Why a connection ends: code, sentence, and whether trying again may help. A `WebsocketProvider` comes back by itself
 * except after 4400 to 4499.
 */
export const endings = {
  stopping: [1001, 'The portal stops. Try again.'],
  malformed: [1007, 'This is no message of the y-websocket protocol.'],
  writes: [1008, 'Nothing can be written here.'],
  flood: [1008, 'Too many messages.'],
  broken: [1011, 'The view could not be read. Try again.'],
  slow: [1013, 'Too much waits to be taken. Try again.'],
  'signed out': [4401, 'Not signed in.'],
  'no access': [4403, 'There is nothing to show.'],
  'another person': [4409, 'Another person was chosen. Load the page again.'],
  later: [4409, 'This page has a later view. Load it again.'],
  'too many': [4429, 'Too many connections of this session.'],
} as const satisfies Record<string, readonly [code: number, sentence: string]>
export type Ending = keyof typeof endings

export function liveConnection(options: {
  readonly socket: WebSocket
  readonly session: string
  readonly clock: Clock
  readonly gone: () => void
}): LiveConnection {
  const { socket, clock } = options
  let over = false
  let answered = true
  let allowance = mostMessagesATick

  const leave = (): void => {
    if (over) return
    over = true
    options.gone()
  }
  const end = (ending: Ending): void => {
    if (over) return
    leave()
    const [code, sentence] = endings[ending]
    socket.close(code, sentence)
    // A close frame may wait behind what is never taken, and its answer may never come.
    const cancel = clock.after(closesWithin, () => socket.terminate())
    socket.once('close', cancel)
    socket.resume()
  }

  const send = (message: Uint8Array): void => {
    if (over) return
    if (socket.bufferedAmount > mostBytesWaiting) return end('slow')
    socket.send(message)
  }

  socket.pause()
  socket.on('pong', () => void (answered = true))
  socket.on('close', leave)
  // ws closes by itself what breaks the WebSocket protocol or is too large.
  socket.on('error', () => end('malformed'))

  return {
    session: options.session,
    end,
    send,
    tick() {
      if (over) return
      if (!answered) {
        leave()
        return socket.terminate()
      }
      answered = false
      allowance = mostMessagesATick
      socket.ping()
      send(nobodyAware)
    },
    listen(heard) {
      socket.on('message', (frame: Buffer, isBinary) => {
        if (over) return
        if (--allowance < 0) return end('flood')
        if (!isBinary) return end('malformed')
        let message: ViewMessage
        try {
          message = readViewMessage(frame)
        } catch {
          return end('malformed')
        }
        heard(message)
      })
      if (!over) socket.resume()
    },
  }
}
