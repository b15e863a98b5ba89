/** A rule as staff read it: what it tells and when, where and for whom. */
import type { RuleWords } from '../../../bridges/texts/rule-words.ts'
import { html } from 'hono/html'
import { inEnglish, nothing, type Html } from '../../look/html.ts'
import { notice } from '../../look/notice.ts'
import type { Reader } from '../../look/reader.ts'
import type { ConsoleSite } from '../console-site.ts'

/** By what rules are told apart: locations and event types by their names. */
export interface Places {
  readonly locations: readonly { readonly id: string; readonly name: string }[]
  readonly types: readonly { readonly key: string; readonly name: string }[]
  /** Why the event types are not known now. */
  readonly why: string | null
}

export async function placesOf(site: ConsoleSite): Promise<Places> {
  return { locations: await site.locations(), ...(await site.texts.eventTypes()) }
}

/** Said where event types are not known now. */
export function whyNoTypes({ words }: Reader, { why }: Places): Html {
  return why === null ? nothing : notice('warn', html`${words.textRules.rules.noTypes} ${inEnglish(why)}`)
}

/** `Reminder, 1 day before`. */
export function titleOfRule({ words }: Reader, { what, lead }: Pick<RuleWords, 'what' | 'lead'>): string {
  const { rules: said } = words.textRules
  if (lead === null) return words.texts.kinds[what]
  const measure = 'days' in lead ? said.days(lead.days) : said.hours(lead.hours)
  return `${words.texts.kinds[what]}, ${what === 'after visit' ? said.after(measure) : said.before(measure)}`
}

/** What it tells and when; and the rest, parted by commas. */
export function ruleInWords(reader: Reader, rule: RuleWords, { locations, types }: Places): { readonly title: string; readonly rest: string } {
  const { rules: said } = reader.words.textRules
  const location = locations.find((one) => one.id === rule.location)?.name ?? rule.location
  const named = rule.types.map((key) => types.find((one) => one.key === key)?.name ?? said.unknownType)
  const rest = [
    location === null ? undefined : said.at(location),
    named.length === 0 ? undefined : said.of(named.join(', ')),
    rule.ifConfirmed === null ? undefined : rule.ifConfirmed ? said.ifConfirmed : said.ifNotConfirmed,
    rule.arriveEarly === 0 ? undefined : said.early(rule.arriveEarly),
    rule.calendar ? said.calendar : undefined,
  ].filter((part) => part !== undefined)
  return { title: titleOfRule(reader, rule), rest: rest.join(', ') }
} // prettier-ignore
