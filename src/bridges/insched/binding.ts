/**
 * Which site an InSched database belongs to, and which agent works on it. A database is bound once, at enrolment, to one
 * site; an agent holds a lease with a fencing number that every write transaction checks, so an agent that lost its lease
 * changes nothing more.
 */
import type { Clock } from '../../replica/clock.ts'
import { InSchedRefused, isBusy, LeaseHeld, LeaseLost, type InSched } from './insched-sqlite.ts'

export interface Binding {
  readonly practice: string
  readonly site: string
  readonly replica: string
}

/** Throws InSchedRefused where the database is bound to another site than `site` (undefined: to any). */
export function checkUnbound(insched: InSched, site: string | undefined): void {
  const agent = insched.agent()
  if (agent && agent.site !== site)
    throw new InSchedRefused(
      `The InSched database ${insched.file} is bound to site ${agent.site} already. One database has one site: enroll this site with its own database.`,
    )
}

/** Binds the database to a site; again for the same site changes nothing. */
export function bind(insched: InSched, binding: Binding): void {
  insched.write((change) => {
    checkUnbound(insched, binding.site)
    checkReplica(insched, binding.replica)
    if (!insched.agent()) change.bind(binding)
  })
}

function checkReplica(insched: InSched, replica: string): void {
  const agent = insched.agent()
  if (agent && agent.replica !== replica)
    throw new InSchedRefused(
      `The InSched database ${insched.file} is bound to another folder of this site (replica ${agent.replica}). Start that folder, or put its backup back.`,
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
  release(): void
  /** Renews no more, and lets no other agent have the lease before `until` (milliseconds UTC). */
  keepUntil(until: number): void
}

/**
 * Takes the lease for `run`. `holder` names the folder that this agent runs from on this machine: a lease of the same
 * holder is taken over at once, since the folder's own lock proves that its former process is gone. Throws InSchedRefused
 * where another agent holds it, or the database is bound to another site.
 */
export function acquireLease(
  insched: InSched,
  who: Binding & { readonly run: string; readonly holder: string },
  clock: Clock,
): Lease {
  const iso = (at: number): string => new Date(at).toISOString()
  const until = (): string => iso(clock.now() + leaseMs)
  const fence = insched.write((change) => {
    const agent = insched.agent()
    if (!agent)
      throw new InSchedRefused(
        `The InSched database ${insched.file} is not bound to this site. Enroll the site with it first.`,
      )
    checkUnbound(insched, who.site)
    checkReplica(insched, who.replica)
    const held = agent.lease_until_utc !== null && agent.lease_until_utc > iso(clock.now())
    if (held && agent.holder !== who.holder)
      throw new LeaseHeld(
        `Another agent works on the InSched database ${insched.file} (${agent.holder}, until ${agent.lease_until_utc}). Stop that one first.`,
        Date.parse(agent.lease_until_utc!),
      )
    // What the former agent read and did not bring to the portal, this one may not have: it reads everything anew.
    if (agent.holder !== null && agent.holder !== who.holder) change.readAnew()
    change.lease(who.run, who.holder, until())
    return agent.fence + 1
  })
  insched.holdFence(fence)
  let lost: LeaseLost | undefined
  let notRenewed: string | null = null
  let cancel = (): void => {}
  const renew = (): void => {
    try {
      insched.write((change) => change.renew(until()))
      notRenewed = null
    } catch (error) {
      if (error instanceof LeaseLost) {
        lost = error
        return
      }
      // The lease lasts for three turns, and nothing is written without it: it is tried again, and said.
      notRenewed = isBusy(error)
        ? null
        : `The lease on InSched’s database could not be renewed (${(error as Error).message}); trying again.`
    }
    cancel = clock.after(renewMs, renew)
  }
  cancel = clock.after(renewMs, renew)
  return {
    problem: () => lost?.message ?? notRenewed,
    isLost: () => lost !== undefined,
    lose(error) {
      lost ??= error
      cancel()
    },
    release() {
      cancel()
      if (!lost) insched.write((change) => change.release())
    },
    keepUntil(end) {
      cancel()
      if (!lost) insched.write((change) => change.renew(iso(end)))
    },
  }
}
