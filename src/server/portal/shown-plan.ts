/** A plan in the practice's words for patients: a stage without such words is not shown, whatever staff call it. */
import type { StageFields } from '../../replica/kinds/fields.ts'
import type { IndexRow } from '../../replica/replica-face.ts'

/** A plan as patients see it: the stages that have words for them, and the one that is next. */
export function shownPlan(row: IndexRow) {
  const { words, stages } = row.body as unknown as { words: string; stages: (StageFields & { id: string })[] }
  const shown = stages.filter((stage) => stage.words !== null)
  return { words, stages: shown, current: shown.find((stage) => !stage.completed) }
}
