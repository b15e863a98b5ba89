/**
 * The live view of the console, at `/live/desk`: the digest of what its pages show, so that an open page brings itself up to
 * date. For members of staff who are signed in, from the console's own pages; closed with the session.
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Clock } from '../../replica/clock.ts'
import { viewDocuments } from '../../replica/view-document.ts'
import { liveConnection, mostBytesIn, type Ending, type LiveConnection } from '../live-connection.ts'
import { liveView, type LiveView } from '../live-view.ts'
import { mostOfASession, refuse } from '../live.ts'
import { isOwnOrigin } from '../own-forms.ts'
import type { Sessions } from '../sessions.ts'
import { namesOf, type ConsoleTls } from './console-names.ts'
import type { ConsoleSite } from './console-site.ts'
import type { StaffStore } from './staff-store-sqlite.ts'

export interface ConsoleLive {
  /** Takes an upgrade of a path below `/live/`. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Ends every connection; none is taken afterwards. */
  close(): void
}

/** What the pages of the console show now, in one word: status, queues, reviews, what was said and how far it came, who deals with what. */
export async function deskDigest(site: ConsoleSite): Promise<string> {
  const [{ state, link, problems, notes, queues }, { items }, reviews] = [await site.status(), await site.recent(), await site.reviews()] // prettier-ignore
  const payments = await site.paymentsWaiting()
  const shown = JSON.stringify([payments, state, link, problems, notes, queues, items, reviews.items.map(({ id }) => id), site.desk.revision()]) // prettier-ignore
  return createHash('sha256').update(shown).digest('base64url').slice(0, 16)
}

export function consoleLive(options: {
  readonly site: ConsoleSite
  readonly store: StaffStore
  readonly session: Sessions
  readonly tls?: ConsoleTls | undefined
  readonly clock: Clock
  readonly log: (line: string) => void
}): ConsoleLive {
  const { site, store, session, clock, log } = options
  // A page elsewhere must not speak to the console by a name of its own (DNS rebinding).
  const isOurs = namesOf(options.tls)
  const server = new WebSocketServer({ noServer: true, maxPayload: mostBytesIn })
  const openDocument = viewDocuments(clock)
  const connections = new Set<LiveConnection>()
  let view: LiveView | undefined
  let closed = false

  /** Whether the session of a connection is over, or its member of staff may not see the console any more. */
  const over = (connection: Pick<LiveConnection, 'session'>): Ending | undefined => {
    const standing = session.standing(connection.session)
    const staff = standing && store.staff(standing.account)
    return staff && !staff.disabled && staff.hasSecondFactor ? undefined : 'signed out'
  }
  const viewNow = (): LiveView =>
    (view ??= liveView({
      contents: async () => ({ page: { digest: await deskDigest(site) } }),
      concerns: () => true,
      document: openDocument(),
      over,
      clock,
      log,
      empty: () => void (view = undefined),
    }))
  const welcome = (socket: WebSocket, id: string): void => {
    let joined: LiveView | undefined
    const connection = liveConnection({
      socket,
      session: id,
      clock,
      gone() {
        connections.delete(connection)
        joined?.leave(connection)
      },
    })
    const ending = over(connection)
    if (ending) return connection.end(ending)
    if ([...connections].filter((one) => one.session === id).length >= mostOfASession) return connection.end('too many')
    connections.add(connection)
    joined = viewNow()
    joined.join(connection)
  }

  site.onIndexed((documents) => view?.changed(site.settings.siteId, documents))
  store.sessions.onChange(() => {
    for (const connection of [...connections]) {
      const ending = over(connection)
      if (ending) connection.end(ending)
    }
  })
  return {
    upgrade(request, socket, head) {
      const { origin, host, cookie } = request.headers
      if (closed) return refuse(socket, '503 Service Unavailable')
      if (request.url !== '/live/desk') return refuse(socket, '404 Not Found')
      if (origin === undefined || !isOwnOrigin(origin, undefined, host) || !isOurs(host ?? '')) return refuse(socket, '403 Forbidden') // prettier-ignore
      server.handleUpgrade(request, socket, head, (opened) => welcome(opened, session.idIn(cookie) ?? ''))
    },
    close() {
      closed = true
      for (const connection of [...connections]) connection.end('stopping')
    },
  }
}
