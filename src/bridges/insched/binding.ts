/**
 * Which site an InSched database belongs to, and which agent works on it. A database is bound once, at enrolment, to one
 * site; an agent holds a lease with a fencing number that every write transaction checks, so an agent that lost its lease
 * changes nothing more.
 */
import type { Clock } from '../../replica/clock.ts'
import { passing } from './faults.ts'
import type { InSched, Reads } from './insched.ts'
import { InSchedRefused, LeaseHeld, LeaseLost } from './refused.ts'

export interface Binding {
  readonly practice: string
  readonly site: string
  readonly replica: string
}

/** Rejects with InSchedRefused where the database is bound to another site than `site` (undefined: to any). */
export async function checkUnbound(insched: InSched, site: string | undefined, now: Reads = insched): Promise<void> {
  const agent = await now.agent()
  if (agent && agent.site !== site)
    throw new InSchedRefused(
      `The InSched database ${insched.name} is bound to site ${agent.site} already. One database has one site: enroll this site with its own database.`,
    )
}

/** Binds the database to a site; again for the same site changes nothing. */
export async function bind(insched: InSched, binding: Binding): Promise<void> {
  await insched.write(async (change) => {
    await checkUnbound(insched, binding.site, change)
    await checkReplica(insched, binding.replica, change)
    if (!(await change.agent())) await change.bind(binding)
  })
}

async function checkReplica(insched: InSched, replica: string, now: Reads): Promise<void> {
  const agent = await now.agent()
  if (agent && agent.replica !== replica)
    throw new InSchedRefused(
      `The InSched database ${insched.name} is bound to another folder of this site (replica ${agent.replica}). Start that folder, or put its backup back.`,
    )
}

const leaseMs = 30_000
const renewMs = 10_000

export interface Lease {
  /** A sentence where the lease is lost, or could not be renewed at its last turn; null while all is well. */
  problem(): string | null
  isLost(): boolean
  /** Remembers that a write met the fence of another agent. */
  lose(error: LeaseLost): void
  release(): Promise<void>
  /** Renews no more, and lets no other agent have the lease before `until` (milliseconds UTC). */
  keepUntil(until: number): Promise<void>
}

/**
 * Takes the lease for `run`. `holder` names the folder that this agent runs from on this machine: a lease of the same
 * holder is taken over at once, since the folder's own lock proves that its former process is gone. Throws InSchedRefused
 * where another agent holds it, or the database is bound to another site.
 */
export async function acquireLease(
  insched: InSched,
  who: Binding & { readonly run: string; readonly holder: string },
  clock: Clock,
): Promise<Lease> {
  const iso = (at: number): string => new Date(at).toISOString()
  const until = (): string => iso(clock.now() + leaseMs)
  const fence = await insched.write(async (change) => {
    const agent = await change.agent()
    if (!agent)
      throw new InSchedRefused(
        `The InSched database ${insched.name} is not bound to this site. Enroll the site with it first.`,
      )
    await checkUnbound(insched, who.site, change)
    await checkReplica(insched, who.replica, change)
    const held = agent.lease_until_utc !== null && agent.lease_until_utc > iso(clock.now())
    if (held && agent.holder !== who.holder)
      throw new LeaseHeld(
        `Another agent works on the InSched database ${insched.name} (${agent.holder}, until ${agent.lease_until_utc}). Stop that one first.`,
        Date.parse(agent.lease_until_utc!),
      )
    // What the former agent read and did not bring to the portal, this one may not have: it reads everything anew.
    if (agent.holder !== null && agent.holder !== who.holder) await change.readAnew()
    await change.lease(who.run, who.holder, until())
    return agent.fence + 1
  })
  insched.holdFence(fence)
  let lost: LeaseLost | undefined
  let notRenewed: string | null = null
  let cancel = (): void => {}
  let ended = false
  const renew = async (): Promise<void> => {
    try {
      await insched.write((change) => change.renew(until()))
      notRenewed = null
    } catch (error) {
      if (error instanceof LeaseLost) {
        lost = error
        return
      }
      // The lease lasts for three turns, and nothing is written without it: it is tried again, and said.
      notRenewed = passing(error) === undefined ? `The lease on InSched’s database could not be renewed (${(error as Error).message}); trying again.` : null // prettier-ignore
    }
    if (!ended) cancel = clock.after(renewMs, () => void renew())
  }
  cancel = clock.after(renewMs, () => void renew())
  const end = (): void => {
    ended = true
    cancel()
  }
  return {
    problem: () => lost?.message ?? notRenewed,
    isLost: () => lost !== undefined,
    lose(error) {
      lost ??= error
      end()
    },
    async release() {
      end()
      if (!lost) await insched.write((change) => change.release())
    },
    async keepUntil(until) {
      end()
      if (!lost) await insched.write((change) => change.renew(iso(until)))
    },
  }
}
