/**
 * Live views of the patient pages, for any y-websocket client at `/live/home`, `/live/messages` and `/live/plan`: who
 * is let in, and which view a connection joins. A view is made for its reader and read-only for everyone. In by the
 * session's cookie from a page of this portal, or by a ticket; out when the session ends or the access does.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { DocumentHead } from '../replica/replica-face.ts'
import { viewDocuments } from '../replica/view-document.ts'
import { liveConnection, mostBytesIn, type Ending, type LiveConnection } from './live-connection.ts'
import { liveContents, liveNameOf, liveNeeds, withDigest, type LiveName } from './live-contents.ts'
import { liveView, type LiveView } from './live-view.ts'
import { isOwnOrigin } from './own-forms.ts'
import { may } from './portal/needs.ts'
import { membersOf, shownBy, spokenTo, withOffice, type Member, type Viewing } from './portal/viewer.ts'
import type { Sessions } from './sessions.ts'
import { tickets } from './tickets.ts'
import { speechIn } from './words/speech.ts'

export interface Live {
  /** Takes an upgrade of a path below `/live/`; what may not be here is refused and its socket closed. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** A single-use ticket of 60 s for a session. */
  ticket(session: string): string
  /** To be told of documents once the index shows their change. */
  changed(practice: string, documents: readonly DocumentHead[]): void
  /** Ends every connection; none is taken afterwards. */
  close(): void
}

export const mostOfASession = 8

export function liveViews(
  options: Viewing & {
    readonly session: Sessions
    /** The origin that people see, where it is known. */
    readonly origin: string | undefined
    readonly log: (line: string) => void
  },
): Live {
  const { store, session, clock, log } = options
  const server = new WebSocketServer({ noServer: true, maxPayload: mostBytesIn })
  const passes = tickets(clock)
  const openDocument = viewDocuments(clock)
  /** Each connection with whose it is, and what it shows as soon as that is known. */
  const connections = new Map<LiveConnection, { readonly account: string; member?: Member }>()
  const views = new Map<string, LiveView>()
  let closed = false

  const over = (connection: LiveConnection): Ending | undefined => {
    const standing = session.standing(connection.session)
    if (!standing) return 'signed out'
    const member = connections.get(connection)?.member
    // What was chosen by nobody yet is the first, and that stays.
    return member && standing.viewing !== null && standing.viewing !== member.key ? 'another person' : undefined
  }

  const viewFor = (account: string, member: Member, name: LiveName): LiveView => {
    const { practice, patient } = member
    const key = `${account} ${member.key} ${name}`
    const held = views.get(key)
    if (held) return held
    const document = openDocument()
    const view = liveView({
      async contents() {
        const still = (await membersOf(options, account)).find((one) => one.key === member.key)
        if (!still || !may(still, liveNeeds[name])) return undefined
        const speech = speechIn(await spokenTo(store, account, still))
        return withDigest(await liveContents[name](withOffice(options, still), { account, clock, speech }))
      },
      // Also what the view shows and is another's from now on: it has to go.
      concerns: (of, { collection, key, facts }) =>
        of === practice && (collection === 'practice' || facts.patient === patient || document.has(key)),
      document,
      over,
      clock,
      log,
      empty: () => void views.delete(key),
    })
    views.set(key, view)
    return view
  }

  const welcome = (socket: WebSocket, name: LiveName, id: string | undefined): void => {
    const standing = id === undefined ? undefined : session.standing(id)
    let view: LiveView | undefined
    const connection = liveConnection({
      socket,
      session: id ?? '',
      clock,
      gone() {
        connections.delete(connection)
        view?.leave(connection)
      },
    })
    if (!standing) return connection.end('signed out')
    const { account } = standing
    const ofSession = [...connections.keys()].filter((one) => one.session === id)
    if (ofSession.length >= mostOfASession) return connection.end('too many')
    connections.set(connection, { account })
    membersOf(options, account)
      .then((family) => {
        // It may have ended while access was looked up.
        if (!connections.has(connection)) return
        const member = shownBy(session.standing(standing.id) ?? standing, family)
        if (!member || !may(member, liveNeeds[name])) return connection.end('no access')
        connections.set(connection, { account, member })
        const { practice, patient } = member
        store.audit.noted({ did: 'viewed', by: account, practice, patient, of: name })
        view = viewFor(account, member, name)
        view.join(connection)
      })
      .catch((error: unknown) => {
        log(`A live view could not be opened: ${(error as Error).message}`)
        connection.end('broken')
      })
  }

  store.sessions.onChange((account) => {
    for (const [connection, held] of [...connections]) {
      const ending = held.account === account ? over(connection) : undefined
      if (ending) connection.end(ending)
    }
  })

  return {
    upgrade(request, socket, head) {
      const { origin, host, cookie } = request.headers
      const [path, query] = (request.url ?? '').split('?', 2)
      const name = liveNameOf(path!)
      const ticket = new URLSearchParams(query).get('ticket')
      if (closed) return refuse(socket, '503 Service Unavailable')
      if (!name) return refuse(socket, '404 Not Found')
      // A cookie comes along with whatever any site makes a browser open; a ticket only with who was given it.
      if (origin === undefined ? ticket === null : !isOwnOrigin(origin, options.origin, host))
        return refuse(socket, '403 Forbidden')
      const id = ticket === null ? session.idIn(cookie) : passes.redeem(ticket)
      // Who is not signed in is told so by a close code: after a refused upgrade a provider knocks for ever.
      server.handleUpgrade(request, socket, head, (opened) => welcome(opened, name, id))
    },
    ticket: (id) => passes.mint(id),
    changed(practice, documents) {
      for (const view of [...views.values()]) view.changed(practice, documents)
    },
    close() {
      closed = true
      for (const connection of [...connections.keys()]) connection.end('stopping')
    },
  }
}

/** Answers an upgrade that is not taken, and closes its socket. */
export function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
