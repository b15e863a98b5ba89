/**
 * One account's live view of one page: a document that is read again when something that concerns it changed, and every
 * ten seconds for what changes by time. Access is asked each time before anything is read. It lives from the first
 * connection to the last.
 */
import type { Clock } from '../replica/clock.ts'
import type { DocumentHead } from '../replica/replica-face.ts'
import type { View, ViewDocument } from '../replica/view-document.ts'
import { nobodyAware, writeViewState, writeViewUpdate, type ViewMessage } from '../replica/view-messages.ts'
import type { Ending, LiveConnection } from './live-connection.ts'

export interface LiveView {
  /** Adds a connection; it is listened to as soon as the view is current. */
  join(connection: LiveConnection): void
  leave(connection: LiveConnection): void
  /** Reads again if these documents may concern the view. */
  changed(practice: string, documents: readonly DocumentHead[]): void
  end(ending: Ending): void
}

const tickEvery = 10_000

export function liveView(options: {
  /** What it shows now; undefined where its reader may see nothing any more. Asked before every showing. */
  readonly contents: () => Promise<View | undefined>
  /** Whether a document that changed may change what it shows. */
  readonly concerns: (practice: string, head: DocumentHead) => boolean
  readonly document: ViewDocument
  /** Why a connection has to end now, if it has to. */
  readonly over: (connection: LiveConnection) => Ending | undefined
  readonly clock: Clock
  readonly log: (line: string) => void
  /** The last connection is gone: nothing more is heard of this view. */
  readonly empty: () => void
}): LiveView {
  const { document, clock } = options
  const connections = new Set<LiveConnection>()
  /** Who has been answered, and so gets the updates. */
  const current = new Set<LiveConnection>()
  let reading: Promise<void> | undefined
  let again = false

  const end = (ending: Ending): void => {
    for (const connection of [...connections]) connection.end(ending)
  }
  const read = async (): Promise<void> => {
    try {
      do {
        again = false
        const contents = await options.contents()
        if (!contents) return end('no access')
        const update = document.show(contents)
        if (update) for (const connection of [...current]) connection.send(writeViewUpdate(update))
      } while (again)
    } catch (error) {
      options.log(`A live view could not be read: ${(error as Error).message}`)
      end('broken')
    } finally {
      reading = undefined
    }
  }
  /** Resolves when what is durable now is shown, or the view has ended. */
  const refresh = (): Promise<void> => {
    again = true
    return (reading ??= read())
  }

  const heard = (connection: LiveConnection, message: ViewMessage): void => {
    switch (message.kind) {
      case 'asks':
        return answer(connection, message.vector)
      case 'writes':
        return connection.end('writes')
      case 'asks for awareness':
        return connection.send(nobodyAware)
      case 'awareness':
      case 'brings nothing':
        return undefined
    }
  }
  const answer = (connection: LiveConnection, vector: Uint8Array): void => {
    let missing: Uint8Array | undefined
    try {
      missing = document.missing(vector)
    } catch {
      return connection.end('malformed')
    }
    if (!missing) return connection.end('later')
    current.add(connection)
    connection.send(writeViewState(missing))
  }

  const tick = (): void => {
    cancelTick = clock.after(tickEvery, tick)
    for (const connection of [...connections]) {
      const ending = options.over(connection)
      if (ending) connection.end(ending)
      else connection.tick()
    }
    void refresh()
  }
  let cancelTick = clock.after(tickEvery, tick)

  return {
    join(connection) {
      connections.add(connection)
      void refresh().then(() => {
        if (connections.has(connection)) connection.listen((message) => heard(connection, message))
      })
    },
    leave(connection) {
      current.delete(connection)
      if (!connections.delete(connection) || connections.size > 0) return
      cancelTick()
      options.empty()
    },
    changed(of, documents) {
      if (documents.some((head) => options.concerns(of, head))) void refresh()
    },
    end,
  }
}
