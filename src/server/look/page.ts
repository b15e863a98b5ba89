/** The frame of every page: the practice's name and phone in the same place (WCAG 3.2.6), the menu, whose record it is, language and appearance. */
import { html } from 'hono/html'
import { pageScript } from '../browser-script.ts'
import { languages, nameOfLanguage } from '../words/language.ts'
import { icon, type Icon } from './icon.ts'
import { attributes, nothing, type Content, type Html } from './html.ts'
import { notice } from './notice.ts'
import { choicePath, type Reader } from './reader.ts'
import { stylesheet } from './stylesheet.ts'

export interface Link {
  readonly href: string
  readonly text: string
  readonly here?: boolean
  /** Stands above its text on a phone. */
  readonly picture?: Icon
  /** How many wait there; 0 is not shown. */
  readonly count?: number
}
export interface Frame {
  readonly reader: Reader
  /** Stands in the window and as the heading. */
  readonly title: string
  readonly practice: string
  readonly phone?: string | null
  /** Whom to call, where the sites have different telephones. */
  readonly offices?: readonly { readonly name: string; readonly phone: string }[]
  readonly links?: readonly Link[]
  /** The token of the forms on this page; where there is one, somebody is signed in. */
  readonly csrf?: string | undefined
  /** Where the form that signs out goes, and where a problem leads back to; by default those of patients and staff. */
  readonly signOutAt?: string
  readonly home?: string
  /** What the last form did. */
  readonly notice?: string | undefined
  /** Whose record can be shown, where there is more than one. */
  readonly family?: readonly { readonly value: string; readonly label: string; readonly here: boolean }[]
  /** The page that this one is a part of. */
  readonly back?: Pick<Link, 'href' | 'text'>
  /** The live view that says when this page is out of date (`home` for `/live/home`), and the digest of what it shows now. */
  readonly live?: { readonly name: string; readonly digest: string } | undefined
  /** When the session of who reads it ends: in so many seconds, with a warning so many before, and in words. */
  readonly ends?: { readonly seconds: number; readonly warnSeconds: number; readonly at: string }
  /** How the site is, under the bar of each page of a front desk. */
  readonly strip?: Html
  /** For a patient (default) or for a front desk, which has the menu at the side where there is room. */
  readonly kind?: 'patient' | 'desk'
}

/** A whole page, as a plain string: an object, even one of String, would go out as a stream, which costs more. */
export async function page(frame: Frame, main: Content): Promise<string> {
  return String(await wholeOf(frame, main))
}

function wholeOf(frame: Frame, main: Content): Html {
  const { reader, title, practice, links = [], csrf, kind = 'patient', offices = [] } = frame
  const { words, language, theme } = reader
  return html`<!doctype html>
    <html lang="${language}" ${theme ? html`data-theme="${theme}"` : nothing}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · ${practice}</title>
        <link rel="stylesheet" href="${stylesheet.path}" />
        <script src="${pageScript.path}" defer></script>
      </head>
      <body class="${kind} ${links.length > 0 ? '' : 'bare'}">
        <a class="skip" href="#main">${words.frame.skip}</a>
        <header class="head">
          <div class="bar">
            <p class="practice">
              <span class="mark" aria-hidden="true">${practice.trim().charAt(0)}</span><strong>${practice}</strong>
            </p>
            ${links.length === 0 || kind === 'desk' ? languageSwitch(reader) : nothing}
            <div class="reach">
              ${frame.phone ? phoneLink(reader, frame.phone) : nothing}
              ${csrf ? signOut(reader, csrf, frame.signOutAt) : nothing}
            </div>
          </div>
          ${
            offices.length > 0
              ? html`<ul class="bar offices">
                  ${offices.map(({ name, phone }) => html`<li>${name}: ${phoneLink(reader, phone)}</li>`)}
                </ul>`
              : nothing
          }
          ${frame.strip ?? nothing} ${kind === 'patient' ? menu(reader, links) : nothing} ${familySwitch(frame)}
        </header>
        ${kind === 'desk' ? menu(reader, links) : nothing}
        <main
          id="main"
          tabindex="-1"
          ${frame.live ? attributes({ 'data-live': frame.live.name, 'data-digest': frame.live.digest }) : nothing}
        >
          ${frame.back ? html`<p class="back"><a href="${frame.back.href}">${icon('back')} ${frame.back.text}</a></p>` : nothing}
          <h1>${title}</h1>
          ${endsSoon(frame)} ${frame.live ? offline(reader) : nothing}
          ${frame.notice ? notice('good', frame.notice) : nothing} ${main}
        </main>
        <footer class="foot">
          <div class="row">
            ${kind === 'patient' ? html`<p>${words.frame.emergency}</p>` : nothing} ${themeSwitch(reader)}
            ${links.length > 0 && kind === 'patient' ? languageSwitch(reader) : nothing}
            ${frame.ends ? html`<p>${words.account.ends.at(frame.ends.at)}</p>` : nothing}
          </div>
        </footer>
        <p class="unseen" role="status" id="says"></p>
      </body>
    </html>`
}

export function phoneLink({ words }: Reader, phone: string): Html {
  return html`<a class="phone" href="tel:${phone.replaceAll(/[^+\d]/g, '')}"
    >${icon('phone')}<span class="unseen">${words.frame.callOffice}: </span>${phone}</a
  >`
}

function menu({ words }: Reader, links: readonly Link[]): Html {
  if (links.length === 0) return nothing
  return html`<nav class="menu" aria-label="${words.frame.mainMenu}">
    <ul>
      ${links.map(
        ({ href, text, here, picture, count = 0 }) =>
          html`<li>
            <a href="${href}" ${here ? html`aria-current="page"` : nothing}
              >${picture ? icon(picture) : nothing}<span>${text}</span>${count > 0 ? html` <span class="count">${count}</span>` : nothing}</a
            >
          </li>`,
      )}
    </ul>
  </nav>`
}

/** The other languages, each in its own words. */
function languageSwitch({ words, language, path }: Reader): Html {
  return html`<form method="post" action="${choicePath}" class="choices" aria-label="${words.frame.readIn}">
    <input type="hidden" name="back" value="${path}" />
    ${languages.filter((one) => one !== language).map((one) => html`<button class="plain" name="language" value="${one}" lang="${one}">${nameOfLanguage[one]}</button>`)}
  </form>`
}

function themeSwitch({ words, theme, path }: Reader): Html {
  return html`<form method="post" action="${choicePath}" class="choices" aria-label="${words.frame.appearance}">
    <input type="hidden" name="back" value="${path}" />
    <span>${words.frame.appearance}</span>
    ${(['auto', 'light', 'dark'] as const).map((one) => html`<button class="plain" name="theme" value="${one}" aria-pressed="${String(one === (theme ?? 'auto'))}">${words.frame.themes[one]}</button>`)}
  </form>`
}

/** Shown by the script shortly before the end; without scripts the foot of the page says when. */
function endsSoon({ reader, ends }: Frame): Html {
  if (!ends) return nothing
  const { soon, stay } = reader.words.account.ends
  return html`<div
    class="ends notice warn"
    role="alert"
    data-ends-in="${ends.seconds}"
    data-warn-before="${ends.warnSeconds}"
    hidden
  >
    <div>
      <p>${soon}</p>
      <p><button type="button">${stay}</button></p>
    </div>
  </div>`
}

/** Shown by the script while there is no connection. */
function offline({ words }: Reader): Html {
  return html`<p class="offline notice warn" role="status" data-offline hidden>${words.frame.youAreOffline}</p>`
}

function signOut({ words }: Reader, csrf: string, at = '/sign-out'): Html {
  return html`<form method="post" action="${at}">
    <input type="hidden" name="csrf" value="${csrf}" /><button class="plain">${words.frame.signOut}</button>
  </form>`
}

/** Whose record the pages show: always visible where there is more than one. */
function familySwitch({ reader, csrf, family = [] }: Frame): Html {
  if (family.length < 2 || !csrf) return nothing
  return html`<form method="post" action="/viewing" class="family">
    <input type="hidden" name="csrf" value="${csrf}" />
    <label for="viewing">${reader.words.frame.viewing}</label>
    <select id="viewing" name="viewing">
      ${family.map((one) => html`<option ${attributes({ value: one.value, selected: one.here })}>${one.label}</option>`)}
    </select>
    <button>${reader.words.frame.show}</button>
  </form>`
}
