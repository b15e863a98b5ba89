/** The commands of a site. Each asks the running site over loopback, or opens the folder where none runs. */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseMapping } from '../bridges/insched/mapping.ts'
import { referenceMapping } from '../bridges/insched/reference-mapping.ts'
import { checkedInWords } from './checked-in-words.ts'
import { dryRunInWords } from './dry-run-in-words.ts'
import { withoutPassword } from '../bridges/insched/database-address.ts'
import { operation, waitOf, waitOption } from './operation.ts'
import { diskLimit, need, optional, several, Usage, wholeNumber, type Command, type Given } from './command.ts'

const string = { type: 'string' } as const

function named(given: Given, place: number, missing: string): string {
  const text = given.positionals[place]
  if (text === undefined) throw new Usage(missing)
  return text
}

export const inschedCreate: Command = {
  usage: 'insched create FILE|postgres://... [--patients N] [--seed N]',
  about: 'make a reference InSched database of synthetic people',
  options: { patients: string, seed: string },
  async run(given, context) {
    const file = given.positionals[0]
    if (file === undefined) throw new Usage('Name the file to create.')
    const patients = wholeNumber(optional(given, 'patients'), 'patients') ?? 300
    const seed = wholeNumber(optional(given, 'seed'), 'seed') ?? 1
    const options = { patients, seed, now: context.clock.now() }
    const isServer = /^postgres(ql)?:/.test(file)
    const counts = await (isServer
      ? (await import('../bridges/insched/create-postgres.ts')).createReferenceInPostgres(file, options)
      : (await import('../bridges/insched/create-sqlite.ts')).createReferenceDatabase(file, options))
    context.print(
      counts,
      `${isServer ? withoutPassword(file).url : file}: ${counts.patients} patients, ${counts.plans} plans, ${counts.stages} stages, ${counts.events} events`,
    )
  },
}

export const inschedCheck: Command = {
  usage: 'insched check --insched sqlite:FILE|postgres://... [--mapping FILE]',
  about: 'try a mapping on InSched’s database, which is only read: each table and column, three patients as the portal would see them, and what is in the way', // prettier-ignore
  options: { insched: string, mapping: string },
  async run(given, context) {
    const [url, file] = [need(given, 'insched'), optional(given, 'mapping')]
    if (file !== undefined && !existsSync(file)) throw new Error(`There is no file ${file}. --mapping takes a mapping file, such as one of examples/mappings.`) // prettier-ignore
    const mapping = file === undefined ? referenceMapping : parseMapping(readFileSync(file, 'utf8'), file)
    const { checkMapping } = await import('../bridges/insched/check.ts')
    const checked = await checkMapping(url, mapping)
    context.print(checked, checkedInWords(checked))
    if (checked.problems.length > 0) throw new Error(`The mapping does not fit yet: ${checked.problems.length} problem${checked.problems.length === 1 ? '' : 's'}, listed above.`) // prettier-ignore
  },
}

export const enroll: Command = {
  usage: 'enroll --data DIR --portal URL --code CODE --insched sqlite:FILE|postgres://... [--mapping FILE] [--ca FILE]',
  about: 'make this folder a site of a practice',
  options: { data: string, portal: string, code: string, insched: string, mapping: string, ca: string },
  async run(given, context) {
    const dir = need(given, 'data')
    const [portal, code, insched] = [need(given, 'portal'), need(given, 'code'), need(given, 'insched')]
    const [master, ca] = [context.master(dir), optional(given, 'ca')]
    const { enroll: enrollSite } = await import('../enrolling.ts')
    const result = await enrollSite({
      dir,
      master,
      clock: context.clock,
      machine: context.machine,
      portal,
      code,
      insched,
      mapping: optional(given, 'mapping'),
      ca,
    })
    context.print(result, `Enrolled as site ${result.siteId}. Next: patientconnection site --data ${dir}`)
  },
}

export const site: Command = {
  usage:
    'site --data DIR [--console-port N] [--console-host H --console-tls-cert F --console-tls-key F] [--disk-limit MB]',
  about: 'run a practice site',
  options: {
    data: string,
    'console-port': string,
    'console-host': string,
    'console-tls-cert': string,
    'console-tls-key': string,
    'disk-limit': string,
  },
  async run(given, context) {
    const dir = need(given, 'data')
    const { clock, say } = context
    const mostBytes = diskLimit(given)
    const [host, tls] = [optional(given, 'console-host'), tlsOf(given)]
    const master = context.master(dir)
    const [{ openSite }, { serveConsole }] = await Promise.all([import('../site.ts'), import('../server/console/serve-console.ts')]) // prettier-ignore
    const opened = await openSite({ dir, master, clock, machine: context.machine, mostBytes, say })
    try {
      const port = wholeNumber(optional(given, 'console-port'), 'console-port') ?? 8090
      const served = await serveConsole({ site: opened, dir, master, port, host, tls, clock, say })
      opened.openChannels()
      context.print(
        { ready: true, url: served.url, pid: process.pid, ...(served.setup ? { setup: served.setup } : {}) },
        `The console is ready at ${served.url}`,
      )
      if (served.setup && !context.json) context.say(`Make the first user of the console: ${served.setup}`)
      await context.ended
      await served.close()
    } finally {
      await opened.close()
    }
  },
}

/** The certificate of the console, where it is for the practice's network. */
function tlsOf(given: Given): { cert: string; key: string } | undefined {
  const [cert, key] = [optional(given, 'console-tls-cert'), optional(given, 'console-tls-key')]
  if ((cert === undefined) !== (key === undefined))
    throw new Usage('--console-tls-cert and --console-tls-key belong together. Give both, or neither.')
  return cert && key ? { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } : undefined
}

const patientOption = (given: Given): number | undefined => wholeNumber(optional(given, 'patient'), 'patient')
const neededPatient = (given: Given): number => wholeNumber(need(given, 'patient'), 'patient')!

export const upload = operation(
  'upload',
  'Upload Records: waits until the portal has them; with --wait also for the end of a backup window',
  'upload [--wait]',
  waitOption,
  waitOf,
)
export const download = operation(
  'download',
  'Download Online Communications; with --wait also after a backup window',
  'download [--wait]',
  waitOption,
  waitOf,
)
export const invite = operation(
  'invite',
  'a sign-in invitation for a patient',
  'invite --patient LOCAL_ID',
  { patient: string },
  (given) => ({ patient: neededPatient(given) }),
)
export const access = operation(
  'access',
  'who may act for a patient at the portal',
  'access --patient LOCAL_ID',
  { patient: string },
  (given) => ({ patient: neededPatient(given) }),
)
export const accessGrant = operation(
  'access grant',
  'let a guardian or representative act for a patient; prints the link by which they begin',
  'access grant --patient LOCAL_ID --name NAME --relationship R --scope appointments,messages,documents,pay [--to DATE] [--document TEXT]',
  { patient: string, name: string, relationship: string, scope: string, to: string, document: string },
  (given) => ({
    patient: neededPatient(given),
    name: need(given, 'name'),
    relationship: need(given, 'relationship'),
    scope: need(given, 'scope').split(','),
    to: optional(given, 'to'),
    document: optional(given, 'document'),
  }),
)
export const accessEnd = operation(
  'access end',
  'end what was granted',
  'access end --patient LOCAL_ID --grant ID',
  { patient: string, grant: string },
  (given) => ({ patient: neededPatient(given), grant: need(given, 'grant') }),
)
export const staff = operation('staff', 'the users of the console', 'staff', {}, () => ({}))
export const staffAdd = operation(
  'staff add',
  'add a user of the console, the first as an admin; prints the link by which they begin',
  'staff add --name NAME --initials LETTERS [--role "front desk|billing|admin"]',
  { name: string, initials: string, role: string },
  (given) => ({ name: need(given, 'name'), initials: need(given, 'initials'), role: optional(given, 'role') }),
)
export const staffReset = operation(
  'staff reset',
  'take password and second factor from a user, who begins anew by the link',
  'staff reset --name NAME',
  { name: string },
  (given) => ({ name: need(given, 'name') }),
)
export const message = operation(
  'message',
  'Send Secure Portal Message',
  'message --patient LOCAL_ID [--event LOCAL_ID] --subject S --text T [--attach FILE ...]',
  { patient: string, event: string, subject: string, text: string, attach: { ...string, multiple: true } },
  (given) => ({
    patient: neededPatient(given),
    event: wholeNumber(optional(given, 'event'), 'event'),
    subject: need(given, 'subject'),
    text: need(given, 'text'),
    // The site may run in another folder.
    attach: several(given, 'attach').map((file) => resolve(file)),
  }),
)
export const recent = operation(
  'recent',
  'Recent Communications',
  'recent [--patient ID] [--channel C] [--since T]',
  { patient: string, channel: string, since: string },
  (given) => {
    const since = optional(given, 'since')
    if (since !== undefined && Number.isNaN(Date.parse(since)))
      throw new Usage(`--since takes a time like 2026-11-23T08:00:00Z, not ${since}.`)
    return {
      patient: patientOption(given),
      channel: optional(given, 'channel'),
      since: since === undefined ? undefined : Date.parse(since),
    }
  },
)
export const confirmations = operation(
  'confirmations',
  'what patients confirmed, and what became of it',
  'confirmations [--event LOCAL_ID]',
  { event: string },
  (given) => ({
    event: wholeNumber(optional(given, 'event'), 'event'),
  }),
)
export const reviews = operation('reviews', 'what could not be applied, with what to do', 'reviews', {}, () => ({}))
export const patientErase = operation(
  'patient erase',
  'erase all that is about a patient here and at the portal; InSched keeps its own records',
  'patient erase --patient LOCAL_ID',
  { patient: string },
  (given) => ({ patient: neededPatient(given) }),
)
export const reviewsResolve = operation(
  'reviews resolve',
  'resolve a review item',
  'reviews resolve ID --note N',
  { note: string },
  (given) => {
    const id = given.positionals[0]
    if (id === undefined) throw new Usage('Name the review to resolve.')
    return { id, note: need(given, 'note') }
  },
)
const answer = (word: 'accept' | 'refuse') =>
  operation(
    `reviews ${word}`,
    `${word} what a patient asked, by its review`,
    `reviews ${word} ID [--note N]`,
    { note: string },
    (given) => ({ id: named(given, 0, 'Name the review.'), note: optional(given, 'note') }),
  )
export const reviewsAccept = answer('accept')
export const reviewsRefuse = answer('refuse')
export const threadClose = operation(
  'thread close',
  'close a thread with a patient; whoever writes in it opens it again',
  'thread close SUBJECT --patient LOCAL_ID',
  { patient: string },
  (given) => ({ patient: neededPatient(given), thread: named(given, 0, 'Name the thread by its subject.') }),
)
export const pagesGet = operation('pages get', 'what is set of the patients’ pages', 'pages get', {}, () => ({}))
export const pagesSet = operation(
  'pages set',
  'set one thing of the patients’ pages; a wrong key or value changes nothing',
  'pages set guidelines|answersWithinDays|showsRead|patientsMayStart|messagesEndAtAge|calendarTitle|payMinimum|payOver VALUE',
  {},
  (given) => ({ key: named(given, 0, 'Name what to set, such as guidelines.'), value: given.positionals[1] ?? '' }),
)
export const textsGet = operation(
  'texts get',
  'Preferences > Texts: what is set, rules among it',
  'texts get',
  {},
  () => ({}),
)
export const textsSet = operation(
  'texts set',
  'set one thing of texts, such as sending on, or rule/NAME “reminder 1 day before”; a wrong key or value changes nothing',
  'texts set KEY VALUE',
  {},
  (given) => ({ key: named(given, 0, 'Name what to set, such as sending.'), value: given.positionals[1] ?? '' }),
)
export const textsDryRun = operation(
  'texts dry-run',
  'who would get what when by the rules, who would not and why; with --set as if that were set, such as --set "rule/reminder reminder 2 days before"',
  'texts dry-run [--days N] [--set "KEY VALUE"]',
  { days: { type: 'string' }, set: { type: 'string' } },
  (given) => {
    const set = optional(given, 'set')
    const [key = '', ...value] = (set ?? '').trim().split(' ')
    const days = optional(given, 'days')
    return { days: days === undefined ? 7 : wholeNumber(days, 'days'), ...(set === undefined ? {} : { set: { key, value: value.join(' ') } }) } // prettier-ignore
  },
  dryRunInWords,
)
export const textsHistory = operation(
  'texts history',
  'every change of texts: when, by whom, what it was and what it became',
  'texts history [--key KEY]',
  { key: { type: 'string' } },
  (given) => {
    const key = optional(given, 'key')
    return key === undefined ? {} : { key }
  },
)
export const textsWhy = operation(
  'texts why',
  'for each rule: whether the event was texted about, when it will be, or why not',
  'texts why --event LOCAL_ID',
  { event: { type: 'string' } },
  (given) => ({ event: wholeNumber(need(given, 'event'), 'event') }),
)
export const verify = operation(
  'verify',
  'prove that the portal and this site hold the same, and heal what differs',
  'verify',
  {},
  () => ({}),
)
export const status = operation('status', 'how the site is', 'status', {}, () => ({}))
