/** What pages and commands show of a site's texts: their words, and who would get them. */
import type { Longest } from '../../bridges/texts/longest-text.ts'
import type { TextLanguage } from '../../bridges/texts/templates.ts'
import type { RuleKind } from '../../bridges/texts/rule-words.ts'

/** What is told, in a language, by every rule of its kind or by the one that is named. */
export interface TemplateOfSite {
  readonly key: string
  readonly what: RuleKind
  readonly language: TextLanguage
  readonly rule: string | null
  readonly source: string
  /** Whether the practice has written it; else it is the usual one. */
  readonly isOwn: boolean
}
/** What a template would say to somebody made up, and the longest that it would be for anybody. */
export interface TriedTemplate {
  readonly example: string
  readonly longest: Longest
}
