/** Through which proxy the site reaches the portal. The password is kept sealed and never shown again. */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import type { PreferenceKey } from '../../../mirror/preferences.ts'
import { area, button, choices, field, form, oneButton } from '../../look/form.ts'
import { nothing, type Html } from '../../look/html.ts'
import { card } from '../../look/show.ts'
import { deedOf, type ConsoleEnv, type ConsoleParts } from '../frame.ts'
import { mayUse } from '../privileges.ts'
import { refusedNotice, saved, synchronizationFramed, textsOf, type Faults } from './synchronization-frame.ts'

type Texts = Readonly<Partial<Record<PreferenceKey, string>>>
const kinds = ['environment', 'none', 'named'] as const

export function proxyPage(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { site, store } = parts
  const app = new Hono<ConsoleEnv>()
  const pageHtml = (c: Context<ConsoleEnv>, texts: Texts, faults: Faults = {}): Promise<string> => {
    const { proxy } = c.get('reader').words.synchronization
    const csrf = c.get('csrf')
    return synchronizationFramed(c, parts, 'proxy', [
      refusedNotice(c, faults) as Html,
      html`<p class="soft">${proxy.how}</p>`,
      card(proxyForm(c, texts, faults, site.preferences.get()['proxy.password'] !== '')),
      mayUse(c.get('staff'), 'POST /test-connection')
        ? card([html`<p class="soft">${proxy.testHow}</p>`, oneButton('/test-connection', proxy.test, { csrf }, 'main')], { title: proxy.test }) // prettier-ignore
        : nothing,
    ])
  }

  app.get('/synchronization/proxy', (c) => {
    store.audit.noted(deedOf(c, 'viewed', { of: 'proxy' }))
    return c.html(pageHtml(c, site.preferences.get()))
  })
  app.post('/synchronization/proxy', async (c) => {
    const given = await textsOf(c)
    const kind = kinds.find((one) => one === given('kind'))
    const password = given('password')
    const removes = given('password remove') === 'yes'
    const texts: Texts = {
      'proxy.address': kind === 'named' ? given('address').trim() : (kind ?? ''),
      'proxy.user': given('user'),
      'proxy.bypass': given('bypass').trim() || 'none',
      // A browser sends the ends of lines as a form does.
      'proxy.ca': given('ca').replaceAll('\r\n', '\n').trim(),
    }
    const all = removes ? { ...texts, 'proxy.password': '' } : password === '' ? texts : { ...texts, 'proxy.password': password } // prettier-ignore
    return saved(c, parts, all, 'proxy', (faults) => pageHtml(c, texts, faults))
  })
  return app
}

function proxyForm(c: Context<ConsoleEnv>, texts: Texts, faults: Faults, hasPassword: boolean): Html {
  const { words } = c.get('reader')
  const { proxy, save } = words.synchronization
  const optional = words.frame.optional
  const address = texts['proxy.address'] ?? ''
  const isNamed = address !== 'environment' && address !== 'none'
  const bypass = texts['proxy.bypass'] ?? ''
  return form('/synchronization/proxy', { csrf: c.get('csrf') }, [
    choices(
      { name: 'kind', label: proxy.address, value: isNamed ? 'named' : address },
      kinds.map((value) => ({ value, label: proxy.kinds[value] })),
    ),
    html`<div class="narrow">
      ${field({ name: 'address', label: proxy.at, hint: proxy.atHint, value: isNamed ? address : '', fault: faults['proxy.address'], optional, more: { inputmode: 'url', autocomplete: 'off', maxlength: 300 } })}
      ${field({ name: 'user', label: proxy.user, value: texts['proxy.user'], fault: faults['proxy.user'], optional, more: { autocomplete: 'off', maxlength: 200 } })}
      ${field({ name: 'password', label: proxy.password, hint: hasPassword ? proxy.passwordSet : proxy.passwordNone, fault: faults['proxy.password'], optional, more: { type: 'password', autocomplete: 'new-password', maxlength: 500 } })}
      ${hasPassword ? html`<label class="choice"><input type="checkbox" name="password remove" value="yes" />${proxy.removePassword}</label>` : nothing}
      ${field({ name: 'bypass', label: proxy.bypass, hint: proxy.bypassHint, value: /^none$/i.test(bypass) ? '' : bypass, fault: faults['proxy.bypass'], optional, more: { autocomplete: 'off' } })}
    </div>`,
    area({ name: 'ca', label: proxy.ca, hint: proxy.caHint, value: texts['proxy.ca'], fault: faults['proxy.ca'], optional, more: { spellcheck: 'false', rows: 5 } }), // prettier-ignore
    button(save, 'main'),
  ])
}
