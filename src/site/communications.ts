/** Recent Communications, newest first, part by part: what was said in either direction, with its state; messages of clinical systems for who may see them. */
import type { InSchedBridge } from '../bridges/insched/bridge.ts'
import { communicationView } from '../replica/kinds/communications.ts'
import type { Follower, IndexRow, Replica } from '../replica/replica-face.ts'
import type { Desk } from '../server/console/desk-sqlite.ts'
import type { Communication, CommunicationQuery } from '../server/console/site-views.ts'
import { hl7Channel, wayIn, waysOf } from '../server/communication-rows.ts'
import { hl7Rows, hl7WaysOf } from './hl7-communications.ts'
import { newestFirst, newestOfAll } from './newest-first.ts'

/** What a row of the index says beside its way. */
interface Body {
  readonly subject: string
  readonly event: string | null
  readonly hasFiles?: boolean
  readonly code?: string | null
  readonly message?: string
}

export function communicationsOf(site: {
  readonly replica: Pick<Replica, 'index'>
  readonly bridge: Pick<InSchedBridge, 'documentOf' | 'localOf'>
  readonly index: Pick<Follower, 'caughtUp'>
  readonly desk: Pick<Desk, 'isHidden'>
  readonly hl7: Parameters<typeof hl7Rows>[0]
}) {
  const messages = hl7Rows(site.hl7)
  const { replica, bridge, index, desk } = site
  const localOf = async (key: string | null | undefined): Promise<number | null> => (key ? ((await bridge.localOf(key)) ?? null) : null) // prettier-ignore
  const said = async (row: IndexRow): Promise<Communication> => {
    const { channel, direction, state } = wayIn(row.state)
    const { subject, event, hasFiles, code, message } = row.body as unknown as Body
    return {
      id: row.id,
      at: new Date(row.at).toISOString(),
      channel,
      direction,
      patient: await localOf(row.patient),
      event: await localOf(event),
      subject,
      state,
      ...(code ? { code } : {}),
      ...(message === undefined ? {} : { message }),
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
    const asked = {
      view: communicationView,
      ...(query.since === undefined ? {} : { from: query.since }),
      ...(before === undefined ? {} : { before }),
    }
    const isOfAnyWay = query.channel === undefined && query.direction === undefined && query.state === undefined
    const isClinical = query.clinical === true && (query.channel === undefined || query.channel === hl7Channel)
    const sources = [
      ...(query.channel === hl7Channel ? [] : [{ of: replica, ways: waysOf(query) }]),
      ...(isClinical ? [{ of: messages, ways: hl7WaysOf(query) }] : []),
    ]
    const passes = new Set(sources.flatMap(({ ways }) => ways))
    // What one patient has is little; of all the rest the ways that pass are walked together, none of the others is touched.
    const rows = newestOfAll(
      sources.flatMap(({ of, ways }) =>
        key !== undefined
          ? [newestFirst(of, { ...asked, patient: key })]
          : isOfAnyWay
            ? [newestFirst(of, asked)]
            : ways.map((state) => newestFirst(of, { ...asked, state })),
      ),
    )
    for await (const row of rows) {
      // Of one millisecond they are in order of id, the greatest first.
      if (after && row.at === after.at && row.id >= after.id) continue
      if (isOfAnyWay || passes.has(row.state)) yield await said(row)
    }
  }
}
