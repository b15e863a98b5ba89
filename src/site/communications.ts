/** Recent Communications, newest first, part by part: what was said in either direction, with its state. */
import type { InSchedBridge } from '../bridges/insched/bridge.ts'
import type { Follower, IndexRow, Replica } from '../replica/replica-face.ts'
import type { Desk } from '../server/console/desk-sqlite.ts'
import type { Communication, CommunicationQuery } from '../server/console/site-views.ts'
import { newestFirst } from './newest-first.ts'

/** What a row of the index says; one without a channel is of the portal. */
interface Body {
  readonly channel?: string
  readonly direction: string
  readonly subject: string
  readonly event: string | null
  readonly hasFiles?: boolean
  readonly code?: string | null
}

export function communicationsOf(site: {
  readonly replica: Replica
  readonly bridge: InSchedBridge
  readonly index: Follower
  readonly desk: Desk
}) {
  const { replica, bridge, index, desk } = site
  const localOf = async (key: string | null | undefined): Promise<number | null> => (key ? ((await bridge.localOf(key)) ?? null) : null) // prettier-ignore
  const said = async (row: IndexRow): Promise<Communication> => {
    const { channel = 'portal', direction, subject, event, hasFiles, code } = row.body as unknown as Body
    return {
      id: row.id,
      at: new Date(row.at).toISOString(),
      channel,
      direction,
      patient: await localOf(row.patient),
      event: await localOf(event),
      subject,
      state: row.state,
      ...(code ? { code } : {}),
      ...(hasFiles ? { entry: row.id } : {}),
      hidden: desk.isHidden(row.id),
    }
  }

  /** All that a query asks for, one by one; throws a sentence where there is no such patient. */
  return async function* communications(query: CommunicationQuery = {}): AsyncGenerator<Communication> {
    await index.caughtUp()
    const key = query.patient === undefined ? undefined : await bridge.documentOf('patients', query.patient)
    if (query.patient !== undefined && key === undefined)
      throw new Error(`There is no patient ${query.patient} in InSched.`)
    const { after } = query
    const before = after ? after.at + 1 : query.until
    const rows = newestFirst(replica, {
      view: 'communication',
      ...(key ? { patient: key } : {}),
      ...(query.state === undefined ? {} : { state: query.state }),
      ...(query.since === undefined ? {} : { from: query.since }),
      ...(before === undefined ? {} : { before }),
    })
    for await (const row of rows) {
      // Of one millisecond they are in order of id, the greatest first.
      if (after && row.at === after.at && row.id >= after.id) continue
      const { channel = 'portal', direction } = row.body as unknown as Body
      if (query.direction !== undefined && direction !== query.direction) continue
      if (query.channel === undefined || channel === query.channel) yield await said(row)
    }
  }
}
