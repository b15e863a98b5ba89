/** The commands of a portal: run it, add practices and sites. */
import { readFileSync } from 'node:fs'
import { openPortal } from '../portal.ts'
import { callControl } from '../server/control.ts'
import { need, optional, wholeNumber, type Command, type CommandContext, type Given } from './command.ts'

const string = { type: 'string' } as const

export const portal: Command = {
  usage: 'portal --data DIR [--port N] [--host H] [--tls-cert F --tls-key F]',
  about: 'run the portal',
  options: { data: string, port: string, host: string, 'tls-cert': string, 'tls-key': string },
  async run(given, context) {
    const dir = need(given, 'data')
    const cert = optional(given, 'tls-cert')
    const key = optional(given, 'tls-key')
    const opened = await openPortal({ dir, master: context.master(dir), clock: context.clock, log: context.say })
    try {
      const url = await opened.listen({
        port: wholeNumber(optional(given, 'port'), 'port') ?? 8080,
        host: optional(given, 'host') ?? '127.0.0.1',
        tls: cert && key ? { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } : undefined,
      })
      context.print({ ready: true, url, pid: process.pid }, `The portal is ready at ${url}`)
      await context.ended
    } finally {
      await opened.close()
    }
  },
}

async function operate(
  name: string,
  input: Readonly<Record<string, string>>,
  given: Given,
  context: CommandContext,
): Promise<Record<string, string>> {
  const dir = need(given, 'data')
  const running = await callControl(dir, name, input)
  if (running !== undefined) return running as Record<string, string>
  const opened = await openPortal({ dir, master: context.master(dir), clock: context.clock, log: context.say })
  try {
    const { practice = '', zone = '' } = input
    const label = input['name'] ?? ''
    return name === 'practice add'
      ? await opened.addPractice({ name: label, zone })
      : opened.addSite({ practice, name: label })
  } finally {
    await opened.close()
  }
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
      `Practice ${result['practiceId']} is added. Next: patientconnection site add --practice ${result['practiceId']} ...`,
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
      `Site ${result['siteId']} is added. Its enrolment code, good once within 24 hours: ${result['enrollmentCode']}`,
    )
  },
}
