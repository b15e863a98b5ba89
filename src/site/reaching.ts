/** How a patient is reached, as a site knows and says it: what is open by what is on file, what was chosen and by whom, and a new choice. */
import { consentKeys } from '../bridges/texts/consent-number.ts'
import { situationsOf } from '../bridges/texts/situation.ts'
import type { Clock } from '../replica/clock.ts'
import type { ChannelChoice } from '../replica/kinds/communications.ts'
import type { By } from '../replica/kinds/kind.ts'
import { chosenEdit } from '../bridges/texts/choosing.ts'
import type { Replica } from '../replica/replica-face.ts'
import type { Reached } from '../server/console/site-views.ts'

export function reachingOf(site: {
  readonly replica: Replica
  readonly hmacKey: Uint8Array
  /** The key of a patient of this site. */
  readonly documentOf: (table: 'patients', local: number) => Promise<string | undefined>
  readonly agent: By
  readonly clock: Clock
}) {
  const { replica, clock, agent } = site
  const situations = situationsOf({ replica, keys: consentKeys(site.hmacKey) })
  const keyOf = async (patient: number): Promise<string> => {
    const key = await site.documentOf('patients', patient)
    if (key === undefined) throw new Error(`There is no patient ${patient} in InSched.`)
    return key
  }
  return {
    reached: {
      /** Throws a sentence where there is no such patient. */
      of: async (patient: number): Promise<Reached> => situations.reached(await keyOf(patient)),
      /** Says what of a choice is new; resolves with the names of it. Throws a sentence where there is no such patient. */
      async choose(patient: number, choice: ChannelChoice, by: By = agent): Promise<string[]> {
        const { edit, changed } = await chosenEdit(replica, { patient: await keyOf(patient), choice, by, clock })
        if (edit) await replica.change([edit])
        return changed
      },
    },
  }
}
