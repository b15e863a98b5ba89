/**
 * The one place from which mail leaves: SMTP, encrypted unless the server is this machine. A mail is tried again while it
 * is still of use; what fails for good is logged by its code, without an address or a word of it.
 */
import { getSystemErrorName } from 'node:util'
import { createTransport } from 'nodemailer'
import type { Clock } from '../../replica/clock.ts'
import { markedAddress } from './bounces.ts'

/** A mail as text. It names the practice by its display name and holds a code or a link; never a datum of a patient (DOM-12). */
export interface Mail {
  readonly to: string
  /** The practice's display name. */
  readonly from: string
  readonly subject: string
  readonly text: string
  /** After this it is of no use; milliseconds UTC. */
  readonly until: number
  /** A link by which whoever gets it gets no more, also by one press in a mail program (RFC 8058). */
  readonly stop?: string | undefined
  /** Names it in its return address, so that it is known when it comes back. */
  readonly mark?: string | undefined
}
export interface Mailer {
  /**
   * Hands a mail to the server, once; resolves with null when the server has taken it, else with the code of what went wrong:
   * the server's, or the connection's, also where no answer came and it may have been taken.
   */
  deliver(mail: Mail): Promise<string | null>
  /** Takes a mail and returns at once: how long sending takes tells nobody whether there was one to send. */
  send(mail: Mail): void
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** Whether a mail was surely not taken: there was no connection, or the server's own “not now” (RFC 5321, 4.2.1). */
export function isNotTaken(outcome: string): boolean {
  return /^(4\d\d|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ECONNECTION|ENOTFOUND|EDNS|ETLS|EAUTH|EPROXY)$/.test(outcome)
}

const tryAgainAfter = [1_000, 5_000, 20_000, 60_000]
const loopback = /^(localhost|127\.0\.0\.1|\[::1\])$/

/** A mailer to `smtp://` or `smtps://user:password@host:port`; throws a sentence where the address is none. */
export function smtpMailer(options: {
  readonly url: string
  /** The address that mails come from. */
  readonly address: string
  /** Where what cannot be delivered is to come back; without it a mail that comes back is known to nobody. */
  readonly bounces?: string | undefined
  readonly clock: Clock
  readonly log: (line: string) => void
}): Mailer {
  const { address, bounces, clock, log } = options
  const url = URL.canParse(options.url) ? new URL(options.url) : undefined
  // The address may hold a password: it is not repeated.
  if (!url || !/^smtps?:$/.test(url.protocol) || url.hostname === '')
    throw new Error('The mail server is written like smtps://user:password@mail.example:465.')
  if (!/^[^\s@<>]+@[^\s@<>]+$/.test(address)) throw new Error('--mail-from takes the address that mails come from, like portal@clinic.example.') // prettier-ignore
  const transport = createTransport({
    host: url.hostname.replaceAll(/[[\]]/g, ''),
    port: Number(url.port) || (url.protocol === 'smtps:' ? 465 : 587),
    secure: url.protocol === 'smtps:',
    requireTLS: url.protocol === 'smtp:' && !loopback.test(url.hostname),
    ignoreTLS: url.protocol === 'smtp:' && loopback.test(url.hostname),
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(url.username ? { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } } : {}), // prettier-ignore
  })
  const underWay = new Set<Promise<void>>()
  const waiting = new Set<() => void>()

  const handOver = ({ to, from: name, subject, text, stop, mark }: Mail): Promise<unknown> => {
    const envelope =
      bounces === undefined || mark === undefined ? {} : { envelope: { from: markedAddress(bounces, mark), to } }
    const headers = { 'Auto-Submitted': 'auto-generated', ...(stop === undefined ? {} : { 'List-Unsubscribe': `<${stop}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }) } // prettier-ignore
    return transport.sendMail({ from: { name, address }, to: { name: '', address: to }, subject, text, textEncoding: 'quoted-printable', headers, ...envelope }) // prettier-ignore
  }
  const attempt = async (mail: Mail, tries: number): Promise<void> => {
    try {
      await handOver(mail)
    } catch (error) {
      const { code = 'unknown', responseCode } = error as { code?: string; responseCode?: number }
      const pause = tryAgainAfter[tries]
      // RFC 5321, 4.2.1: 5yz is for good; anything else may pass.
      const forGood = responseCode !== undefined && responseCode >= 500
      if (forGood || pause === undefined || clock.now() + pause > mail.until)
        return log(`An email could not be sent: ${code}${responseCode === undefined ? '' : ` ${responseCode}`}. Look at --smtp and --mail-from.`) // prettier-ignore
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const cancel = clock.after(pause, () => resolve(true))
      const giveUp = (): void => {
        cancel()
        resolve(false)
      }
      waiting.add(giveUp)
      const goOn = await promise
      waiting.delete(giveUp)
      if (goOn) await attempt(mail, tries + 1)
    }
  }
  return {
    async deliver(mail) {
      try {
        await handOver(mail)
        return null
      } catch (error) {
        const { code = 'unknown', responseCode, syscall, errno } = error as { code?: string; responseCode?: number; syscall?: string; errno?: number } // prettier-ignore
        if (responseCode !== undefined) return String(responseCode)
        // One code stands for all that sockets do: only before there was a connection nothing can have been taken.
        return syscall === 'connect' && errno !== undefined ? getSystemErrorName(errno) : code
      }
    },
    send(mail) {
      const job = attempt(mail, 0).finally(() => void underWay.delete(job))
      underWay.add(job)
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
    async close() {
      for (const giveUp of waiting) giveUp()
      while (underWay.size > 0) await Promise.all(underWay)
      transport.close()
    },
  }
}
