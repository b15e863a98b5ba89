/**
 * Whether whoever has a number is welcomed now, later or not: told by one text what will come and how to stop it, because
 * staff set consent. Pure, asked before the text is claimed and again before it is handed over.
 */
import type { NotSentReason } from '../../replica/kinds/communications.ts'
import type { WhyNoText } from './consent.ts'
import { nextOpening, openSpan, type Where } from './moments.ts'
import type { TextSettings } from './rules.ts'

export interface WelcomeSituation {
  readonly now: number
  readonly settings: TextSettings
  /** The zone of the site, and every zone in which whoever has the number may be. */
  readonly zone: string
  readonly zones: readonly string[]
  /** When staff set consent, milliseconds UTC. */
  readonly optedInAt: number
  /** Why the patient may not be texted now. */
  readonly whyNoText: WhyNoText | null
  /** Whether the patient has another number by now, or is no patient any more. */
  readonly isGone: boolean
  readonly isAnyHour?: boolean | undefined
}
export type WelcomeVerdict =
  | { readonly is: 'send'; readonly until: number }
  | { readonly is: 'wait'; readonly until: number }
  | { readonly is: 'not'; readonly why: NotSentReason }

/** So long after consent was set a welcome is still of use. */
export const welcomeLasts = 3 * 86_400_000

/** What a welcome comes to now. `until`: when it is over, or when to ask again. */
export function judgeWelcome(of: WelcomeSituation): WelcomeVerdict {
  const { now, settings, optedInAt } = of
  const no = (why: NotSentReason): WelcomeVerdict => ({ is: 'not', why })
  if (of.isGone) return no('another patient')
  if (of.whyNoText !== null) return no(of.whyNoText)
  if (!settings.isOn) return no('sending is off')
  if (settings.welcomesSince === null) return no('rule is off')
  if (optedInAt < settings.welcomesSince) return no('rule came later')
  const latest = optedInAt + welcomeLasts
  if (now >= latest) return no('too late')
  const where = hoursOf(of)
  const span = openSpan(now, where)
  if (span) return { is: 'send', until: Math.min(span.until, latest) }
  const next = nextOpening(now, where)
  return next !== undefined && next < latest ? { is: 'wait', until: next } : no('no hours')
}

/** The hours that hold for it: the practice's window and legal hours, in every zone in which whoever has the number may be. */
export function hoursOf({ zone, zones, settings, isAnyHour }: WelcomeSituation): Where {
  return {
    zone,
    zones: [...new Set(zones)].filter((one) => one !== zone),
    window: settings.windowOf(null),
    excluded: settings.excludedAt(null),
    isAnyHour,
  }
}
