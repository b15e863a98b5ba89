/**
 * What texts say: each template by kind and language, with what it makes of somebody made up and of the patient for whom it
 * gets longest. The look at it is a button of the form; where scripts run, it follows what is written.
 */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import { usualWords } from '../../../bridges/texts/own-templates.ts'
import { tagClasses, tags, TemplateFault, type AnyTag, type TextLanguage } from '../../../bridges/texts/templates.ts' // prettier-ignore
import { area, button, form, oneButton } from '../../look/form.ts'
import { inEnglish, nothing, type Content, type Html } from '../../look/html.ts'
import { notice } from '../../look/notice.ts'
import type { Reader } from '../../look/reader.ts'
import { badge, card, folded, table, talk } from '../../look/show.ts'
import { deedOf, failed, type ConsoleEnv, type ConsoleParts } from '../frame.ts'
import { textsOf } from '../synchronization/synchronization-frame.ts'
import type { TemplateOfSite, TriedTemplate } from '../texts-views.ts'
import { textsFramed, textsPaths } from './texts-frame.ts'

const at = textsPaths.words
/** More parts than this are told of: each is paid for. */
const fewParts = 2

export function wordsPage(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { site, store } = parts
  const app = new Hono<ConsoleEnv>()
  const found = async (key: string): Promise<TemplateOfSite | undefined> => {
    const all = await site.texts.templates()
    const here = all.find((one) => one.key === key)
    if (here) return here
    // Words for one rule begin as those of its kind.
    const general = all.find((one) => key.startsWith(`${one.key}/`) && one.rule === null)
    const isRule = Object.hasOwn(await site.texts.get(), `rule/${key.split('/')[3] ?? ''}`)
    return general && isRule ? { ...general, key, rule: key.split('/')[3]!, isOwn: false } : undefined
  }
  const one = async (c: Context<ConsoleEnv>, template: TemplateOfSite, source: string): Promise<{ page: string; tried: TriedTemplate | undefined }> => {
    const looked = await look(c, parts, template.key, source)
    const page = textsFramed(c, parts, 'words', [templateCard(c, template, source, looked), tagsCard(c.get('reader'))])
    return { page: await page, tried: looked.tried }
  } // prettier-ignore
  const unknown = (c: Context<ConsoleEnv>) => failed(c, site, c.get('reader').words.problems.noConsolePage)

  app.get(at, async (c) => {
    store.audit.noted(deedOf(c, 'viewed', { of: 'texts' }))
    return c.html(await textsFramed(c, parts, 'words', listOf(c.get('reader'), await site.texts.templates())))
  })
  app.get(`${at}/:kind/:language/:rule?`, async (c) => {
    const { kind, language, rule } = c.req.param()
    const template = await found(['template', kind, language, ...(rule === undefined ? [] : [rule])].join('/'))
    if (!template) return c.html(unknown(c), 404)
    store.audit.noted(deedOf(c, 'viewed', { of: 'texts' }))
    return c.html((await one(c, template, template.source)).page)
  })
  app.post(`${at}/look`, async (c) => {
    const given = await textsOf(c)
    const template = await found(given('key'))
    if (!template) return c.html(unknown(c), 404)
    const { page, tried } = await one(c, template, given('source'))
    return c.html(page, tried ? 200 : 400)
  })
  app.post(at, async (c) => {
    const given = await textsOf(c)
    const template = await found(given('key'))
    if (!template) return c.html(unknown(c), 404)
    const source = given('usual') === 'yes' ? usualWords : given('source')
    const here = hrefOf(template.key)
    if (source.trim() === template.source && source !== usualWords) return c.redirect(`${here}?said=same`, 303)
    if (source !== usualWords) {
      const { page, tried } = await one(c, template, source)
      if (!tried) return c.html(page, 400)
    }
    const done = await site.texts.set(template.key, source)
    store.audit.record(deedOf(c, 'preference changed', { of: [`texts ${done.key}`, done.old, done.new] }))
    return c.redirect(`${here}?said=wordsSaved`, 303)
  })
  return app
}

const hrefOf = (key: string): string => `${at}/${key.slice('template/'.length)}`

/** What becomes of a source; or why it may not be used, as the page says it. */
interface Looked { readonly tried?: TriedTemplate; readonly fault?: Content; readonly isLive: boolean } // prettier-ignore
async function look(c: Context<ConsoleEnv>, { site }: ConsoleParts, key: string, source: string): Promise<Looked> {
  const isLive = c.req.header('x-live') !== undefined
  try {
    return { tried: await site.texts.tryTemplate(key, source), isLive }
  } catch (error) {
    if (error instanceof TemplateFault)
      return { fault: c.get('reader').words.textRules.words.wrong[error.why](error.of), isLive }
    // Such as that InSched’s database is away, by whose names it is checked.
    return { fault: inEnglish((error as Error).message), isLive }
  }
}

function titleOf({ words }: Reader, { what, language, rule }: Pick<TemplateOfSite, 'what' | 'language' | 'rule'>): string {
  const { words: said } = words.textRules
  const title = said.of(words.texts.kinds[what], said.languages[language])
  return rule === null ? title : `${title}, ${said.ofRule(rule)}`
} // prettier-ignore

function listOf(reader: Reader, templates: readonly TemplateOfSite[]): Html[] {
  const { words } = reader.words.textRules
  return [
    html`<p class="soft">${words.how}</p>`,
    ...templates.map((one) =>
      card(
        [
          html`<p>${one.isOwn ? badge('info', words.own) : badge('plain', words.usual)}</p>`,
          html`<p class="text" lang="${one.language}">${one.source}</p>`,
          html`<p><a class="button" href="${hrefOf(one.key)}" aria-label="${words.editOf(titleOf(reader, one))}">${words.edit}</a></p>`, // prettier-ignore
        ],
        { title: titleOf(reader, one) },
      ),
    ),
  ]
}

function templateCard(c: Context<ConsoleEnv>, template: TemplateOfSite, source: string, looked: Looked): Html {
  const reader = c.get('reader')
  const { words } = reader.words.textRules
  const csrf = c.get('csrf')
  return card(
    [
      html`<p class="back"><a href="${at}">${words.all}</a></p>`,
      form(
        at,
        { csrf, key: template.key },
        [
          area({ name: 'source', label: words.source, hint: words.sourceHint, value: source, fault: looked.fault, more: { lang: template.language, rows: 5, maxlength: 1000, spellcheck: 'true', autocomplete: 'off', 'data-looks': `${at}/look` } }), // prettier-ignore
          html`<div class="row">
            ${button(reader.words.synchronization.save, 'main')} ${button(words.look, '', { formaction: `${at}/look` })}
          </div>`,
        ],
      ), // prettier-ignore
      html`<div id="look" class="stack answer">${lookedHtml(reader, template.language, looked)}</div>`,
      template.isOwn ? oneButton(at, words.back, { csrf, key: template.key, usual: 'yes' }, 'danger') : nothing,
    ],
    { title: titleOf(reader, template) },
  )
}

/** What a template makes: as it would stand on a phone, and its measure. */
function lookedHtml(reader: Reader, language: TextLanguage, { tried, fault, isLive }: Looked): Content {
  const { words } = reader.words.textRules
  // While somebody writes it is read out here; a form that was sent has it with the field.
  if (!tried) return isLive ? html`<p class="fault" role="status">${fault ?? ''}</p>` : nothing
  const { example, longest } = tried
  const text = (said: string): Html => html`<span lang="${language}">${said}</span>`
  return [
    html`<p role="status">
      ${words.longest}: <strong>${words.parts(longest.segments)}</strong>, ${words.measure(longest.units, words.alphabets[longest.alphabet])}.
    </p>`, // prettier-ignore
    longest.segments > fewParts ? notice('warn', words.manyParts) : nothing,
    talk([
      { mine: false, from: words.example, text: text(example) },
      { mine: false, from: words.longest, text: text(longest.text) },
    ]),
  ] as Content
}

function tagsCard(reader: Reader): Html {
  const { words } = reader.words.textRules
  const row = (tag: AnyTag): Content[] => [html`<code>{${tag}}</code>`, words.classes[tagClasses[tag]]]
  const all = Object.keys(tagClasses) as AnyTag[]
  const leaving = all.filter((tag) => (tags as readonly string[]).includes(tag))
  const staying = all.filter((tag) => !leaving.includes(tag))
  const columns = [words.tag, words.tagClass]
  return card(
    [
      table(words.tags, columns, leaving.map(row), 'tight'),
      folded(words.staying, table(words.staying, columns, staying.map(row), 'tight')),
    ],
    { title: words.tags },
  )
}
