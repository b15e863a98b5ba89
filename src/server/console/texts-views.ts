/** What pages and commands show of a site's texts: their words, and who would get them. */
import type { Longest } from '../../bridges/texts/longest-text.ts'
import type { TextLanguage } from '../../bridges/texts/templates.ts'
import type { RuleKind } from '../../bridges/texts/rule-words.ts'
import type { Channel, NotSentReason } from '../../replica/kinds/communications.ts'

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

/** An event of which something is told, by its names. */
export interface ToldEvent {
  readonly key: string
  /** InSched's numbers; null where it cannot be asked now. */
  readonly event: number | null
  readonly patient: { readonly local: number | null; readonly name: string }
  /** Wall clock of the location. */
  readonly startsAt: string
  readonly rule: string
  readonly what: RuleKind
}
/** A text or a mail that would go out; times are milliseconds UTC. */
export interface TextBeforehand {
  readonly at: number
  readonly by: Channel
  readonly body: string
  /** The parts of a text that are paid for; none of a mail. */
  readonly segments: number
  readonly events: readonly ToldEvent[]
}
/** An appointment that is made up, booked now. */
export interface SampleEvent {
  /** Wall clock of the location. */
  readonly startsAt: string
  readonly location: string | null
  /** The key of its type. */
  readonly type: string | null
}
/** What the patient of a made-up appointment gets, who answers nothing and comes; and what not, and why. */
export interface Sample {
  readonly bookedAt: number
  readonly starts: number
  readonly zone: string
  readonly texts: readonly { readonly at: number; readonly by: Channel; readonly rule: string; readonly what: RuleKind; readonly body: string }[] // prettier-ignore
  readonly untold: readonly { readonly rule: string; readonly what: RuleKind; readonly why: NotSentReason; readonly also?: NotSentReason | undefined }[] // prettier-ignore
}
/** What would go out by the rules, or by rules that are not saved yet, until a time, if nothing changed. */
export interface DryRun {
  readonly from: number
  readonly until: number
  readonly zone: string
  /** Sending is off: this is what would go out if it were on. */
  readonly isOff: boolean
  readonly texts: readonly TextBeforehand[]
  /** What would not be told, and why. */
  readonly untold: readonly (ToldEvent & { readonly why: NotSentReason; readonly also?: NotSentReason | undefined })[] // prettier-ignore
  /** What was told already, and is not told again. */
  readonly told: readonly (ToldEvent & { readonly at: number })[]
  /** Of those to come, how many would be told what they were told. */
  readonly again: number
  /** Events of patients of whom nothing leaves the practice. */
  readonly notHeld: number
}
