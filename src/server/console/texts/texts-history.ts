/** Who changed what of texts, when, from what to what: from the trail, where each change stands for good. */
import { isTemplate, templateOfKey } from '../../../bridges/texts/own-templates.ts'
import type { AuditTrail } from '../../audit-sqlite.ts'
import type { Reader } from '../../look/reader.ts'

export interface TextsChange {
  readonly at: number
  readonly by: string
  readonly key: string
  readonly old: string
  readonly new: string
}
/** How a change of texts is named in the trail. */
const prefix = 'texts '
/** How many changes of preferences are looked at, the newest. */
const lookedAt = 2_000

/** The changes, the newest first; those of one key where one is named. */
export function textsHistory(audit: AuditTrail, key?: string): TextsChange[] {
  return audit.search({ did: 'preference changed', limit: lookedAt }).flatMap(({ at, event }): TextsChange[] => {
    const [of = '', old = '', changed = ''] = [event.of ?? []].flat()
    if (!of.startsWith(prefix) || (key !== undefined && of !== prefix + key)) return []
    return [{ at, by: event.by ?? '', key: of.slice(prefix.length), old, new: changed }]
  })
}

/** What a key is called on the pages. */
export function keyInWords({ words }: Reader, key: string): string {
  const { settings, words: said, rules } = words.textRules
  if (Object.hasOwn(settings.names, key)) return settings.names[key as keyof typeof settings.names]
  if (isTemplate(key)) {
    const { what, language, rule } = templateOfKey(key)
    const title = said.of(words.texts.kinds[what], said.languages[language])
    return rule === undefined ? title : `${title}, ${said.ofRule(rule)}`
  }
  const [kind = '', of = ''] = key.split('/')
  if (kind === 'rule') return rules.named(of)
  if (Object.hasOwn(settings.names, kind)) return settings.at(settings.names[kind as keyof typeof settings.names], of)
  return key
}
