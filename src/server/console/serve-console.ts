/** Puts a site's console on a port of loopback, or over TLS of the practice's network, and its commands on another, of loopback; says the link that makes the first user, where there is none yet. */
import { join } from 'node:path'
import type { Clock } from '../../replica/clock.ts'
import type { Sealer } from '../../replica/sealing.ts'
import { serveControl } from '../control.ts'
import { closeServer, listen } from '../listen.ts'
import { consoleApp, consoleSessions } from './console-app.ts'
import { consoleLive } from './console-live.ts'
import { ownHost, type ConsoleTls } from './console-names.ts'
import { staffOperations } from './staff-operations.ts'
import type { ConsoleSite } from './console-site.ts'
import { siteOperations } from './site-operations.ts'
import { openStaffStore } from './staff-store-sqlite.ts'

export interface ServedConsole {
  readonly url: string
  /** The one-time link that makes the first user; undefined where there is one. */
  readonly setup: string | undefined
  close(): Promise<void>
}

/** Serves the console and the commands of a site; rejects with a sentence where the port is taken. */
export async function serveConsole(options: {
  readonly site: ConsoleSite
  readonly dir: string
  readonly master: Sealer
  readonly port: number
  /** Where it answers: this machine by default, the practice's network where there is a certificate. */
  readonly host?: string | undefined
  readonly tls?: ConsoleTls | undefined
  readonly clock: Clock
  readonly say: (line: string) => void
}): Promise<ServedConsole> {
  const { site, dir, tls, clock, say } = options
  const host = options.host ?? '127.0.0.1'
  const own = ownHost(host, tls)
  const store = openStaffStore(join(dir, 'staff.sqlite'), options.master, clock)
  try {
    const setupCode = Buffer.from(clock.bytes(16)).toString('base64url')
    const app = consoleApp({ site, store, setupCode, tls, clock, log: say })
    const { server, url: at } = await listen(app.fetch, { port: options.port, host, tls })
    const url = `${tls ? 'https' : 'http'}://${own.includes(':') ? `[${own}]` : own}:${new URL(at).port}`
    const live = consoleLive({
      site,
      store,
      session: consoleSessions({ site, store, tls, clock }),
      tls,
      clock,
      log: say,
    })
    server.on('upgrade', live.upgrade)
    const endControl = await serveControl(
      dir,
      { ...siteOperations(site, store.audit, say), ...staffOperations(store, clock, url) },
      clock,
    )
    return {
      url,
      setup: store.isEmpty() ? `${url}/first-user?code=${setupCode}` : undefined,
      async close() {
        live.close()
        await endControl()
        await closeServer(server)
        store.close()
      },
    }
  } catch (error) {
    store.close()
    throw error
  }
}
