/** Settings: one page from which all is reached that is the patient's own to set: contact, language, sign-in, people with access. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { ControlStore } from '../control-store-sqlite.ts'
import { attributes, type Html } from '../look/html.ts'
import { icon, type Icon } from '../look/icon.ts'
import { page } from '../look/page.ts'
import { choicePath } from '../look/reader.ts'
import { card } from '../look/show.ts'
import { languages, nameOfLanguage } from '../words/language.ts'
import { frameOf } from './frame.ts'
import { may, needs } from './needs.ts'
import type { PortalEnv } from './viewer.ts'

export function settingsPage({ store }: { store: ControlStore }): Hono<PortalEnv> {
  const app = new Hono<PortalEnv>()
  app.get('/settings', async (c) => {
    const viewer = c.get('viewer')
    const { words, language } = c.get('reader')
    const { settings, menu } = words.patient
    const frame = await frameOf(c, menu.settings, '/settings')
    const sessions = store.sessions.of(viewer.account).length
    const lines: readonly { href: string; picture: Icon; title: string; about: string }[] = [
      { href: '/contact', picture: 'phone', title: words.patient.contact.title, about: settings.contact },
      { href: '/account', picture: 'key', title: words.account.title, about: settings.account(sessions) },
      { href: '/people', picture: 'people', title: words.account.people.title, about: settings.people },
    ]
    return c.html(
      page(frame, [
        html`<ul class="doors">
          ${lines.filter(({ href }) => may(viewer, needs[`GET ${href}`])).map(door)}
        </ul>`,
        card(
          html`<form method="post" action="${choicePath}" class="row">
            <input type="hidden" name="back" value="/settings" />
            ${languages.map((one) => html`<button ${attributes({ name: 'language', value: one, lang: one, 'aria-pressed': String(one === language) })}>${nameOfLanguage[one]}</button>`)}
          </form>`,
          { title: words.frame.readIn },
        ),
      ]),
    )
  })
  return app
}

function door(line: { href: string; picture: Icon; title: string; about: string }): Html {
  return html`<li>
    <a href="${line.href}"
      >${icon(line.picture)}
      <span><strong>${line.title}</strong><span class="soft small">${line.about}</span></span> ${icon('forward')}</a
    >
  </li>`
}
