/**
 * What the links of mails open: a page with one button each, to confirm an appointment, to pay what the office asks for, and
 * to get no more mails. Opening it
 * does nothing, since programs that look at mails open links; who sends its form has the link, and needs no session.
 */
import { Hono, type Context } from 'hono'
import { html } from 'hono/html'
import { bodyLimit } from 'hono/body-limit'
import { isOurLink, linkPurposes, type LinkOf, type LinkPurpose } from '../../bridges/email/links.ts'
import { optedOut } from '../../bridges/texts/consent.ts'
import type { Cashier } from '../../bridges/payments/cashier.ts'
import type { Clock } from '../../replica/clock.ts'
import { foldCommunications, type OutMessage } from '../../replica/kinds/communications.ts'
import { answerFor, foldConfirmations } from '../../replica/kinds/confirmations.ts'
import type { EventFields } from '../../replica/kinds/fields.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Replica } from '../../replica/replica-face.ts'
import { payLinkPages } from './pay-link.ts'
import type { AuditTrail } from '../audit-sqlite.ts'
import { servePageScript, pageScript } from '../browser-script.ts'
import { failureOf } from '../failure.ts'
import { button, form } from '../look/form.ts'
import { pageHeaders } from '../look/headers.ts'
import { notice } from '../look/notice.ts'
import { page } from '../look/page.ts'
import { problemPage } from '../look/problem-page.ts'
import { choicePath, reading, takeChoice, type ReaderEnv } from '../look/reader.ts'
import { card } from '../look/show.ts'
import { serveStylesheet, stylesheet } from '../look/stylesheet.ts'

interface EmailLinks {
  readonly practice: (id: string) => { readonly replica: Replica; readonly hmacKey: Uint8Array } | undefined
  /** How pages name a practice. */
  readonly nameOf: (practice: string) => Promise<{ readonly practice: string | null; readonly phone: string | null }>
  /** Of a portal that takes payments: where a link to pay goes on. */
  readonly pay?:
    { readonly cashier: Cashier; readonly origin: () => string; readonly audit: Pick<AuditTrail, 'record'> } | undefined
  readonly secure: boolean
  readonly clock: Clock
  readonly log: (line: string) => void
}
/** What a link of a mail that was sent is for; one to pay is about its request. */
type MailPurpose = Exclude<LinkPurpose, 'pay'>
interface Found { readonly of: LinkOf; readonly purpose: MailPurpose; readonly replica: Replica; readonly message: OutMessage } // prettier-ignore

export function emailLinksApp(options: EmailLinks): Hono<ReaderEnv> {
  const { clock, log } = options
  const app = new Hono<ReaderEnv>()
  app.onError((error, c) => {
    log(failureOf(error, c))
    return c.text('This did not work. Try again.', 500)
  })
  app.use(pageHeaders(options.secure))
  app.use(bodyLimit({ maxSize: 8 * 1024, onError: (c) => c.text('Too long.', 413) }))
  app.use(reading({ secure: options.secure }))
  app.get(stylesheet.path, serveStylesheet)
  app.get(pageScript.path, servePageScript)
  app.post(choicePath, takeChoice({ secure: options.secure }))

  /** What a link is about; undefined where it was not made here, or its mail is not here. */
  const find = async (c: Context<ReaderEnv>): Promise<Found | undefined> => {
    const {
      practice = '',
      purpose = '',
      patient = '',
      message = '',
      mac = '',
    } = c.req.param() as Record<string, string>
    const kept = options.practice(practice)
    const known = linkPurposes.find((one): one is MailPurpose => one === purpose && one !== 'pay')
    const of = { practice, patient, message }
    if (!kept || !known || !isOurLink(kept.hmacKey, known, of, mac)) return undefined
    const { out } = foldCommunications(await kept.replica.entries('communications', patient))
    const found = out.find((one) => one.id === message && one.kind === 'email')
    return found && { of, purpose: known, replica: kept.replica, message: found }
  }
  const frameOf = async (c: Context<ReaderEnv>, practice?: string) => {
    const reader = c.get('reader')
    const front = practice === undefined ? undefined : await options.nameOf(practice)
    return { reader, practice: front?.practice ?? reader.words.frame.portal, phone: front?.phone ?? null }
  }
  const unknown = async (c: Context<ReaderEnv>): Promise<Response> => c.html(await problemPage(await frameOf(c), c.get('reader').words.emails.unknown), 404) // prettier-ignore
  /** Whether the event still stands as the mail told it. */
  const isCurrent = async ({ replica, message, of }: Found): Promise<boolean> => {
    const head = message.event === undefined ? undefined : await replica.head('events', message.event)
    const fields = (head && (await replica.record('events', head.key)))?.fields as Partial<EventFields> | undefined
    return head?.facts.patient === of.patient && fields?.startsAt === message.startsAt && fields?.status === 'None' && fields.deleted !== true && (head.facts.startsAt ?? 0) > clock.now() // prettier-ignore
  }
  const shown = async (c: Context<ReaderEnv>, found: Found, done: boolean): Promise<Response> => {
    const { emails } = c.get('reader').words
    const frame = await frameOf(c, found.of.practice)
    const { title } = emails[found.purpose]
    if (found.purpose === 'confirm' && !(await isCurrent(found)))
      return c.html(await problemPage(frame, { title, cause: emails.confirm.changed, next: emails.confirm.changedNext }), 410) // prettier-ignore
    const when = found.message.startsAt === undefined ? '' : frame.reader.wall(found.message.startsAt)
    const ask = found.purpose === 'confirm' ? emails.confirm.ask(when) : emails.stop.ask
    const inside = done
      ? notice('good', emails[found.purpose].done)
      : card([html`<p>${ask}</p>`, form(new URL(c.req.url).pathname, {}, button(emails[found.purpose].button, 'main'))])
    return c.html(await page({ ...frame, title }, inside))
  }
  if (options.pay) app.route('/', payLinkPages({ practice: options.practice, ...options.pay, frameOf, unknown, clock }))
  const path = '/email/:practice/:purpose/:patient/:message/:mac'
  app.get(path, async (c) => {
    const found = await find(c)
    return found ? shown(c, found, false) : unknown(c)
  })
  app.post(path, async (c) => {
    const found = await find(c)
    if (!found) return unknown(c)
    const { replica, message, of, purpose } = found
    const by: By = { role: 'patient', id: message.recipient }
    const at = clock.now()
    // A program that looks at mails opens links, and presses no button: here somebody has opened it.
    if (message.state !== 'opened')
      await replica.change([{ collection: 'communications', key: of.patient, add: { [`state:${message.id}:opened`]: { kind: 'state', at, by, message: message.id, state: 'opened' } } }]) // prettier-ignore
    if (purpose === 'stop') {
      await replica.change([optedOut(message.recipient, { by, how: 'link', at, channel: 'email', proof: { text: '', message: message.id } })]) // prettier-ignore
      return shown(c, found, true)
    }
    if (!(await isCurrent(found))) return shown(c, found, false)
    const head = await replica.head('events', message.event!)
    const { at: _, ...facts } = head!.facts
    const given = answerFor(
      foldConfirmations(await replica.entries('confirmations', message.event!)),
      message.startsAt!,
    )
    // Pressed twice it is said once.
    if (given?.id !== `email:${message.id}`)
      await replica.change([{ collection: 'confirmations', key: message.event!, facts, add: { [`email:${message.id}`]: { kind: 'answered', at, by, channel: 'email', patient: of.patient, startsAt: message.startsAt! } } }]) // prettier-ignore
    return shown(c, found, true)
  })
  app.notFound(unknown)
  return app
}
