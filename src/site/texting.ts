/** What a site says and knows of texts: Preferences > Texts, what was texted for an event, and why or why not. */
import { consentKeys } from '../bridges/texts/consent-number.ts'
import { outlookOf, type Verdict } from '../bridges/texts/judging.ts'
import { isTemplate, usualWords } from '../bridges/texts/own-templates.ts'
import { textsChanged, textSettingsKey, textsShown, type Rule } from '../bridges/texts/rules.ts'
import { situationsOf } from '../bridges/texts/situation.ts'
import type { Clock } from '../replica/clock.ts'
import type { Json } from '../replica/json.ts'
import type { Follower, Replica } from '../replica/replica-face.ts'
import type { NamesForTexts } from '../bridges/insched/names-for-texts.ts'
import type { WhyText } from '../server/console/site-views.ts'
import { templatesOfSite } from './text-templates.ts'

export function textsOfSite(site: {
  readonly replica: Replica
  readonly index: Follower
  readonly hmacKey: Uint8Array
  readonly site: string
  readonly namesForTexts: () => Promise<NamesForTexts>
  readonly documentOf: (table: 'events', local: number) => Promise<string | undefined>
  readonly clock: Clock
}) {
  const { replica, clock } = site
  const key = textSettingsKey(site.site)
  const situations = situationsOf({ replica, keys: consentKeys(site.hmacKey) })
  const fields = async () => (await replica.record('preferences', key))?.fields ?? {}
  const templates = templatesOfSite({
    fields,
    practice: () => situations.practiceOf(site.site),
    names: site.namesForTexts,
  })
  let turn: Promise<unknown> = Promise.resolve()

  const set = async (name: string, value: string): Promise<{ key: string; old: string; new: string }> => {
    const before = await fields()
    if (isTemplate(name) && value.trim() !== usualWords) await templates.tried(name, value)
    const changes = textsChanged(before, { key: name, value, at: clock.now() })
    const facts = { patient: null, site: site.site, shown: false, reachable: false, startsAt: null }
    await replica.change([{ collection: 'preferences', key, facts, set: changes, at: clock.now() }])
    const shown = (of: Readonly<Record<string, Json>>): string => textsShown(of)[name] ?? (isTemplate(name) ? usualWords : 'none') // prettier-ignore
    return { key: name, old: shown(before), new: shown(await fields()) }
  }
  const whyOf = (rule: Rule, verdict: Verdict): WhyText => {
    const of = { rule: rule.id, what: rule.what, lead: rule.lead }
    if (verdict.is === 'told') return { ...of, is: 'told', at: verdict.message.at, state: verdict.message.state, code: verdict.message.code } // prettier-ignore
    if (verdict.is === 'wait') return { ...of, is: 'due', at: verdict.until, why: verdict.why }
    return verdict.is === 'send' ? { ...of, is: 'now' } : { ...of, is: 'not', why: verdict.why }
  }
  /** For each rule that is for an event: whether it was told, goes out, or why it was not. */
  const why = async (event: string): Promise<WhyText[]> => {
    await site.index.caughtUp()
    const told = await situations.of(event, clock.now())
    if (!told) return []
    return outlookOf(told).map(({ rule, verdict }) => whyOf(rule, verdict))
  }
  return {
    texts: {
      get: async (): Promise<Record<string, string>> => textsShown(await fields()),
      /** Sets one; throws a sentence, and changes nothing, where it would be wrong. One after the other. */
      set(name: string, value: string) {
        const next = turn.then(() => set(name, value))
        turn = next.catch(() => {})
        return next
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
