/** A mail server for trying things out: it takes every mail, on this machine only, and keeps the newest to be looked at. It delivers nothing. */
import { SMTPServer } from 'smtp-server'
import type { AddressInfo } from 'node:net'

export interface SandboxMail {
  readonly at: number
  readonly to: string
  readonly from: string
  readonly subject: string
  readonly text: string
}
export interface MailSandbox {
  /** `smtp://127.0.0.1:<port>`. */
  readonly url: string
  /** The newest first. */
  mails(): readonly SandboxMail[]
  close(): Promise<void>
}

const kept = 50
const largest = 256 * 1024

/** Listens on a port of loopback, a free one by default; `taken` is told of each mail, `raw` of each as it came, `envelope` of where it comes back to. */
export async function mailSandbox(options: { now: () => number; port?: number; taken?: (mail: SandboxMail) => void; raw?: (mail: string) => void; envelope?: (from: string) => void }): Promise<MailSandbox> {
  const held: SandboxMail[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    size: largest,
    logger: false,
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => void chunks.push(chunk))
      stream.once('error', done)
      stream.once('end', () => {
        const to = session.envelope.rcptTo.map((one) => one.address).join(', ')
        if (session.envelope.mailFrom) options.envelope?.(session.envelope.mailFrom.address)
        options.raw?.(Buffer.concat(chunks).toString('latin1'))
        const mail = { at: options.now(), to, ...readMail(Buffer.concat(chunks).toString('latin1')) }
        held.unshift(mail)
        held.splice(kept)
        options.taken?.(mail)
        done()
      })
    },
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(options.port ?? 0, '127.0.0.1', resolve)
  await promise
  const { port } = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails: () => held,
    close: () => new Promise((closed) => server.close(() => closed())),
  }
} // prettier-ignore

/** From, subject and text of a mail as ours are: one part of text (RFC 5322, 2047, 2045 6.7). */
function readMail(raw: string): Pick<SandboxMail, 'from' | 'subject' | 'text'> {
  const [head = '', ...body] = raw.split('\r\n\r\n')
  const headers = head.replaceAll(/\r\n[ \t]+/g, ' ')
  const header = (name: string): string => encodedWords(new RegExp(`^${name}: (.*)$`, 'im').exec(headers)?.[1] ?? '')
  const text = /^content-transfer-encoding: quoted-printable/im.test(headers)
    ? quotedPrintable(body.join('\r\n\r\n').replaceAll(/=\r\n/g, ''))
    : body.join('\r\n\r\n')
  return { from: header('from'), subject: header('subject'), text: text.replaceAll('\r\n', '\n').trim() }
}

function quotedPrintable(text: string): string {
  const bytes = text.replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

function encodedWords(text: string): string {
  return text
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([qb])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(word, 'base64').toString('utf8')
        : quotedPrintable(word.replaceAll('_', ' ')),
    )
}
