/** Puts an app on a port: https where there is a certificate, else http on loopback only (or behind a named proxy). */
import { serve, type ServerType } from '@hono/node-server'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Incoming, NamedProxies } from './reverse-proxy.ts'

/** An app: it answers a request that came in on a socket. */
export type App = (request: Request, bindings: { incoming: Incoming }) => Response | Promise<Response>

export interface ListenOptions {
  readonly port: number
  readonly host: string
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  readonly behindProxy?: NamedProxies | undefined
}

/** The hosts that are this machine. */
export const loopback: ReadonlySet<string> = new Set(['127.0.0.1', '::1', '[::1]', 'localhost'])

/** Resolves with the server and its address; rejects with a sentence where the port is taken or plain http would leave the machine. */
export async function listen(fetch: App, options: ListenOptions): Promise<{ server: ServerType; url: string }> {
  const { port, host, tls } = options
  if (!tls && !loopback.has(host) && !options.behindProxy)
    throw new Error(
      `Without a certificate the portal answers on this machine only. Give --tls-cert and --tls-key, name the proxy in front of it with --behind-proxy, or leave --host ${host} away.`,
    )
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, port, hostname: host, ...(tls ? { createServer, serverOptions: tls } : {}) }, () => {
      const at = (server.address() as AddressInfo).port
      resolve({ server, url: `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${at}` })
    })
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} is in use on this machine. Choose another with --port.`, { cause: error })
          : error,
      ),
    )
  })
}

/** Ends a server and its connections; resolves when the port is free. */
export async function closeServer(server: ServerType): Promise<void> {
  if ('closeAllConnections' in server) server.closeAllConnections()
  await new Promise<void>((resolve) => void server.close(() => resolve()))
}
