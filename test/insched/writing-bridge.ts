/**
 * A bridge in a process of its own, to be killed: patients confirm and write without end, each line of its output is the id of
 * what became durable in the replica. Told to `finish` it says nothing new, writes what is left and ends.
 */
import { join } from 'node:path'
import { startInSchedBridge } from '../../src/bridges/insched/bridge.ts'
import { parseMapping } from '../../src/bridges/insched/mapping.ts'
import { systemClock as clock } from '../../src/replica/clock.ts'
import { mintUlid, parseUlid } from '../../src/replica/ids.ts'
import { openReplica } from '../../src/replica/replica.ts'
import type { Edit } from '../../src/replica/replica-face.ts'
import { sealerOf } from '../../src/replica/sealing.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'

/** What a life of it needs to know. */
export interface WritingLife {
  readonly dir: string
  readonly url: string
  /** The text of a mapping; without it the reference schema's. */
  readonly mapping: string | null
  readonly practice: string
  readonly replica: string
  readonly site: string
  readonly finish: boolean
}

const life = JSON.parse(process.argv[2]!) as WritingLife
const practice = parseUlid(life.practice)
const store = await openSqliteStore({ file: join(life.dir, 'site.sqlite'), master: sealerOf(new Uint8Array(32)) })
const replica = await openReplica({ store, practice, id: parseUlid(life.replica), clock })
const mapping = life.mapping === null ? undefined : parseMapping(life.mapping, 'mapping')
const bridge = await startInSchedBridge({ url: life.url, mapping, replica, practice, site: { key: life.site, name: 'Mesa' }, holder: 'here', station: 'TEST', clock }) // prettier-ignore
await bridge.readNow()

const patient = (await bridge.documentOf('patients', 1))!
const event = (await bridge.documentOf('events', 2))!
const factsOf = async (collection: 'patients' | 'events', key: string) => {
  const { at: _, ...facts } = (await replica.head(collection, key))!.facts
  return facts
}
/** One thing that a patient says. */
async function said(id: string, nth: number): Promise<Edit> {
  const by = { role: 'patient' as const, id: 'a' }
  if (nth % 2 === 0) return { collection: 'messages', key: patient, facts: await factsOf('patients', patient), add: { [id]: { kind: 'message', at: clock.now(), by, thread: patient, subject: 'Hello', text: 'Is parking free?' } } } // prettier-ignore
  const startsAt = (await replica.record('events', event))!.fields['startsAt'] as string
  return { collection: 'confirmations', key: event, facts: await factsOf('events', event), add: { [id]: { kind: 'answered', at: clock.now(), by, channel: 'portal', patient, startsAt } } } // prettier-ignore
}
if (life.finish) {
  await bridge.written()
  await bridge.stop()
  await replica.close()
} else
  for (let nth = 0; ; nth++) {
    const id = mintUlid(clock)
    await replica.change([await said(id, nth)])
    process.stdout.write(`${nth % 2 === 0 ? 'communication' : 'confirmation'}:${id}\n`)
    // What was said is written beside what is said next, but does not pile up without end.
    if (nth % 8 === 7) await bridge.written()
  }
