/**
 * One rule: what it tells, when, where and for whom. What was written is looked at first: the page that follows says what
 * the rule would send, and only its button saves. A new rule is off; turning it on has the same page before it.
 */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import { ruleKinds, wordsOfRule, type RuleKind } from '../../../bridges/texts/rule-words.ts'
import type { Rule } from '../../../bridges/texts/rules.ts'
import { WrongTexts } from '../../../bridges/texts/rules.ts'
import { button, form } from '../../look/form.ts'
import { inEnglish, type Content, type Html } from '../../look/html.ts'
import { notice } from '../../look/notice.ts'
import { card, list } from '../../look/show.ts'
import { deedOf, failed, type ConsoleEnv, type ConsoleParts } from '../frame.ts'
import { textsOf } from '../synchronization/synchronization-frame.ts'
import { ruleForm, ruleGiven, type RuleFaults } from './rule-form.ts'
import { dryRunCards } from './dry-run-cards.ts'
import { sampleCard, usualStart } from './sample-page.ts'
import { usualDays } from './who-page.ts'
import { placesOf, ruleInWords, whyNoTypes } from './rule-in-words.ts'
import { textsFramed, textsPaths } from './texts-frame.ts'

const at = `${textsPaths.rules}/rules`
const slugOf = (kind: RuleKind): string => kind.replaceAll(' ', '-')

export function rulePage(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { site, store } = parts
  const app = new Hono<ConsoleEnv>()
  const unknown = async (c: Context<ConsoleEnv>): Promise<Response> => c.html(await failed(c, site, c.get('reader').words.problems.noConsolePage), 404) // prettier-ignore
  const ruleNamed = async (id: string): Promise<Rule | undefined> => (await site.texts.rules()).find((one) => one.id === id) // prettier-ignore

  app.get(`${at}/new`, (c) => c.html(textsFramed(c, parts, 'rules', [kindsCard(c)])))
  app.get(`${at}/new/:kind`, async (c) => {
    const what = ruleKinds.find((kind) => slugOf(kind) === c.req.param('kind'))
    if (!what) return unknown(c)
    const rules = await site.texts.rules()
    const id = newId(what, rules)
    const lead = what === 'booking notice' || what === 'change notice' ? null : { days: 1 }
    const rule: Rule = { id, what, lead, isOn: false, location: null, types: [], ifConfirmed: null, arriveEarly: 0, calendar: false, since: 0 } // prettier-ignore
    return c.html(await formPage(c, parts, { rule, isNew: true }))
  })
  app.get(`${at}/:rule`, async (c) => {
    const rule = await ruleNamed(c.req.param('rule'))
    if (!rule) return unknown(c)
    store.audit.noted(deedOf(c, 'viewed', { of: 'texts' }))
    return c.html(await formPage(c, parts, { rule, isNew: false }))
  })
  app.get(`${at}/:rule/on`, async (c) => {
    const rule = await ruleNamed(c.req.param('rule'))
    if (!rule || rule.isOn) return unknown(c)
    return c.html(await lookPage(c, parts, { ...rule, isOn: true }, c.get('reader').words.textRules.rules.turnOn))
  })
  app.post(`${at}/look`, async (c) => {
    const given = await textsOf(c)
    const old = given('isNew') === 'yes' ? undefined : await ruleNamed(given('rule'))
    const what = old?.what ?? ruleKinds.find((kind) => kind === given('what'))
    if (!what || (given('isNew') !== 'yes' && !old)) return unknown(c)
    const { rule, faults } = ruleGiven(c, given, { what, old, rules: await site.texts.rules(), locations: await site.locations() }) // prettier-ignore
    if (Object.keys(faults).length > 0) return c.html(await formPage(c, parts, { rule, isNew: !old, faults, given }), 400) // prettier-ignore
    const { textRules, synchronization } = c.get('reader').words
    return c.html(await lookPage(c, parts, rule, old ? synchronization.save : textRules.rule.saveNew))
  })
  app.post(at, async (c) => {
    const given = await textsOf(c)
    const [id, value] = [given('rule'), given('value')]
    const was = await ruleNamed(id)
    try {
      const [done] = await site.texts.change({ [`rule/${id}`]: value })
      store.audit.record(deedOf(c, 'preference changed', { of: [`texts ${done!.key}`, done!.old, done!.new] }))
    } catch (error) {
      // What the page before made is a rule; anything else was not made by it.
      if (!(error instanceof WrongTexts)) throw error
      const { textRules, problems } = c.get('reader').words
      return c.html(await failed(c, site, { title: textRules.rules.title, cause: inEnglish(error.message), next: problems.noConsolePage.next }), 400) // prettier-ignore
    }
    const isOn = !was?.isOn && (await ruleNamed(id))?.isOn === true
    return c.redirect(`${textsPaths.rules}?said=${isOn ? 'ruleOn' : 'ruleSaved'}`, 303)
  })
  return app
}

/** A name that no rule has. */
function newId(what: RuleKind, rules: readonly Rule[]): string {
  const slug = slugOf(what)
  for (let n = 1; ; n++) {
    const id = n === 1 ? slug : `${slug}-${n}`
    if (!rules.some((one) => one.id === id)) return id
  }
}

function kindsCard(c: Context<ConsoleEnv>): Html {
  const { textRules, texts } = c.get('reader').words
  const { rules: words } = textRules
  return card(
    [
      html`<p class="back"><a href="${textsPaths.rules}">${words.all}</a></p>`,
      list(ruleKinds.map((kind) => html`<a href="${at}/new/${slugOf(kind)}"><strong>${texts.kinds[kind]}</strong></a>
            <br /><span class="soft">${words.kindHow[kind]}</span>`)), // prettier-ignore
    ],
    { title: words.choose },
  )
}

interface FormState { readonly rule: Rule; readonly isNew: boolean; readonly faults?: RuleFaults; readonly given?: (name: string) => string } // prettier-ignore

async function formPage(c: Context<ConsoleEnv>, parts: ConsoleParts, state: FormState): Promise<string> {
  const reader = c.get('reader')
  const { rules: words, rule: said } = reader.words.textRules
  const places = await placesOf(parts.site)
  const { rule, isNew, faults } = state
  const kind = reader.words.texts.kinds[rule.what]
  return textsFramed(c, parts, 'rules', [
    ...(faults === undefined ? [] : [notice('bad', reader.words.synchronization.nothingChanged)]),
    whyNoTypes(reader, places),
    card(
      [
        html`<p class="back"><a href="${textsPaths.rules}">${words.all}</a></p>`,
        html`<p class="soft">${words.kindHow[rule.what]}</p>`,
        form(
          `${at}/look`,
          { csrf: c.get('csrf'), what: rule.what, ...(isNew ? { isNew: 'yes' } : { rule: rule.id }) },
          [...ruleForm(reader, { ...state, places }), button(said.look, 'main')],
        ),
      ],
      { title: isNew ? said.newOf(kind) : said.titleOf(kind, rule.id) },
    ),
  ])
}

/** What a rule would do, before it is saved; the button says what it does. */
async function lookPage(c: Context<ConsoleEnv>, parts: ConsoleParts, rule: Rule, button: string): Promise<string> {
  const reader = c.get('reader')
  const { rules: words, rule: said } = reader.words.textRules
  const { title, rest } = ruleInWords(reader, rule, await placesOf(parts.site))
  parts.store.audit.noted(deedOf(c, 'viewed', { of: 'texts dry run' }))
  // As if it were on: what it would do is asked before it is.
  const changes = { [`rule/${rule.id}`]: wordsOfRule({ ...rule, isOn: true }) }
  const run = await parts.site.texts.dryRun({ changes, days: usualDays })
  const sample = await parts.site.texts.sample({ startsAt: usualStart(c.get('now'), run.zone), location: rule.location, type: rule.types[0] ?? null }, changes) // prettier-ignore
  const inside: Content[] = [
    html`<p class="back"><a href="${at}/${rule.id}">${said.titleOf(reader.words.texts.kinds[rule.what], rule.id)}</a></p>`, // prettier-ignore
    html`<p class="when">${title}</p>`,
    html`<p>${rest}</p>`,
    html`<div class="row">
      ${saveForm(c, rule, button)}
      <a class="button" href="${textsPaths.rules}">${words.all}</a>
    </div>`,
  ]
  return textsFramed(c, parts, 'rules', [
    card(inside as Content, { lead: true }),
    sampleCard(reader, sample),
    html`<h2>${reader.words.textRules.who.ofRule}</h2>`,
    ...dryRunCards(reader, run, rule.id),
  ])
}

function saveForm(c: Context<ConsoleEnv>, rule: Rule, label: string): Html {
  return form(at, { csrf: c.get('csrf'), rule: rule.id, value: wordsOfRule(rule) }, button(label, 'main'), 'wide')
}
