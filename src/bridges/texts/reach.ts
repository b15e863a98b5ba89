/** Which events can have something due at all, by what sites have set: the sender looks at no others after a start. Pure. */
import type { TextSettings } from './rules.ts'

export interface Reach {
  /** How long after its start an event may be told of, milliseconds. */
  readonly back: number
  /** How long before its start an event may be told of by a lead, milliseconds. */
  readonly ahead: number
  /** Whether an event may be told of because it was booked or moved, whenever it is. */
  readonly tellsOfChanges: boolean
}

const day = 86_400_000
/** Hours and excluded days move what is due to a week before at most. */
const aheadOfLead = 8 * day
/** What is said after a visit is said within three days. */
const afterLead = 4 * day

export function reachOf(settings: readonly TextSettings[]): Reach {
  const rules = settings.flatMap((one) => one.rules.filter((rule) => rule.isOn))
  const leads = (isAfter: boolean): number[] => rules.flatMap(({ what, lead }) => (lead === null || (what === 'after visit') !== isAfter ? [] : [('days' in lead ? lead.days : lead.hours / 24) * day])) // prettier-ignore
  const after = leads(true)
  return {
    back: after.length === 0 ? 0 : Math.max(...after) + afterLead,
    ahead: Math.max(0, ...leads(false)) + aheadOfLead,
    tellsOfChanges: rules.some(({ what }) => what === 'booking notice' || what === 'change notice'),
  }
}
