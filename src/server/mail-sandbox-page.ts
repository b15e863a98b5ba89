/** The page of the demo's mail sandbox: what was mailed, the newest first. On this machine only. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { MailSandbox } from '../bridges/email/sandbox.ts'
import type { Clock } from '../replica/clock.ts'
import { closeServer, listen } from './listen.ts'
import { pageHeaders } from './look/headers.ts'
import { empty } from './look/notice.ts'
import { page } from './look/page.ts'
import { choicePath, reading, takeChoice, type ReaderEnv } from './look/reader.ts'
import { card } from './look/show.ts'
import { serveStylesheet, stylesheet } from './look/stylesheet.ts'
import { servePageScript, pageScript } from './browser-script.ts'
import { ownFormsOnly } from './own-forms.ts'

/** Serves the page; resolves with its address and what ends it. */
export async function serveMailSandbox(sandbox: MailSandbox, port: number, clock: Clock): Promise<{ url: string; close: () => Promise<void> }> {
  const app = new Hono<ReaderEnv>()
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  app.use(pageHeaders(false))
  app.use(async (c, next) =>
    /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(c.req.header('host') ?? '') ? next() : c.text('This is for this machine.', 421),
  )
  app.use(reading({ name: 'mail-', secure: false }))
  app.get(stylesheet.path, serveStylesheet)
  app.get(pageScript.path, servePageScript)
  app.use(ownFormsOnly(undefined, (c) => c.text('This form came from another site.', 403)))
  app.post(choicePath, takeChoice({ name: 'mail-', secure: false }))
  app.get('/', (c) => {
    const reader = c.get('reader')
    const mails = sandbox.mails()
    const shown = mails.map(({ at, to, from, subject, text }) =>
      card(html`<p class="soft">${from} → ${to}, ${reader.instant(at, zone)}</p><p class="text">${text}</p>`, { title: subject }),
    )
    const main = shown.length > 0 ? shown : empty('No mail yet.', `What the portal mails appears here; nothing leaves this machine. Since ${reader.instant(clock.now(), zone)}.`, 'mail')
    return c.html(page({ reader, title: 'Mail sandbox', practice: 'PatientConnection' }, main))
  })
  const { server, url } = await listen(app.fetch, { port, host: '127.0.0.1' })
  return { url, close: () => closeServer(server) }
} // prettier-ignore
