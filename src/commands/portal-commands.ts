/** The commands of a portal: run it, add practices and sites. */
import { readFileSync } from 'node:fs'
import { openPortal } from '../portal.ts'
import { callControl } from '../server/control.ts'
import { loopback } from '../server/listen.ts'
import { namedProxies } from '../server/reverse-proxy.ts'
import { need, optional, Usage, wholeNumber, type Command, type CommandContext, type Given } from './command.ts'

const string = { type: 'string' } as const

export const portal: Command = {
  usage: 'portal --data DIR [--port N] [--host H] [--tls-cert F --tls-key F] [--public-url URL] [--behind-proxy CIDR]',
  about: 'run the portal',
  options: {
    data: string,
    port: string,
    host: string,
    'tls-cert': string,
    'tls-key': string,
    'public-url': string,
    'behind-proxy': string,
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
    const opened = await openPortal({ dir, master: context.master(dir), clock: context.clock, log: context.say })
    try {
      const url = await opened.listen({
        port: wholeNumber(optional(given, 'port'), 'port') ?? 8080,
        host: optional(given, 'host') ?? '127.0.0.1',
        tls: cert && key ? { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } : undefined,
        behindProxy,
        publicUrl,
      })
      context.print({ ready: true, url, pid: process.pid }, `The portal is ready at ${url}`)
      await context.ended
    } finally {
      await opened.close()
    }
  },
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
