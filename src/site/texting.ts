/** What a site says and knows of texts: Preferences > Texts, what was texted for an event, why or why not, and what staff hold or send by hand. */
import { consentKeys } from '../bridges/texts/consent-number.ts'
import { outlookOf, type Verdict } from '../bridges/texts/judging.ts'
import { isTemplate, usualWords } from '../bridges/texts/own-templates.ts'
import {
  rulesOf,
  textsChangedTogether,
  textSettingsKey,
  textSettingsOf,
  textsShown,
  type Rule,
} from '../bridges/texts/rules.ts'
import { InSchedRefused } from '../bridges/insched/refused.ts'
import { situationsOf } from '../bridges/texts/situation.ts'
import type { Clock } from '../replica/clock.ts'
import { mintUlid } from '../replica/ids.ts'
import type { Json } from '../replica/json.ts'
import type { CommunicationEntry } from '../replica/kinds/communications.ts'
import type { By } from '../replica/kinds/kind.ts'
import type { Follower, Replica } from '../replica/replica-face.ts'
import type { NamesForTexts } from '../bridges/insched/names-for-texts.ts'
import { eventTypeKey } from '../replica/kinds/fields.ts'
import type { Changed } from '../server/console/console-site.ts'
import type { SentByHand, WhyText } from '../server/console/site-views.ts'
import { templatesOfSite } from './text-templates.ts'

export function textsOfSite(site: {
  readonly replica: Replica
  readonly index: Follower
  readonly hmacKey: Uint8Array
  readonly site: string
  readonly namesForTexts: () => Promise<NamesForTexts>
  readonly documentOf: (table: 'events', local: number) => Promise<string | undefined>
  /** Who acts where no member of staff does. */
  readonly agent: By
  readonly clock: Clock
}) {
  const { replica, clock, agent } = site
  const key = textSettingsKey(site.site)
  const situations = situationsOf({ replica, keys: consentKeys(site.hmacKey) })
  const fields = async () => (await replica.record('preferences', key))?.fields ?? {}
  const templates = templatesOfSite({
    fields,
    practice: () => situations.practiceOf(site.site),
    names: site.namesForTexts,
  })
  let turn: Promise<unknown> = Promise.resolve()
  let types: readonly { key: string; name: string }[] = []

  const change = async (values: Readonly<Record<string, string>>): Promise<Changed[]> => {
    const before = await fields()
    for (const [name, value] of Object.entries(values)) if (isTemplate(name) && value.trim() !== usualWords) await templates.tried(name, value) // prettier-ignore
    const changes = textsChangedTogether(before, values, clock.now())
    const facts = { patient: null, site: site.site, shown: false, reachable: false, startsAt: null }
    await replica.change([{ collection: 'preferences', key, facts, set: changes, at: clock.now() }])
    const after = await fields()
    return Object.keys(values).map((name) => ({ key: name, old: shownOf(before, name), new: shownOf(after, name) }))
  }
  const inTurn = (values: Readonly<Record<string, string>>): Promise<Changed[]> => {
    const next = turn.then(() => change(values))
    turn = next.catch(() => {})
    return next
  }
  /** For each rule that is for an event: whether it was told, goes out, or why it was not. */
  const why = async (event: string): Promise<WhyText[]> => {
    await site.index.caughtUp()
    const told = await situations.of(event, clock.now())
    if (!told) return []
    return outlookOf(told).map(({ rule, verdict }) => whyTextOf(rule, verdict))
  }
  const say = async (patient: string, entry: CommunicationEntry): Promise<void> => {
    const { at: _, ...facts } = (await replica.head('patients', patient))!.facts
    await replica.change([{ collection: 'communications', key: patient, facts: { ...facts, shown: false }, add: { [mintUlid(clock)]: entry } }]) // prettier-ignore
  }
  const toldNow = async (event: string) => {
    const told = await situations.of(event, clock.now())
    if (!told || told.event.deleted) throw new Error('The event is gone, so there is nothing to tell of it.')
    return told
  }
  return {
    /** What is set of texts, as it is kept. */
    textFields: fields,
    texts: {
      async hold(event: string, holds: boolean, by: By = agent): Promise<void> {
        const { patient } = await toldNow(event)
        await say(patient, { kind: 'hold', at: clock.now(), by, event, holds })
      },
      async sendNow({ event, startsAt, rule, what }: SentByHand, by: By = agent): Promise<void> {
        const told = await toldNow(event)
        if (told.event.startsAt !== startsAt)
          throw new Error('The event was moved meanwhile, so this would tell of another time. Look at the event again.')
        if (!rulesOf(told.settings, told.event).some((one) => one.id === rule && one.what === what))
          throw new Error('There is no such rule for this event any more. Look at the event again.')
        await say(told.patient, { kind: 'send now', at: clock.now(), by, what, event, startsAt, rule })
      },
      get: async (): Promise<Record<string, string>> => textsShown(await fields()),
      /** Sets one; throws a sentence, and changes nothing, where it would be wrong. One after the other. */
      async set(name: string, value: string): Promise<Changed> {
        const [done] = await inTurn({ [name]: value })
        return done!
      },
      /** Sets several at once; throws WrongTexts, and changes none, where one would be wrong. */
      change: inTurn,
      rules: async (): Promise<readonly Rule[]> => textSettingsOf(await fields()).rules,
      /** The event types that rules may be for; while InSched cannot be asked, those that it had, and why. */
      async eventTypes(): Promise<{ types: readonly { key: string; name: string }[]; why: string | null }> {
        try {
          const { types: found } = await site.namesForTexts()
          types = found.map(({ type, name }) => ({ key: eventTypeKey(site.site, type), name }))
          return { types, why: null }
        } catch (error) {
          if (!(error instanceof InSchedRefused)) throw error
          return { types, why: error.message }
        }
      },
      templates: templates.all,
      /** What a template would say; throws TemplateFault, or a sentence, where it may not be used. */
      async tryTemplate(name: string, source: string) {
        const { example, longest } = await templates.tried(name, source)
        return { example, longest }
      },
      why,
      /** The same of an event by its number; throws a sentence where InSched has none. */
      async whyOf(event: number): Promise<WhyText[]> {
        const document = await site.documentOf('events', event)
        if (document === undefined) throw new Error(`There is no event ${event} of a patient in InSched.`)
        return why(document)
      },
    },
  }
}

/** What people are shown of a key. */
function shownOf(fields: Readonly<Record<string, Json>>, name: string): string {
  return textsShown(fields)[name] ?? (isTemplate(name) ? usualWords : 'none')
}

/** What a rule comes to for an event, as it is shown. */
export function whyTextOf(rule: Rule, verdict: Verdict): WhyText {
  const of = { rule: rule.id, what: rule.what, lead: rule.lead }
  if (verdict.is === 'told') return { ...of, is: 'told', at: verdict.message.at, by: verdict.message.kind, state: verdict.message.state, code: verdict.message.code } // prettier-ignore
  if (verdict.is === 'wait') return { ...of, is: 'due', at: verdict.until, why: verdict.why, way: verdict.way }
  return verdict.is === 'send'
    ? { ...of, is: 'now', by: verdict.by }
    : { ...of, is: 'not', why: verdict.why, also: verdict.also }
}
