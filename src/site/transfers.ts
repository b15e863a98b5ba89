/**
 * What one run carries: Upload Records from InSched to the portal, Download Online Communications from the portal into
 * InSched. Each ends when the other end has it durably, or says in a sentence what it waits for.
 */
import type { InSchedBridge } from '../bridges/insched/bridge.ts'
import type { Clock } from '../replica/clock.ts'
import type { Passes } from '../replica/collections.ts'
import type { Link } from '../replica/connection.ts'
import type { Review } from '../replica/kinds/reviews.ts'
import type { Proof } from '../replica/reconcile.ts'
import type { Follower } from '../replica/replica-face.ts'
import type { OpenReplica } from '../replica/replica.ts'

export interface Uploaded {
  readonly patients: number
  readonly plans: number
  readonly stages: number
  readonly events: number
  readonly documents: number
  readonly seconds: number
}
export interface Downloaded {
  readonly messages: number
  readonly confirmations: number
  readonly payments: number
  readonly communications: number
  readonly seconds: number
}
export type Transfers = ReturnType<typeof transfersOf>

/** How long a run waits for a portal that is not connected, milliseconds. */
const patience = 8_000
const views = {
  messages: 'message',
  confirmations: 'confirmation',
  payments: 'payment',
  communications: 'communication',
} as const

export function transfersOf(site: {
  readonly replica: OpenReplica
  readonly bridge: InSchedBridge
  readonly link: Link
  /** The follower behind the pages. */
  readonly index: Follower
  /** What may go to the portal. */
  readonly passesUp: Passes
  readonly prove: () => Promise<Proof>
  readonly clock: Clock
}) {
  const { replica, bridge, link, index, clock } = site

  /** Does what needs the portal; gives up with a sentence that begins with `what` where it is not connected. */
  const reachPortal = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const give = Promise.withResolvers<never>()
    const cancel = clock.after(patience, () => {
      void link.status().then((now) => {
        if (now.state !== 'connected')
          give.reject(
            new Error(
              `${what} waits: ${now.problem ?? 'the portal is not connected.'} Nothing is lost; it goes on by itself when the portal answers.`,
            ),
          )
      })
    })
    try {
      return await Promise.race([work(), give.promise])
    } finally {
      cancel()
    }
  }
  /** The keys of the records that the policy passes to the portal. */
  const atPortal = async (collection: 'patients' | 'plans' | 'events'): Promise<string[]> => {
    const keys: string[] = []
    for (let after: string | undefined; ;) {
      const heads = await replica.list(collection, after, 2_000)
      for (const { key, facts } of heads) if (site.passesUp(collection, facts)) keys.push(key)
      if (heads.length === 0) return keys
      after = heads.at(-1)!.key
    }
  }
  const arrived = async (view: string): Promise<number> =>
    (await replica.indexCount({ view })) - (await replica.indexCount({ view, state: 'out' }))
  const count = async (): Promise<Record<keyof typeof views, number>> => {
    await index.caughtUp()
    return {
      messages: await arrived(views.messages),
      confirmations: await arrived(views.confirmations),
      payments: await arrived(views.payments),
      communications: await arrived(views.communications),
    }
  }

  return {
    /** The proof that the portal holds what it should; what differs is healed. */
    async verify(): Promise<Proof> {
      // What waits at either end for what does not come would be waited for in vain; the proof is what heals it.
      const waits = (await replica.index({ view: 'review', state: 'open' })).some(
        (row) => (row.body as unknown as Review).about === 'changes wait',
      )
      if (!waits) await reachPortal('The proof', link.caughtUp)
      await replica.retryWaiting()
      return reachPortal('The proof', site.prove)
    },
    /**
     * Reads what is unread and waits until the portal has it. The counts are of all that the portal holds by then, whenever
     * it was uploaded: records that the policy passes, and the stages of such plans.
     */
    async upload(progress: (line: string) => void = () => {}): Promise<Uploaded> {
      const began = clock.now()
      await bridge.readNow((now) =>
        progress(`read ${now.patients} patients, ${now.plans} plans, ${now.stages} stages, ${now.events} events`),
      )
      await reachPortal('Upload Records', link.caughtUp)
      const [patients, plans, events] = [await atPortal('patients'), await atPortal('plans'), await atPortal('events')]
      return {
        patients: patients.length,
        plans: plans.length,
        stages: await bridge.stagesOf(plans),
        events: events.length,
        documents: patients.length + plans.length + events.length,
        seconds: (clock.now() - began) / 1000,
      }
    },
    /** Takes what the portal has and waits until InSched has it. */
    async download(): Promise<Downloaded> {
      const began = clock.now()
      const before = await count()
      await reachPortal('Download Online Communications', link.caughtUp)
      await bridge.written()
      const after = await count()
      return {
        messages: after.messages - before.messages,
        confirmations: after.confirmations - before.confirmations,
        payments: after.payments - before.payments,
        communications: after.communications - before.communications,
        seconds: (clock.now() - began) / 1000,
      }
    },
  }
}
