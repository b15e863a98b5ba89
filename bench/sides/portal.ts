/** The product's portal in a process of its own: its folder, its practices with their index, its links. */
import { systemClock as clock } from '../../src/replica/clock.ts'
import { openPortal } from '../../src/portal.ts'
import { hashOf } from '../../src/server/control-store-sqlite.ts'
import { answer } from '../processes.ts'
import { master } from './ours-pair.ts'
import { writePatients, type Invitation } from './records-of-pages.ts'

let portal: Awaited<ReturnType<typeof openPortal>>

export interface Enrolment {
  readonly practice: string
  readonly code: string
}
/** An index row by its view and id. */
export type IndexedRow = readonly [view: string, id: string]

export type Portal = typeof handlers
const handlers = {
  async open(dir: string): Promise<string> {
    portal = await openPortal({ dir, master, clock, log: () => {} })
    return portal.listen({ port: 0, host: '127.0.0.1' })
  },
  /** Adds practices with a site each. */
  async add(count: number): Promise<Enrolment[]> {
    const added: Enrolment[] = []
    for (let number = 1; number <= count; number++) {
      const { practiceId } = await portal.addPractice({ name: `Bench ${number}`, zone: 'America/Phoenix' })
      const { enrollmentCode } = portal.addSite({ practice: practiceId, name: 'Bench' })
      added.push({ practice: practiceId, code: enrollmentCode })
    }
    return added
  },
  /** A practice with this many patients, written here as its site would have sent them; `invited` of them may sign in. */
  async furnish(count: number, invited: number): Promise<Invitation[]> {
    const { practiceId: practice } = await portal.addPractice({ name: 'Bench', zone: 'America/Phoenix' })
    const { siteId: site } = portal.addSite({ practice, name: 'Bench' })
    const invitations = await writePatients(portal.replicaOf(practice)!, { practice, site, count, invited })
    await handlers.indexed(
      practice,
      invitations.map(({ path }) => ['invitation', hashOf(path.split('.')[1]!)] as const),
    )
    return invitations
  },
  /** Resolves when these rows are in the practice's index: a look at single rows, not a read of all. */
  async indexed(practice: string, rows: readonly IndexedRow[]): Promise<void> {
    const replica = portal.replicaOf(practice)!
    const until = clock.now() + 300_000
    for (const [view, id] of rows)
      while (!(await replica.indexed(view, id))) {
        if (clock.now() > until) throw new Error(`The portal's index has not got ${view} ${id} after 300 s`)
        await new Promise<void>((resolve) => clock.after(2, resolve))
      }
  },
  close: async (): Promise<void> => portal.close(),
}
answer(handlers)
