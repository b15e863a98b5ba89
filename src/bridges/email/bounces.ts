/**
 * Mails that come back: each mail to a patient has a return address of its own, with the mail's id under a MAC of the
 * practice's key, and a server of mail hands what comes to such addresses to this portal over SMTP. Of a delivery report
 * (RFC 3464) the outcome is noted, durably before it is answered; what is no report, such as an automatic answer, is taken
 * and left aside. No address and no word of a mail is kept.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

/** What a server of mail says became of a mail; the status as RFC 3463 numbers it, such as `5.1.1`. */
export interface DeliveryReport { readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded'; readonly status: string } // prettier-ignore

const macOf = (key: Uint8Array, message: string): string => createHmac('sha256', key).update(JSON.stringify(['mail that came back', message])).digest('hex').slice(0, 16) // prettier-ignore

/** What of a return address names a mail; in small letters and digits, since servers may change the case of others. */
export function bounceMark(key: Uint8Array, message: string): string {
  return `${message.toLowerCase()}-${macOf(key, message)}`
}

/** The mail that a mark names; undefined where the mark is not of this practice. */
export function markedMessage(key: Uint8Array, mark: string): string | undefined {
  const [message = '', mac = ''] = mark.split('-')
  const named = message.toUpperCase()
  const [right, given] = [Buffer.from(macOf(key, named)), Buffer.from(mac.toLowerCase())]
  return right.length === given.length && timingSafeEqual(right, given) ? named : undefined
}

/** `bounces@clinic.example` with a mark: `bounces+MARK@clinic.example`. */
export function markedAddress(address: string, mark: string): string {
  const at = address.lastIndexOf('@')
  return `${address.slice(0, at)}+${mark}${address.slice(at)}`
}

function markIn(address: string): string | undefined {
  return /^[^+@]+\+([0-9a-z]{26}-[0-9a-f]{16})@/i.exec(address)?.[1]
}

/** What a mail reports of one that was sent; undefined where it is no delivery report. */
export function reportIn(raw: string): DeliveryReport | undefined {
  const text = raw.replaceAll('\r\n', '\n')
  const head = text.slice(0, text.indexOf('\n\n') + 1).replaceAll(/\n[ \t]+/g, ' ')
  if (!/^content-type:\s*multipart\/report\b.*report-type\s*=\s*"?delivery-status/im.test(head)) return undefined
  const fields = /^content-type:\s*message\/delivery-status[^\n]*\n(?:[^\n]+\n)*\n([\s\S]*?)(?:\n--|$(?![\s\S]))/im.exec(text)?.[1]?.replaceAll(/\n[ \t]+/g, ' ') ?? '' // prettier-ignore
  const action = /^action:\s*(failed|delayed|delivered|relayed|expanded)\b/im.exec(fields)?.[1]
  const status = /^status:\s*([245]\.\d{1,3}\.\d{1,3})\b/im.exec(fields)?.[1]
  return action && status ? { action: action.toLowerCase() as DeliveryReport['action'], status } : undefined
}

const largest = 512 * 1024

/** Listens for mails that come back; `taken` resolves when what a report says is durable. */
export async function takeBounces(options: {
  readonly port: number
  readonly host: string
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  readonly taken: (mark: string, report: DeliveryReport) => Promise<void>
  readonly log: (line: string) => void
}): Promise<{ readonly port: number; close(): Promise<void> }> {
  /** Resolves with null when what a mail reports is durable, or with why the sender is to try again. */
  const keep = async (marks: readonly string[], raw: string): Promise<Error | null> => {
    const report = reportIn(raw)
    try {
      if (report) for (const mark of marks) await options.taken(mark, report)
      return null
    } catch (error) {
      options.log(`What a server of mail reported could not be kept: ${(error as Error).name}.`)
      return Object.assign(new Error('Try again.'), { responseCode: 451 })
    }
  }
  const server = new SMTPServer({
    ...options.tls,
    authOptional: true,
    disabledCommands: ['AUTH'],
    size: largest,
    maxClients: 20,
    logger: false,
    onRcptTo: ({ address }, _, done) => done(markIn(address) === undefined ? Object.assign(new Error('Nobody has this address.'), { responseCode: 550 }) : undefined), // prettier-ignore
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      let size = 0
      // Of one that is too long no more is kept than is looked at.
      stream.on('data', (chunk: Buffer) => void ((size += chunk.length) <= largest && chunks.push(chunk)))
      stream.once('error', done)
      const answer = async (): Promise<void> => {
        const marks = session.envelope.rcptTo.flatMap((one) => markIn(one.address) ?? [])
        done(await keep(marks, Buffer.concat(chunks).toString('latin1')))
      }
      stream.once('end', () => void answer())
    },
  })
  // A client that goes away in the middle ends its own connection alone.
  server.on('error', (error) => options.log(`A mail that came back was not taken: ${(error as NodeJS.ErrnoException).code ?? error.name}.`)) // prettier-ignore
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(options.port, options.host, resolve)
  await promise
  return {
    port: (server.server.address() as AddressInfo).port,
    close: () => new Promise((closed) => server.close(() => closed())),
  }
}
