/**
 * The text sandbox over HTTP, on this machine only: Twilio's Messages resource for SDKs that are pointed at it, and a page
 * on which phones stand side by side, where one reads and answers.
 */
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { SandboxText, TextSandbox } from '../../bridges/texts/sandbox.ts'
import { servePageScript, pageScript } from '../browser-script.ts'
import { closeServer, listen } from '../listen.ts'
import { button, field, form, oneButton } from '../look/form.ts'
import { pageHeaders } from '../look/headers.ts'
import type { Html } from '../look/html.ts'
import { empty } from '../look/notice.ts'
import { page } from '../look/page.ts'
import { choicePath, reading, takeChoice, type Reader, type ReaderEnv } from '../look/reader.ts'
import { badge, card, list } from '../look/show.ts'
import { serveStylesheet, stylesheet } from '../look/stylesheet.ts'
import { formOf, ownFormsOnly } from '../own-forms.ts'

const messages = '/2010-04-01/Accounts/:account'
const choices = { name: 'texts-', secure: false }
/** How much of a phone's talk is shown, and how many phones. */
const shownTexts = 12
const shownPhones = 24

/** `lost` is what becomes of an answer that gets lost: by default it never comes, and the caller's own patience ends it. */
export function textSandboxApp(
  sandbox: TextSandbox,
  lost: () => Promise<Response> = () => new Promise(() => {}),
): Hono<ReaderEnv> {
  const app = new Hono<ReaderEnv>()
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  app.use(`${messages}/*`, async (c, next) => {
    if (sandbox.isDown()) return c.json({ status: 503, code: 20503, message: 'Service unavailable' }, 503)
    if (!sandbox.isAccount(c.req.header('authorization'))) return c.json({ status: 401, code: 20003, message: 'Authenticate' }, 401) // prettier-ignore
    return next()
  })
  app.post(`${messages}/Messages.json`, async (c) => {
    const fields = (await formOf(c)) ?? {}
    const answer = sandbox.create(fields as Record<string, string>)
    if (answer === 'unanswered') return lost()
    return c.json(answer.body, answer.status as 201)
  })
  app.get(`${messages}/Messages.json`, (c) => c.json(sandbox.list(c.req.query()).body))
  app.get(`${messages}/Messages/:file`, (c) => {
    const answer = sandbox.fetch(c.req.param('file').replace(/\.json$/, ''))
    return c.json(answer.body, answer.status as 200)
  })

  app.use(pageHeaders(false))
  app.use(
    async (c, next) =>
    /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(c.req.header('host') ?? '') ? next() : c.text('This is for this machine.', 421), // prettier-ignore
  )
  app.use(reading(choices))
  app.get(stylesheet.path, serveStylesheet)
  app.get(pageScript.path, servePageScript)
  app.use(ownFormsOnly(undefined, (c) => c.text('This form came from another site.', 403)))
  app.post(choicePath, takeChoice(choices))
  app.get('/', (c) => {
    const reader = c.get('reader')
    const phones = phonesOf(sandbox.texts()).slice(0, shownPhones)
    const main =
      phones.length > 0
        ? html`<div class="filters">
            ${phones.map(([phone, texts]) => phoneCard(reader, zone, { phone, texts, isBlocked: sandbox.isBlocked(phone) }))}
          </div>`
        : empty('No text yet.', 'What the portal texts appears here; nothing leaves this machine.', 'mail')
    const outage = oneButton('/outage', sandbox.isDown() ? 'End the outage' : 'Begin an outage', {})
    return c.html(page({ reader, title: 'Text sandbox', practice: 'PatientConnection', kind: 'desk' }, [html`${main}`, html`<div class="row"><a class="button" href="/">Refresh</a>${outage}</div>`])) // prettier-ignore
  })
  app.post('/outage', (c) => {
    sandbox.down(!sandbox.isDown())
    return c.redirect('/', 303)
  })
  app.post('/reply', async (c) => {
    const { phone, body } = (await formOf(c)) ?? {}
    if (typeof phone !== 'string' || typeof body !== 'string' || body.trim() === '') return c.redirect('/', 303)
    try {
      await sandbox.reply(phone, body.slice(0, 1_600))
      return c.redirect('/', 303)
    } catch (error) {
      // The portal may be stopped: whoever tries that wants to know.
      return c.text(`The portal did not take it: ${(error as Error).message}`, 502)
    }
  })
  return app
}

/** Serves it on a port of loopback; resolves with its address and what ends it. */
export async function serveTextSandbox(sandbox: TextSandbox, port: number): Promise<{ url: string; close: () => Promise<void> }> {
  const { server, url } = await listen(textSandboxApp(sandbox).fetch, { port, host: '127.0.0.1' })
  return { url, close: () => closeServer(server) }
} // prettier-ignore

/** The phones by what came or went last. */
function phonesOf(texts: readonly SandboxText[]): [string, SandboxText[]][] {
  const phones = Map.groupBy(texts, (text) => text.phone)
  return [...phones].toSorted((a, b) => b[1].at(-1)!.at - a[1].at(-1)!.at)
}

function phoneCard(reader: Reader, zone: string, { phone, texts, isBlocked }: { phone: string; texts: readonly SandboxText[]; isBlocked: boolean }): Html {
  const said = texts.slice(-shownTexts).map(({ direction, body, at, status }) =>
    html`<p class="text">${direction === 'inbound' ? '→ ' : ''}${body}</p><p class="soft">${reader.instant(at, zone)}, ${status}</p>`,
  )
  return card([
    list(said),
    form('/reply', { phone }, [field({ name: 'body', id: `body-${phone.slice(1)}`, label: 'Answer', more: { maxlength: 1_600, autocomplete: 'off' } }), button('Send')]),
  ], { title: isBlocked ? html`${phone} ${badge('bad', 'STOP')}` : phone })
} // prettier-ignore
