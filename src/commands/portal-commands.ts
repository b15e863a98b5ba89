/** The commands of a portal: run it, add practices and sites. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Mailer } from '../bridges/email/mailer.ts'
import { contentOf } from './mirror-commands.ts'
import type { PortalStatus } from '../portal/portal-face.ts'
import type { PortalTexts } from '../portal/texting.ts'
import type { Accounts } from '../bridges/payments/accounts.ts'
import type { Reconciled } from '../portal/reconciling.ts'
import { callControl } from '../server/control.ts'
import { loopback } from '../server/listen.ts'
import { namedProxies } from '../server/reverse-proxy.ts'
import {
  diskLimit,
  need,
  optional,
  Usage,
  wholeNumber,
  type Command,
  type CommandContext,
  type Given,
} from './command.ts'

const string = { type: 'string' } as const
const boolean = { type: 'boolean' } as const

export const portal: Command = {
  usage:
    'portal --data DIR [--port N] [--host H] [--tls-cert F --tls-key F] [--public-url URL] [--behind-proxy CIDR] [--disk-limit MB] [--scan COMMAND] [--smtp URL --mail-from ADDRESS [--alarms-to ADDRESS] [--bounces-to ADDRESS --bounces-at HOST:PORT]] [--texts FILE] [--payments FILE]',
  about: 'run the portal',
  options: {
    data: string,
    port: string,
    host: string,
    'tls-cert': string,
    'tls-key': string,
    'public-url': string,
    'behind-proxy': string,
    scan: string,
    smtp: string,
    'mail-from': string,
    'alarms-to': string,
    'bounces-to': string,
    'bounces-at': string,
    texts: string,
    payments: string,
    'disk-limit': string,
  },
  async run(given, context) {
    const dir = need(given, 'data')
    const cert = optional(given, 'tls-cert')
    const key = optional(given, 'tls-key')
    if ((cert === undefined) !== (key === undefined))
      throw new Usage('--tls-cert and --tls-key belong together. Give both, or neither.')
    const proxy = optional(given, 'behind-proxy')
    const behindProxy = proxy === undefined ? undefined : usage(() => namedProxies(proxy))
    const publicUrl = publicOrigin(optional(given, 'public-url'))
    const mailer = await mailerOf(given, context)
    const alarmsTo = optional(given, 'alarms-to')
    if (alarmsTo !== undefined && (!mailer || !/^[^\s@<>]+@[^\s@<>]+$/.test(alarmsTo)))
      throw new Usage(
        '--alarms-to takes an address like operator@clinic.example, and goes with --smtp and --mail-from.',
      )
    const bounces = bouncesAt(given)
    const accounts = await accountsOf(given, context)
    const { openPortal } = await import('../portal.ts')
    const opened = await openPortal({
      dir,
      master: context.master(dir),
      clock: context.clock,
      log: context.say,
      mostBytes: diskLimit(given),
      mailer,
      alarmsTo,
      texts: await textsOf(given, context),
      accounts,
    })
    try {
      const url = await opened.listen({
        port: wholeNumber(optional(given, 'port'), 'port') ?? 8080,
        host: optional(given, 'host') ?? '127.0.0.1',
        tls: cert && key ? { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } : undefined,
        behindProxy,
        publicUrl,
        scan: optional(given, 'scan'),
        bounces,
      })
      context.print({ ready: true, url, pid: process.pid }, `The portal is ready at ${url}`)
      await context.ended
    } finally {
      await opened.close()
      await mailer?.close()
    }
  },
}

/** The way to the mail server, where one is named; without one the portal sends no codes. */
async function mailerOf(given: Given, { smtp, clock, say }: CommandContext): Promise<Mailer | undefined> {
  const url = optional(given, 'smtp') ?? smtp
  if (url === undefined) return undefined
  const address = need(given, 'mail-from')
  const { smtpMailer } = await import('../bridges/email/mailer.ts')
  return usage(() => smtpMailer({ url, address, bounces: optional(given, 'bounces-to'), clock, log: say }))
}

/** Where mails that come back are handed to the portal: the address that they come back to, and the port that a server of mail passes them on to. */
function bouncesAt(given: Given): { host: string; port: number } | undefined {
  const [to, at] = [optional(given, 'bounces-to'), optional(given, 'bounces-at')]
  if (to === undefined && at === undefined) return undefined
  const [, host, port] = /^([^\s:]+|\[[\da-f:]+\]):(\d{1,5})$/i.exec(at ?? '') ?? []
  if (!/^[^\s@<>+]+@[^\s@<>]+$/.test(to ?? '') || host === undefined || optional(given, 'mail-from') === undefined)
    throw new Usage('--bounces-to takes an address like bounces@clinic.example, --bounces-at where it is passed on to, like 127.0.0.1:2525; they belong together, and go with --mail-from.')
  return { host: host.replaceAll(/[[\]]/g, ''), port: Number(port) }
} // prettier-ignore

/** The accounts for texts, where some are named: secrets stand in the environment or in a file that nobody else may read. */
async function textsOf(given: Given, { texts, machine }: CommandContext): Promise<PortalTexts | undefined> {
  const file = optional(given, 'texts')
  if (file !== undefined) checkPrivate(file)
  const text = file === undefined ? texts : readFileSync(file, 'utf8')
  if (text === undefined) return undefined
  const [{ textAccounts }, { dialing }] = await Promise.all([import('../bridges/texts/accounts.ts'), import('../server/dialing.ts')]) // prettier-ignore
  const accountOf = usage(() => textAccounts(text))
  return { accountOf, ask: dialing({ ca: undefined, machine }).ask }
}

/** Throws a sentence where others may read a file with secrets (where the system has such rights). */
function checkPrivate(file: string): void {
  if (!existsSync(file))
    throw new Usage(`There is no file ${file}. --texts takes the file with the accounts for texts.`)
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
    throw new Usage(`Others may read ${file}, which holds secrets. Run: chmod 600 ${file}`)
}

/** The practices' accounts for card payments: from a file that only its owner can read, or from the environment. */
async function accountsOf(given: Given, { payments }: CommandContext): Promise<Accounts | undefined> {
  const file = optional(given, 'payments')
  const { accountsAt, accountsIn } = await import('../bridges/payments/accounts.ts')
  if (file !== undefined) return usage(() => accountsAt(file))
  return payments === undefined ? undefined : usage(() => accountsIn(payments))
}

function usage<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new Usage((cause as Error).message, { cause })
  }
}

/** The origin of `--public-url`: https, or this machine. */
function publicOrigin(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain = url?.protocol === 'http:' && loopback.has(url.hostname)
  if (!url || (url.protocol !== 'https:' && !plain) || url.pathname !== '/' || url.search !== '' || url.username !== '')
    throw new Usage(`--public-url takes the address that patients see, like https://portal.example, not ${text}.`)
  return url.origin
}

/** What a running portal does, or this process where none runs on the folder. */
export async function operate(
  name: string,
  input: Readonly<Record<string, unknown>>,
  given: Given,
  context: CommandContext,
): Promise<Record<string, unknown>> {
  const dir = need(given, 'data')
  const running = await callControl(dir, name, input)
  if (running !== undefined) return running as Record<string, unknown>
  if (!existsSync(join(dir, 'control.sqlite')) && name !== 'practice add')
    throw new Error(`There is no portal in ${dir}. Make one with: patientconnection practice add --data ${dir} ...`)
  const { openPortal } = await import('../portal.ts')
  const { portalOperations } = await import('../portal/operations.ts')
  const opened = await openPortal({ dir, master: context.master(dir), clock: context.clock, log: context.say })
  try {
    return (await portalOperations(opened)[name]!(input)) as Record<string, unknown>
  } finally {
    await opened.close()
  }
}

export const operatorLink: Command = {
  usage: 'operator link --data DIR',
  about: 'a link to the operator’s page of the running portal, good once within 15 minutes',
  options: { data: string },
  async run(given, context) {
    const dir = need(given, 'data')
    const result = (await callControl(dir, 'operator link', {})) as { url: string; expiresAt: string } | undefined
    if (!result) throw new Error(`No portal runs on ${dir}. Start it with: patientconnection portal --data ${dir} ...`)
    context.print(result, `Open this within 15 minutes; it works once: ${result.url}`)
  },
}

export const paymentsReconcile: Command = {
  usage: 'payments reconcile --data DIR [--practice ID] [--days N]',
  about: 'compare the card processor, the portal and InSched’s deposits now, and list each difference',
  options: { data: string, practice: string, days: string },
  async run(given, context) {
    const dir = need(given, 'data')
    const input = { practice: optional(given, 'practice'), days: wholeNumber(optional(given, 'days'), 'days') }
    const result = (await callControl(dir, 'payments reconcile', input)) as Reconciled | undefined
    if (!result) throw new Error(`No portal runs on ${dir}. Start it with: patientconnection portal --data ${dir} --payments FILE`) // prettier-ignore
    const lines = result.differences.map((one) => `${one.kind}: ${one.transaction ?? one.payment ?? ''} ${one.amount} ${one.currency}. ${one.todo}`) // prettier-ignore
    context.print(result, lines.length === 0 ? 'All agree.' : lines.join('\n'))
  },
}

export const practiceAdd: Command = {
  usage: 'practice add --data DIR --name NAME --zone IANA',
  about: 'add a practice to the portal',
  options: { data: string, name: string, zone: string },
  async run(given, context) {
    const result = await operate(
      'practice add',
      { name: need(given, 'name'), zone: need(given, 'zone') },
      given,
      context,
    )
    context.print(
      result,
      `Practice ${String(result['practiceId'])} is added. Next: patientconnection site add --practice ${String(result['practiceId'])} ...`,
    )
  },
}

export const siteAdd: Command = {
  usage: 'site add --data DIR --practice ID --name NAME',
  about: 'add a site to a practice and make its enrolment code',
  options: { data: string, practice: string, name: string },
  async run(given, context) {
    const result = await operate(
      'site add',
      { practice: need(given, 'practice'), name: need(given, 'name') },
      given,
      context,
    )
    context.print(
      result,
      `Site ${String(result['siteId'])} is added. Its enrolment code, good once within 24 hours: ${String(result['enrollmentCode'])}`,
    )
  },
}

export const siteRetire: Command = {
  usage: 'site retire --data DIR --site ID [--to ID]',
  about: 'end a site: its device is refused, its records go to another site or nobody is shown them any more',
  options: { data: string, site: string, to: string },
  async run(given, context) {
    const to = optional(given, 'to')
    const result = await operate('site retire', { site: need(given, 'site'), to }, given, context)
    const what = to === undefined ? 'are hidden' : `belong to site ${to} now`
    context.print(
      result,
      `Site ${String(result['siteId'])} is retired. ${String(result['documents'])} documents ${what}.`,
    )
  },
}

export const deviceRevoke: Command = {
  usage: 'device revoke --data DIR --site ID',
  about: 'refuse a site’s device from now on',
  options: { data: string, site: string },
  async run(given, context) {
    const result = await operate('device revoke', { site: need(given, 'site') }, given, context)
    context.print(result, `The device of site ${String(result['siteId'])} is refused from now on.`)
  },
}

export const portalStatus: Command = {
  usage: 'portal status --data DIR',
  about: 'practices and sites, and for whom nothing goes outward yet',
  options: { data: string },
  async run(given, context) {
    const status = (await operate('portal status', {}, given, context)) as unknown as PortalStatus
    context.print(status, status.practices.map(words).join('\n'))
  },
}

export const portalRelease: Command = {
  usage: 'portal release --data DIR --practice ID',
  about: 'let texts, emails and payments of a practice go out though not every site was heard since the start',
  options: { data: string, practice: string },
  async run(given, context) {
    const input = { practice: need(given, 'practice') }
    const status = (await operate('portal release', input, given, context)) as unknown as PortalStatus
    context.print(status, status.practices.map(words).join('\n'))
  },
}

export const portalMirror: Command = {
  usage: 'portal mirror --data DIR --site ID',
  about: 'what a site mirrors: what it has set, and how this portal has narrowed it',
  options: { data: string, site: string },
  async run(given, context) {
    const result = await operate('portal mirror', { site: need(given, 'site') }, given, context)
    const items = result['items'] as { key: string; site: string; portal: string | null; narrowed: boolean }[]
    const lines = items.map(({ key, site, portal: says, narrowed }) => `${key}: ${site}${says === null ? '' : `  (this portal: ${says}${narrowed ? '; the narrower holds' : ''})`}`) // prettier-ignore
    context.print(result, lines.join('\n'))
  },
}

export const portalNarrow: Command = {
  usage: 'portal narrow KEY (VALUE [--keep | --erase] | --clear) --data DIR --site ID',
  about: 'narrow what a site mirrors; with --clear the site alone decides again',
  options: { data: string, site: string, keep: boolean, erase: boolean, clear: boolean },
  async run(given, context) {
    const [key, value] = given.positionals
    const clear = given.values['clear'] === true
    if (key === undefined || (value === undefined) !== clear) throw new Usage('Name a setting, and its value or --clear.') // prettier-ignore
    const content = contentOf(given).content
    const result = await operate('portal narrow', { site: need(given, 'site'), key, value, content, clear: clear ? 'yes' : undefined }, given, context) // prettier-ignore
    context.print(
      result,
      `This portal said ${String(result['old'])} of ${String(result['key'])} and says ${String(result['new'])} now. The narrower of what the site and the portal say holds.`,
    )
  },
}

function words({
  name,
  practiceId,
  outward,
  waitsFor,
  textsProblem,
  textsSilent = [],
  toRemake = 0,
  cardsNotRemoved,
  sites,
}: PortalStatus['practices'][number]): string {
  const waits = outward === 'waits' ? `  Nothing goes out before these sites were heard: ${waitsFor.join(', ')}\n` : ''
  const lines = sites.map((site) => {
    const apart = site.waiting
      ? `, ${site.waiting.changes} changes wait since ${site.waiting.since} for others that did not arrive`
      : ''
    const problem = site.problem ? `\n    ${site.problem}` : ''
    const clock = site.clockDifference === null ? '' : `, its clock is ${site.clockDifference} s off`
    const notBack = site.notBackSince === null ? '' : `, ALARM: its InSched database is not back since ${site.notBackSince}` // prettier-ignore
    const waiting = site.patientsWaiting === 0 ? '' : `, answers of ${site.patientsWaiting} patients wait for it`
    return `  ${site.siteId}  ${site.name}: ${site.alarm ? 'ALARM, ' : ''}${site.state}, last contact ${site.lastContact ?? 'none yet'}${notBack}${waiting}${apart}${clock}${problem}`
  })
  const silent = textsSilent.map(({ siteId, since, says }) => `  ALARM: texts of site ${siteId} do not go out since ${since}. ${says}\n`) // prettier-ignore
  const texts = (textsProblem === undefined ? '' : `  ${textsProblem}\n`) + silent.join('')
  const remaking = toRemake === 0 ? '' : `  What the pages show is being made anew after an update of the program; ${toRemake} records are left. No texts go out until then.\n` // prettier-ignore
  const cards = cardsNotRemoved ? `  Saved cards of ${cardsNotRemoved.count} erased accounts are still at the card processor, and it is tried again: ${cardsNotRemoved.problem}\n` : '' // prettier-ignore
  return `${name} (${practiceId})\n${waits}${texts}${cards}${remaking}${lines.join('\n')}`
}
