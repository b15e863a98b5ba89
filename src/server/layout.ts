/** The shell of every page of the portal and of the console, its stylesheet, and the headers that go with them. No script, no inline style. */
import type { MiddlewareHandler } from 'hono'
import { html } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import { Temporal } from 'temporal-polyfill'

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>

export interface PageOptions {
  readonly title: string
  readonly practice: string
  readonly phone?: string | null
  readonly links?: readonly { readonly href: string; readonly text: string; readonly here?: boolean }[]
  /** The token of the forms on this page; where there is one, somebody is signed in. */
  readonly csrf?: string | undefined
  readonly notice?: string | undefined
  /** Whose record can be shown, where there is more than one. */
  readonly family?: readonly { readonly value: string; readonly label: string; readonly here: boolean }[]
}

export function page(options: PageOptions, main: Html | readonly Html[]): Html {
  const { title, practice, phone, links = [], csrf, notice, family = [] } = options
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · ${practice}</title>
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <a class="skip" href="#main">Skip to content</a>
        <header>
          <div class="bar">
            <strong>${practice}</strong>
            ${phone ? html`<a href="tel:${phone.replaceAll(/[^+\d]/g, '')}">${phone}</a>` : ''}
          </div>
          ${
            links.length > 0 || csrf
              ? html`<nav aria-label="Main">
                  ${links.map((link) => html`<a href="${link.href}" ${link.here ? html`aria-current="page"` : ''}>${link.text}</a>`)}
                  ${csrf ? html`<form method="post" action="/sign-out"><input type="hidden" name="csrf" value="${csrf}" /><button class="plain">Sign out</button></form>` : ''}
                </nav>`
              : ''
          }
          ${
            family.length > 1 && csrf
              ? html`<form method="post" action="/viewing" class="bar family">
                  <input type="hidden" name="csrf" value="${csrf}" />
                  <label for="viewing">Viewing</label>
                  <select id="viewing" name="viewing">
                    ${family.map((one) => html`<option value="${one.value}" ${one.here ? 'selected' : ''}>${one.label}</option>`)}
                  </select>
                  <button>Show</button>
                </form>`
              : ''
          }
        </header>
        <main id="main" tabindex="-1">
          <h1>${title}</h1>
          ${notice ? html`<p class="notice" role="status">${notice}</p>` : ''} ${main}
        </main>
      </body>
    </html>`
}

/** A form of one button, with what it needs hidden in it. */
export function button(
  action: string,
  label: string,
  hidden: Readonly<Record<string, string>>,
  more: Html | '' = '',
  kind = '',
): Html {
  return html`<form method="post" action="${action}" class="inline">
    ${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    ${more}
    <button class="${kind}">${label}</button>
  </form>`
}

/** `Tuesday, March 3, 9:00 AM` from a wall clock. */
export function wallText(wall: string): string {
  const date = Temporal.PlainDateTime.from(wall)
  return date.toLocaleString('en-US', {
    weekday: 'long',
    month: 'long',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
  })
}

/** `March 3, 2026` from a date `YYYY-MM-DD`. */
export function dayText(date: string): string {
  return Temporal.PlainDate.from(date).toLocaleString('en-US', { dateStyle: 'long' })
}

/** The same of an instant in a zone. */
export function instantText(at: number, zone: string): string {
  return new Date(at).toLocaleString('en-US', {
    timeZone: zone,
    weekday: 'long',
    month: 'long',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
  })
}

/** What is wrong with what was sent, read out at once; nothing where nothing is. */
export function faultText(fault: string | undefined): Html {
  return fault === undefined ? html`` : html`<p class="notice error" role="alert">${fault}</p>`
}

/** What every answer carries (OWASP secure headers; no PHI in caches). */
export function pageHeaders(secure: boolean): MiddlewareHandler {
  return async (c, next) => {
    await next()
    c.header(
      'Content-Security-Policy',
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    )
    c.header('X-Content-Type-Options', 'nosniff')
    // same-origin, not no-referrer: that one makes browsers send `Origin: null` with our own forms.
    c.header('Referrer-Policy', 'same-origin')
    c.header('Cache-Control', c.req.path === '/style.css' ? 'public, max-age=3600' : 'no-store')
    if (secure) c.header('Strict-Transport-Security', 'max-age=31536000')
  }
}

export const stylesheet = `
:root { color-scheme: light dark; --ink: #17212b; --soft: #4a5866; --paper: #f6f7f8; --card: #fff; --line: #d5dbe0; --act: #0b5c66; --act-ink: #fff; --good: #17633a; --warn: #8a4b00; }
@media (prefers-color-scheme: dark) { :root { --ink: #eef2f5; --soft: #b4c0ca; --paper: #12181d; --card: #1c242b; --line: #3a4650; --act: #7fd3de; --act-ink: #06262b; --good: #8fd9ac; --warn: #f2b872; } }
* { box-sizing: border-box } html { font: 100%/1.55 system-ui, sans-serif; background: var(--paper); color: var(--ink) } body { margin: 0 }
h1, h2, p, li { overflow-wrap: anywhere } header { background: var(--card); border-bottom: 1px solid var(--line) } .bar, nav, main { max-width: 46rem; margin: 0 auto; padding: .75rem 1rem }
.bar { display: flex; flex-wrap: wrap; gap: .25rem 1rem; justify-content: space-between; align-items: center } nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; padding-top: 0 }
a { color: var(--act); } nav a, .bar a { display: inline-flex; align-items: center; min-height: 44px } nav a[aria-current] { color: var(--ink); font-weight: 600; text-decoration: none; border-bottom: 3px solid var(--act) } nav form { margin-left: auto } .family { justify-content: start; padding-top: 0 } .family label { margin: 0 } .family select#viewing { flex: 1 1 8rem; width: auto; min-width: 0; max-width: 20rem } .family button { margin: 0 }
fieldset { min-width: 0; border: 1px solid var(--line); border-radius: 8px; margin: .75rem 0; padding: .5rem .75rem } legend { font-weight: 600 } .choice { display: flex; gap: .6rem; align-items: center; min-height: 44px; font-weight: 400; margin: 0 } .choice input[type=radio] { width: 1.4rem; height: 1.4rem; min-height: 0; flex: none; margin: 0 }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .75rem 0 1rem } h2 { font-size: 1.15rem; margin: 0 0 .5rem } p { margin: .4rem 0 }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1rem 1.1rem; margin: 0 0 1rem } .when { font-size: 1.25rem; font-weight: 600 } .soft { color: var(--soft) } .good { color: var(--good); font-weight: 600 }
.notice { background: var(--card); border-left: 5px solid var(--act); padding: .75rem 1rem; border-radius: 6px } .error { border-left-color: var(--warn) } .error, .fault { color: var(--warn) }
label { display: block; font-weight: 600; margin: .75rem 0 .25rem } input:not([type=hidden]), textarea, select { width: 100%; font: inherit; padding: .6rem .7rem; border: 1px solid var(--soft); border-radius: 8px; background: var(--card); color: var(--ink); min-height: 44px } textarea { min-height: 7rem }
button { font: inherit; font-weight: 600; min-height: 44px; padding: .55rem 1.2rem; border-radius: 8px; border: 2px solid var(--act); background: transparent; color: var(--act); cursor: pointer; margin: .6rem 0 .2rem } button.main { background: var(--act); color: var(--act-ink) } button.plain { border: 0; padding: 0 .25rem; margin: 0; text-decoration: underline; font-weight: 400 }
.actions { display: flex; flex-wrap: wrap; gap: 0 .75rem; align-items: end } .inline { display: inline } :focus-visible { outline: 3px solid var(--act); outline-offset: 2px } .skip { position: absolute; left: -999px } .skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem 1rem }
ol, ul { padding-left: 1.3rem } li { margin: .3rem 0 } .mine { margin-left: 8% } .them { margin-right: 8% } .text { white-space: pre-wrap; overflow-wrap: anywhere } details summary { min-height: 44px; padding: .6rem 0; color: var(--act); cursor: pointer }
table { width: 100%; border-collapse: collapse } th, td { text-align: left; padding: .5rem .6rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top } .scroll { overflow-x: auto }
`
