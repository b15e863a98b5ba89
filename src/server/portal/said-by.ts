/** The name beside what somebody said: "Ann Lee for Tom Lee" where a representative said it (L10, M13). */
import type { By } from '../../replica/kinds/kind.ts'
import type { Speech } from '../words/speech.ts'

export function saidBy(by: By, { words }: Speech): string | undefined {
  return by.name !== undefined && by.for !== undefined ? words.account.people.actsFor(by.name, by.for) : by.name
}
