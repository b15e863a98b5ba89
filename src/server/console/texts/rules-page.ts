/** By which rules the portal texts the site's patients: whether it sends at all, each rule with what it is for, on or off, and what holds for all of them. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import type { Rule } from '../../../bridges/texts/rules.ts'
import { oneButton } from '../../look/form.ts'
import { nothing, type Html } from '../../look/html.ts'
import { badge, card } from '../../look/show.ts'
import { deedOf, failed, type ConsoleEnv, type ConsoleParts } from '../frame.ts'
import { textsOf } from '../synchronization/synchronization-frame.ts'
import { placesOf, ruleInWords, whyNoTypes, type Places } from './rule-in-words.ts'
import { keepTexts, settingsCards, type Refused } from './settings-cards.ts'
import { textsFramed, textsPaths } from './texts-frame.ts'

const at = textsPaths.rules

export function rulesPage(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { site, store } = parts
  const app = new Hono<ConsoleEnv>()
  app.get(at, async (c) => {
    store.audit.noted(deedOf(c, 'viewed', { of: 'texts' }))
    return c.html(await rulesPageHtml(c, parts))
  })
  app.post(at, async (c) => {
    const given = await textsOf(c)
    return keepTexts(c, parts, given, (faults) => rulesPageHtml(c, parts, { given, faults }))
  })
  app.post(`${at}/sending`, async (c) => {
    const value = (await textsOf(c))('value') === 'on' ? 'on' : 'off'
    return done(c, { sending: value }, value === 'on' ? 'sendingOn' : 'sendingOff')
  })
  app.post(`${at}/rules/off`, (c) => switched(c, 'off'))
  app.post(`${at}/rules/remove`, async (c) => {
    const rule = await ruleOf(c)
    return rule ? done(c, { [`rule/${rule.id}`]: 'none' }, 'ruleRemoved') : unknown(c)
  })
  const ruleOf = async (c: Context<ConsoleEnv>): Promise<Rule | undefined> => {
    const id = (await textsOf(c))('rule')
    return (await site.texts.rules()).find((one) => one.id === id)
  }
  const switched = async (c: Context<ConsoleEnv>, to: 'off'): Promise<Response> => {
    const rule = await ruleOf(c)
    if (!rule) return unknown(c)
    const words = (await site.texts.get())[`rule/${rule.id}`]!.replace(/^off /, '')
    return done(c, { [`rule/${rule.id}`]: `${to} ${words}` }, 'ruleOff')
  }
  const done = async (c: Context<ConsoleEnv>, values: Record<string, string>, said: string): Promise<Response> => {
    for (const one of await site.texts.change(values))
      store.audit.record(deedOf(c, 'preference changed', { of: [`texts ${one.key}`, one.old, one.new] }))
    return c.redirect(`${at}?said=${said}`, 303)
  }
  const unknown = async (c: Context<ConsoleEnv>): Promise<Response> => c.html(await failed(c, site, c.get('reader').words.problems.noConsolePage), 404) // prettier-ignore
  return app
}

async function rulesPageHtml(c: Context<ConsoleEnv>, parts: ConsoleParts, refused?: Refused): Promise<string> {
  const { site } = parts
  const { rules: words } = c.get('reader').words.textRules
  const [held, rules, places] = [await site.texts.get(), await site.texts.rules(), await placesOf(site)]
  return textsFramed(c, parts, 'rules', [
    html`<p class="soft">${words.how}</p>`,
    sendingCard(c, held['sending'] === 'on'),
    html`<h2>${words.title}</h2>`,
    whyNoTypes(c.get('reader'), places),
    ...rules.map((rule) => ruleCard(c, rule, places)),
    html`<p><a class="button main" href="${at}/rules/new">${words.add}</a></p>`,
    ...settingsCards(c, held, places, refused),
  ])
}

function sendingCard(c: Context<ConsoleEnv>, isOn: boolean): Html {
  const { rules: words } = c.get('reader').words.textRules
  const csrf = c.get('csrf')
  return card(
    html`<div class="row apart">
      <p class="when" role="status">${isOn ? words.sendingOn : words.sendingOff}</p>
      ${isOn ? oneButton(`${at}/sending`, words.turnSendingOff, { csrf, value: 'off' }, 'danger') : oneButton(`${at}/sending`, words.turnSendingOn, { csrf, value: 'on' }, 'main')}
    </div>`,
    { lead: true, eyebrow: words.sending },
  )
}

function ruleCard(c: Context<ConsoleEnv>, rule: Rule, places: Places): Html {
  const reader = c.get('reader')
  const { rules: words, words: said } = reader.words.textRules
  const csrf = c.get('csrf')
  const { title, rest } = ruleInWords(reader, rule, places)
  const named = (what: string): string => words.doOf(what, rule.id)
  return card(
    [
      html`<p>${rule.isOn ? badge('good', words.on) : badge('plain', words.off)} <span class="soft">${rule.id}</span></p>`, // prettier-ignore
      rest === '' ? nothing : html`<p>${rest}</p>`,
      html`<div class="row">
        <a class="button" href="${at}/rules/${rule.id}" aria-label="${named(words.change)}">${words.change}</a>
        ${rule.isOn ? switchOff(c, rule) : html`<a class="button" href="${at}/rules/${rule.id}/on" aria-label="${named(words.turnOn)}">${words.turnOn}</a>`}
        ${(['en', 'es'] as const).map((language) => html`<a class="button" href="${textsPaths.words}/${rule.what.replaceAll(' ', '-')}/${language}/${rule.id}" aria-label="${named(`${words.own}, ${said.languages[language]}`)}">${words.own}: ${said.languages[language]}</a>`)}
        <form method="post" action="${at}/rules/remove">
          <input type="hidden" name="csrf" value="${csrf}" /><input type="hidden" name="rule" value="${rule.id}" />
          <button class="danger" aria-label="${named(words.remove)}">${words.remove}</button>
        </form>
      </div>`, // prettier-ignore
    ],
    { title, key: `rule-${rule.id}` },
  )
}

function switchOff(c: Context<ConsoleEnv>, { id }: Rule): Html {
  const { rules: words } = c.get('reader').words.textRules
  return html`<form method="post" action="${at}/rules/off">
    <input type="hidden" name="csrf" value="${c.get('csrf')}" /><input type="hidden" name="rule" value="${id}" />
    <button aria-label="${words.doOf(words.turnOff, id)}">${words.turnOff}</button>
  </form>`
}
