/** By which rules the portal texts the site's patients: one form for each thing that can be set, and one for a new rule. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import { button, field, form } from '../../look/form.ts'
import { inEnglish, type Html } from '../../look/html.ts'
import { notice } from '../../look/notice.ts'
import { card } from '../../look/show.ts'
import { deedOf, type ConsoleEnv, type ConsoleParts } from '../frame.ts'
import { synchronizationFramed, textsOf } from './synchronization-frame.ts'

export function textsPage(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { site, store } = parts
  const app = new Hono<ConsoleEnv>()
  const pageHtml = async (c: Context<ConsoleEnv>, fault?: string): Promise<string> => {
    const { settings } = c.get('reader').words.texts
    const held = await site.texts.get()
    const [rules, others] = [Object.keys(held).filter(isRule), Object.keys(held).filter((key) => !isRule(key))]
    return synchronizationFramed(c, parts, 'texts', [
      html`<p class="soft">${settings.how}</p>`,
      // What the engine says of a wrong value is in English.
      ...(fault === undefined ? [] : [notice('bad', inEnglish(fault))]),
      card(html`<div class="filters">${others.map((key) => settingForm(c, key, held[key]!))}</div>`),
      card([html`<p class="soft">${settings.rulesHow}</p>`, ...rules.map((key) => settingForm(c, key, held[key]!))], { title: settings.rules }), // prettier-ignore
      card(newRule(c), { title: settings.newRule }),
    ])
  }
  app.get('/synchronization/texts', async (c) => {
    store.audit.noted(deedOf(c, 'viewed', { of: 'texts' }))
    return c.html(await pageHtml(c))
  })
  app.post('/synchronization/texts', async (c) => {
    const given = await textsOf(c)
    const name = given('name').trim()
    const key = name === '' ? given('key') : `rule/${name}`
    try {
      const done = await site.texts.set(key, given('value'))
      if (done.old === done.new) return c.redirect('/synchronization/texts?said=same', 303)
      store.audit.record(deedOf(c, 'preference changed', { of: [`texts ${done.key}`, done.old, done.new] }))
      return c.redirect('/synchronization/texts?said=saved', 303)
    } catch (error) {
      return c.html(await pageHtml(c, (error as Error).message), 400)
    }
  })
  return app
}

const isRule = (key: string): boolean => key.startsWith('rule/')

function settingForm(c: Context<ConsoleEnv>, key: string, value: string): Html {
  const { words } = c.get('reader')
  const { settings } = words.texts
  const [kind, of = ''] = key.split('/')
  const label = Object.hasOwn(settings.names, key) ? settings.names[key as 'window'] : kind === 'rule' ? settings.ruleNamed(of) : kind === 'window' ? settings.windowOf(of) : settings.excludedOf(of) // prettier-ignore
  return form('/synchronization/texts', { csrf: c.get('csrf'), key }, [
    field({ name: 'value', id: `value-${key.replaceAll(/\W/g, '-')}`, label, value, optional: words.frame.optional, more: { maxlength: 120, autocomplete: 'off' } }), // prettier-ignore
    button(words.synchronization.save),
  ])
}

function newRule(c: Context<ConsoleEnv>): Html {
  const { settings } = c.get('reader').words.texts
  return form('/synchronization/texts', { csrf: c.get('csrf') }, [
    field({ name: 'name', label: settings.ruleName, hint: settings.ruleNameHint, more: { maxlength: 30, pattern: '[a-z0-9-]+', autocomplete: 'off' } }), // prettier-ignore
    field({ name: 'value', label: settings.ruleWords, hint: settings.ruleWordsHint, more: { maxlength: 120, autocomplete: 'off' } }), // prettier-ignore
    button(settings.add, 'main'),
  ])
}
