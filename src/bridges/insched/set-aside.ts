/**
 * What an answer is in InSched's words, and what is said of one that confirms nothing (DOM-3, DOM-4): the same for every
 * schedule that answers are written into.
 */
import { derivedUlid } from '../../replica/ids.ts'
import type { Answer, SetAsideReason } from '../../replica/kinds/confirmations.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Edit } from '../../replica/replica-face.ts'

/** DOM-5; the reference database uses the words as they are. */
const confirmationTypes = { portal: 'Portal', text: 'Text', email: 'Email', console: 'Phone' } as const
/** Only staff say of which type an answer is; of every other the channel decides. */
export const typeOf = ({ channel, type }: Answer): string =>
  (channel === 'console' ? type : undefined) ?? confirmationTypes[channel]

const whySetAside: Readonly<Record<SetAsideReason, string>> = {
  moved: 'The event was moved after the patient saw it, so the answer is for another time.',
  canceled: 'The event is canceled.',
  'no show': 'The event is marked No Show.',
  'checked out': 'The event is checked out.',
  deleted: 'The event was deleted in InSched.',
  past: 'The event had begun before the patient answered.',
  'unknown event': 'The event is not in this InSched database.',
  'another patient': 'The event is now another patient’s.',
}

/** Sets an answer aside, with the review that staff see. */
export function setAsideEdits(
  { event, answer, why }: { readonly event: string; readonly answer: Answer; readonly why: SetAsideReason },
  { by, site, now }: { readonly by: By; readonly site: string; readonly now: number },
): Edit[] {
  const key = derivedUlid('confirmation set aside', event, answer.id)
  return [
    {
      collection: 'confirmations',
      key: event,
      add: { [`aside:${answer.id}`]: { kind: 'set aside', at: now, by, answer: answer.id, why, review: key } },
    },
    {
      collection: 'reviews',
      key,
      facts: { patient: answer.patient, site, shown: false, reachable: false, startsAt: null },
      add: {
        opened: {
          kind: 'opened',
          at: now,
          by,
          about: 'confirmation set aside',
          why: `A patient confirmed ${answer.startsAt.replace('T', ' ')}. ${whySetAside[why]} Nothing was written into the schedule.`,
          todo:
            why === 'moved'
              ? 'The portal asks the patient again for the new time. Call if it is soon.'
              : 'Check with the patient whether they are coming.',
          patient: answer.patient,
          event,
        },
      },
    },
  ]
}
