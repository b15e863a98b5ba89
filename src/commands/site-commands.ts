/** The commands of a site. Each asks the running site over loopback, or opens the folder where none runs. */
import { join, resolve } from 'node:path'
import { createReferenceDatabase } from '../bridges/insched/create-sqlite.ts'
import { enroll as enrollSite } from '../enrolling.ts'
import { openSite } from '../site.ts'
import { callControl } from '../server/control.ts'
import { serveConsole } from '../server/console/serve-console.ts'
import { siteOperations } from '../server/console/site-operations.ts'
import { openStaffStore } from '../server/console/staff-store-sqlite.ts'
import {
  diskLimit,
  need,
  optional,
  several,
  Usage,
  wholeNumber,
  type Command,
  type CommandContext,
  type Given,
} from './command.ts'

const string = { type: 'string' } as const
type Result = Record<string, unknown>

async function operate(
  name: string,
  input: Readonly<Record<string, unknown>>,
  given: Given,
  context: CommandContext,
): Promise<Result> {
  const dir = need(given, 'data')
  const running = await callControl(dir, name, input)
  if (running !== undefined) return running as Result
  const { clock, say } = context
  const master = context.master(dir)
  const site = await openSite({ dir, master, clock })
  try {
    const staff = openStaffStore(join(dir, 'staff.sqlite'), master, clock)
    try {
      return (await siteOperations(site, staff.audit, say)[name]!(input)) as Result
    } finally {
      staff.close()
    }
  } finally {
    await site.close()
  }
}

/** A command that is one operation of the site. */
function operation(
  name: string,
  about: string,
  usage: string,
  options: Command['options'],
  input: (given: Given) => Record<string, unknown>,
): Command {
  return {
    usage: `${usage} --data DIR`,
    about,
    options: { data: string, ...options },
    async run(given, context) {
      const result = await operate(name, input(given), given, context)
      context.print(result, words(result))
    },
  }
}

function words(result: Result): string {
  const items = result['items']
  if (Array.isArray(items)) {
    const lines = items.map((item) => line(item as Result))
    if (result['cut'] === true)
      lines.push(`The newest ${items.length}; there are more. Ask for less with --patient or --since.`)
    return lines.length === 0 ? 'Nothing.' : lines.join('\n')
  }
  return line(result)
}
function line(result: Result): string {
  return Object.entries(result)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('  ')
}

export const inschedCreate: Command = {
  usage: 'insched create FILE [--patients N] [--seed N]',
  about: 'make a reference InSched database of synthetic people',
  options: { patients: string, seed: string },
  async run(given, context) {
    const file = given.positionals[0]
    if (file === undefined) throw new Usage('Name the file to create.')
    const patients = wholeNumber(optional(given, 'patients'), 'patients') ?? 300
    const seed = wholeNumber(optional(given, 'seed'), 'seed') ?? 1
    const counts = await createReferenceDatabase(file, { patients, seed, now: context.clock.now() })
    context.print(
      counts,
      `${file}: ${counts.patients} patients, ${counts.plans} plans, ${counts.stages} stages, ${counts.events} events`,
    )
  },
}

export const enroll: Command = {
  usage: 'enroll --data DIR --portal URL --code CODE --insched sqlite:FILE [--ca FILE]',
  about: 'make this folder a site of a practice',
  options: { data: string, portal: string, code: string, insched: string, ca: string },
  async run(given, context) {
    const dir = need(given, 'data')
    const [portal, code, insched] = [need(given, 'portal'), need(given, 'code'), need(given, 'insched')]
    const [master, ca] = [context.master(dir), optional(given, 'ca')]
    const result = await enrollSite({ dir, master, clock: context.clock, portal, code, insched, ca })
    context.print(result, `Enrolled as site ${result.siteId}. Next: patientconnection site --data ${dir}`)
  },
}

export const site: Command = {
  usage: 'site --data DIR [--console-port N] [--disk-limit MB]',
  about: 'run a practice site',
  options: { data: string, 'console-port': string, 'disk-limit': string },
  async run(given, context) {
    const dir = need(given, 'data')
    const { clock, say } = context
    const mostBytes = diskLimit(given)
    const master = context.master(dir)
    const opened = await openSite({ dir, master, clock, mostBytes })
    try {
      const port = wholeNumber(optional(given, 'console-port'), 'console-port') ?? 8090
      const served = await serveConsole({ site: opened, dir, master, port, clock, say })
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

const patientOption = (given: Given): number | undefined => wholeNumber(optional(given, 'patient'), 'patient')
const neededPatient = (given: Given): number => wholeNumber(need(given, 'patient'), 'patient')!

export const upload = operation('upload', 'Upload Records: waits until the portal has them', 'upload', {}, () => ({}))
export const download = operation('download', 'Download Online Communications', 'download', {}, () => ({}))
export const invite = operation(
  'invite',
  'a sign-in invitation for a patient',
  'invite --patient LOCAL_ID',
  { patient: string },
  (given) => ({ patient: neededPatient(given) }),
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
export const verify = operation(
  'verify',
  'prove that the portal and this site hold the same, and heal what differs',
  'verify',
  {},
  () => ({}),
)
export const status = operation('status', 'how the site is', 'status', {}, () => ({}))
