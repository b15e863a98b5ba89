/** The edit by which somebody chooses how a patient is reached: what of it is new, so that two who choose at once keep both. */
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import { foldCommunications, type ChannelChoice } from '../../replica/kinds/communications.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Edit, Replica } from '../../replica/replica-face.ts'
import { communicationFacts } from './claims.ts'

/** `changed`: what is new, as `noText true`; where nothing is there is no edit. */
export async function chosenEdit(
  replica: Replica,
  { patient, choice, by, clock }: { readonly patient: string; readonly choice: ChannelChoice; readonly by: By; readonly clock: Clock }, // prettier-ignore
): Promise<{ readonly edit: Edit | null; readonly changed: string[] }> {
  const { choice: before, chosen } = foldCommunications(await replica.entries('communications', patient))
  const names = (['prefers', 'noText', 'noEmail', 'noneByItself'] as const).filter((name) => choice[name] !== before[name]) // prettier-ignore
  if (names.length === 0) return { edit: null, changed: [] }
  const fresh = Object.fromEntries(names.map((name) => [name, choice[name]])) as Partial<ChannelChoice>
  // Later than what it changes, whatever the clocks of the two sides say.
  const at = Math.max(clock.now(), (chosen?.at ?? -1) + 1)
  const facts = await communicationFacts(replica, patient, null)
  return {
    edit: { collection: 'communications', key: patient, facts, add: { [mintUlid(clock)]: { kind: 'channels', at, by, ...fresh } } }, // prettier-ignore
    changed: names.map((name) => `${name} ${choice[name] ?? 'none'}`),
  }
}
