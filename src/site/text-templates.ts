/** The words of a site's texts: which there are, and what becomes of a template that somebody writes, with the names that InSched has. */
import { longestText, type Everybody } from '../bridges/texts/longest-text.ts'
import { keyOfTemplate, templateOfKey, usualWords } from '../bridges/texts/own-templates.ts'
import { ruleKinds } from '../bridges/texts/rule-words.ts'
import { textSettingsOf } from '../bridges/texts/rules.ts'
import { assertNamesNothing, checkedTemplate } from '../bridges/texts/template-checks.ts'
import { assertParts, textLanguages, type Template } from '../bridges/texts/templates.ts'
import { tellingText, usualTemplates, type Sender } from '../bridges/texts/wording.ts'
import type { NamesForTexts } from '../bridges/insched/names-for-texts.ts'
import type { Json } from '../replica/json.ts'
import type { LocationValue, PracticeFields } from '../replica/kinds/fields.ts'
import type { TemplateOfSite, TriedTemplate } from '../server/console/texts-views.ts'

type Fields = Readonly<Record<string, Json>>

export function templatesOfSite(site: {
  /** What is set of texts, and the practice as its documents have it. */
  readonly fields: () => Promise<Fields>
  readonly practice: () => Promise<Partial<PracticeFields> & Fields>
  readonly names: () => Promise<NamesForTexts>
}) {
  const placesOf = (settings: Fields, practice: Partial<PracticeFields> & Fields): Everybody['places'] => {
    const name = textSettingsOf(settings).practiceName || (practice.practiceName ?? '')
    const own = practice.phone ?? null
    const locations = Object.entries(practice).flatMap(([key, value]) => (key.startsWith('location/') ? [value as unknown as LocationValue] : [])) // prettier-ignore
    const sender = (phone: string | null): Sender => ({ practice: name, phone })
    if (locations.length === 0) return [{ ...sender(own), location: null }]
    return locations.map((place) => ({ ...sender(place.phone ?? own), location: place.name }))
  }
  /** The template that a text is under this key; throws TemplateFault where it may not be used here. */
  const tried = async (key: string, source: string): Promise<TriedTemplate & { readonly template: Template }> => {
    const { what, language } = templateOfKey(key)
    const template = checkedTemplate(source, what)
    const [settings, practice, names] = [await site.fields(), await site.practice(), await site.names()]
    assertNamesNothing(template, names.care)
    const places = placesOf(settings, practice)
    const longest = longestText(template, language, { firstNames: names.first, places })
    assertParts(longest.text)
    const example = tellingText(template, { ...places[0]!, ...exampleOf[language] }, language, false)
    return { template, example, longest }
  }
  return {
    tried,
    async all(): Promise<TemplateOfSite[]> {
      const fields = await site.fields()
      return ruleKinds.flatMap((what) =>
        textLanguages.flatMap((language) => {
          const key = keyOfTemplate(what, language)
          const ofRules = Object.keys(fields).filter((one) => one.startsWith(`${key}/`))
          return [key, ...ofRules].flatMap((one): TemplateOfSite[] => {
            const { rule } = templateOfKey(one)
            const own = fields[one]
            const isOwn = typeof own === 'string' && own !== usualWords
            if (rule !== undefined && !isOwn) return []
            return [{ key: one, what, language, rule: rule ?? null, isOwn, source: isOwn ? own : usualTemplates[language][what] }] // prettier-ignore
          })
        }),
      )
    },
  }
}

/** Somebody who is made up, for whom a text is shown. */
const exampleOf = {
  en: { firstName: 'Ann', startsAt: '2027-03-10T14:30' },
  es: { firstName: 'Ana', startsAt: '2027-03-10T14:30' },
} as const
