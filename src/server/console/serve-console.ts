/** Puts a site's console on a port of loopback, and its commands on another; says the link that makes the first user, where there is none yet. */
import { join } from 'node:path'
import type { Clock } from '../../replica/clock.ts'
import type { Sealer } from '../../replica/sealing.ts'
import { serveControl } from '../control.ts'
import { closeServer, listen } from '../listen.ts'
import { consoleApp, consoleSessions } from './console-app.ts'
import { consoleLive } from './console-live.ts'
import { staffOperations } from './staff-operations.ts'
import { siteOperations, type ConsoleSite } from './site-operations.ts'
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
  readonly clock: Clock
  readonly say: (line: string) => void
}): Promise<ServedConsole> {
  const { site, dir, clock, say } = options
  const store = openStaffStore(join(dir, 'staff.sqlite'), options.master, clock)
  try {
    const setupCode = Buffer.from(clock.bytes(16)).toString('base64url')
    const app = consoleApp({ site, store, setupCode, clock, log: say })
    const { server, url } = await listen(app.fetch, { port: options.port, host: '127.0.0.1' })
    const live = consoleLive({ site, store, session: consoleSessions({ site, store, clock }), clock, log: say })
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
