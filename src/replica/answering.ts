/** Whether the process at the other end of a WebSocket is there now: it answers to a ping of its own. */
import type { WebSocket } from 'ws'
import type { Clock } from './clock.ts'

/** Resolves with true when the peer answers; with false where the socket closes before, or the answer takes longer than `within` ms. */
export function answers(socket: WebSocket, clock: Clock, within?: number): Promise<boolean> {
  if (socket.readyState !== socket.OPEN) return Promise.resolve(false)
  // A pong that was under way when the other side ended answers an older ping.
  const asked = Buffer.from(clock.bytes(8))
  return new Promise((resolve) => {
    const heard = (said: Buffer): void => {
      if (asked.equals(said)) settle(true)
    }
    const closed = (): void => settle(false)
    const settle = (answered: boolean): void => {
      cancel?.()
      socket.off('pong', heard)
      socket.off('close', closed)
      resolve(answered)
    }
    const cancel = within === undefined ? undefined : clock.after(within, () => settle(false))
    socket.on('pong', heard)
    socket.on('close', closed)
    socket.ping(asked)
  })
}
