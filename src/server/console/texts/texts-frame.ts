/** What the pages of texts share: they are one part of Preferences > Synchronization, with parts of their own. */
import type { Context } from 'hono'
import type { Content } from '../../look/html.ts'
import { tabs } from '../../look/show.ts'
import type { ConsoleEnv, ConsoleParts } from '../frame.ts'
import { synchronizationFramed } from '../synchronization/synchronization-frame.ts'

const root = '/synchronization/texts'
export const textsPaths = {
  rules: root,
  words: `${root}/words`,
  sample: `${root}/sample`,
  who: `${root}/who`,
  history: `${root}/history`,
} as const
export type TextsPart = keyof typeof textsPaths

export function textsFramed(
  c: Context<ConsoleEnv>,
  parts: ConsoleParts,
  part: TextsPart,
  main: readonly Content[],
): Promise<string> {
  const { textRules } = c.get('reader').words
  const links = (Object.keys(textsPaths) as TextsPart[]).map((one) => ({ href: textsPaths[one], text: textRules.parts[one], here: one === part })) // prettier-ignore
  return synchronizationFramed(c, parts, 'texts', [tabs(textRules.which, links), ...main] as Content)
}
