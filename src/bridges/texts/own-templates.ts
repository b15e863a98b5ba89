/** A practice's own words, where they stand among what is set of texts: `template/KIND/LANGUAGE`, or for one rule alone `template/KIND/LANGUAGE/RULE`. */
import type { Json } from '../../replica/json.ts'
import { ruleKinds, type RuleKind } from './rule-words.ts'
import { checkedTemplate } from './template-checks.ts'
import { TemplateFault, textLanguages, type Template, type TextLanguage } from './templates.ts'
import { usualTemplate, type KnownTemplate } from './wording.ts'

/** Said of a template: the usual words again. */
export const usualWords = 'usual'

const slugOf = (what: string): string => what.replaceAll(' ', '-')
const templateKey = new RegExp(`^template/(${ruleKinds.map(slugOf).join('|')})/(${textLanguages.join('|')})(?:/([a-z0-9-]{1,30}))?$`) // prettier-ignore

export function isTemplate(key: string): boolean {
  return templateKey.test(key)
}
/** Where the words stand of what is told in a language, by every rule or by one that has its own. */
export function keyOfTemplate(what: RuleKind, language: TextLanguage, rule?: string): string {
  return `template/${slugOf(what)}/${language}${rule === undefined ? '' : `/${rule}`}`
}
/** What the words under a key are for; throws a sentence where it is no such key. */
export function templateOfKey(key: string): {
  readonly what: RuleKind
  readonly language: TextLanguage
  readonly rule: string | undefined
} {
  const [, slug, language, rule] = templateKey.exec(key) ?? []
  if (slug === undefined)
    throw new Error(
      `${key.slice(0, 60)} is no template. One is template/KIND/LANGUAGE, or template/KIND/LANGUAGE/RULE.`,
    )
  return { what: slug.replaceAll('-', ' ') as RuleKind, language: language as TextLanguage, rule }
}

/** What people write as a template, as it is kept; throws TemplateFault where it is none. */
export function templateWords(key: string, source: string): string {
  const said = source.trim().replaceAll(/\s+/g, ' ')
  if (said !== usualWords) checkedTemplate(said, templateOfKey(key).what)
  return said
}

/** By what a rule tells: its own words, else those of its kind, else the usual ones; and all that are the practice's own. */
export function templatesOf(fields: Readonly<Record<string, Json>>): {
  readonly templateOf: (rule: { readonly id: string; readonly what: RuleKind }, language: TextLanguage) => Template
  readonly ownTemplates: readonly KnownTemplate[]
} {
  const own = new Map(
    Object.entries(fields).flatMap(([key, source]) => {
      const found = templateAt(key, source)
      return found ? [[key, found] as const] : []
    }),
  )
  return {
    ownTemplates: [...own.values()],
    templateOf({ id, what }, language) {
      const found = own.get(keyOfTemplate(what, language, id)) ?? own.get(keyOfTemplate(what, language))
      return found?.template ?? usualTemplate(what, language)
    },
  }
}

function templateAt(key: string, source: Json): KnownTemplate | undefined {
  if (!isTemplate(key) || typeof source !== 'string' || source === usualWords) return undefined
  const { what } = templateOfKey(key)
  try {
    return { what, template: checkedTemplate(source, what) }
  } catch (error) {
    // What another version took for a template and this one does not: the usual words say it.
    if (error instanceof TemplateFault) return undefined
    throw error
  }
}
