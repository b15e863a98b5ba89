/** What goes over one WebSocket: bytes as the socket counts them, and what they were before compression. */
import type { Socket } from 'node:net'
import { zstdDecompressSync } from 'node:zlib'
import type { WebSocket } from 'ws'

export interface Traffic {
  /** Both ways, with the frames of the WebSocket. */
  readonly bytes: number
  /** The same where nothing was compressed. */
  readonly uncompressed: number
}

export const bytesOf = (socket: Socket): number => socket.bytesRead + socket.bytesWritten

/** RFC 8878, 3.1.1: every zstd frame begins so. */
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

/** Listens on a socket; what it returns ends that, and says what was seen, given the bytes on the wire. */
export function tapOf(socket: WebSocket): (bytes: number) => Traffic {
  const messages: Buffer[] = []
  const heard = (data: Buffer): void => void messages.push(data)
  const send = socket.send.bind(socket) as (data: Uint8Array) => void
  socket.send = (data: Uint8Array) => {
    messages.push(Buffer.from(data))
    send(data)
  }
  socket.on('message', heard)
  return (bytes) => {
    socket.off('message', heard)
    socket.send = send as WebSocket['send']
    const saved = messages.reduce((sum, message) => {
      const at = message.indexOf(zstdMagic)
      return at < 0 ? sum : sum + zstdDecompressSync(message.subarray(at)).length - (message.length - at)
    }, 0)
    return { bytes, uncompressed: bytes + saved }
  }
}
