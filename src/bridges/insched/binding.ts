/**
 * Which site an InSched database belongs to, and which agent works on it. A database is bound once, at enrolment, to one
 * site; an agent holds a lease with a fencing number that every write transaction checks, so an agent that lost its lease
 * changes nothing more.
 */
import type { Clock } from '../../replica/clock.ts'
import { InSchedRefused, isBusy, type InSched } from './insched-sqlite.ts'

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
  insched.write(() => {
    checkUnbound(insched, binding.site)
    checkReplica(insched, binding.replica)
    if (!insched.agent()) insched.bind(binding)
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
  readonly fence: number
  /** Throws InSchedRefused where another agent has taken over; for use inside a write transaction. */
  assert(): void
  release(): void
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
  const until = (): string => new Date(clock.now() + leaseMs).toISOString()
  const fence = insched.write(() => {
    const agent = insched.agent()
    if (!agent)
      throw new InSchedRefused(
        `The InSched database ${insched.file} is not bound to this site. Enroll the site with it first.`,
      )
    checkUnbound(insched, who.site)
    checkReplica(insched, who.replica)
    const held = agent.lease_until_utc !== null && agent.lease_until_utc > new Date(clock.now()).toISOString()
    if (held && agent.holder !== who.holder)
      throw new InSchedRefused(
        `Another agent works on the InSched database ${insched.file} (${agent.holder}, until ${agent.lease_until_utc}). Stop that one first.`,
      )
    insched.lease(who.run, who.holder, until())
    return insched.fence()
  })
  let cancel = (): void => {}
  const renew = (): void => {
    cancel = clock.after(renewMs, () => {
      try {
        if (!insched.renew(until(), fence)) return
      } catch (error) {
        // A busy database is asked again at the next turn; the lease lasts for three of them.
        if (!isBusy(error)) throw error
      }
      renew()
    })
  }
  renew()
  return {
    fence,
    assert() {
      if (insched.fence() !== fence)
        throw new InSchedRefused('Another agent has taken over this InSched database. This one stops.')
    },
    release() {
      cancel()
      insched.release(fence)
    },
  }
}
