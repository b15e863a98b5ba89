/** A distance between two sides: forwards TCP in order and unchanged, each piece after a delay. In a process of its own. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { answer } from '../processes.ts'

export type Distance = typeof handlers
const handlers = {
  /** Puts itself before `port`, `milliseconds` away in each direction; resolves with its own port. */
  async before(port: number, milliseconds: number): Promise<number> {
    const server = createServer({ noDelay: true }, (near) => {
      const far = connect({ port, host: '127.0.0.1', noDelay: true })
      const forward = (from: Socket, to: Socket): void => {
        from.on('data', (data) => void setTimeout(() => to.write(data), milliseconds))
        from.on('close', () => void setTimeout(() => to.destroy(), milliseconds))
        from.on('error', () => to.destroy())
      }
      forward(near, far)
      forward(far, near)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
}
answer(handlers)
