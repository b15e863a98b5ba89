/**
 * By which names a console answers. On loopback by this machine's alone; on the practice's network over TLS also by those
 * of its certificate, and by no others: a page elsewhere that points a name of its own here is turned away.
 */
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { loopback } from '../listen.ts'

export interface ConsoleTls { readonly cert: string; readonly key: string } // prettier-ignore

const everywhere: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]'])

/** Whether a header Host names this console. */
export function namesOf(tls: ConsoleTls | undefined): (host: string) => boolean {
  const certificate = tls && new X509Certificate(tls.cert)
  return (header) => {
    const host = header.replace(/:\d+$/, '').toLowerCase()
    if (loopback.has(host)) return true
    if (!certificate) return false
    const bare = host.replaceAll(/[[\]]/g, '')
    return (isIP(bare) === 0 ? certificate.checkHost(bare) : certificate.checkIP(bare)) !== undefined
  }
}

/**
 * The host of the console's own address: the one that it listens on, or where that is every one, the first that its
 * certificate is for. Throws a sentence where plain http would leave the machine, or nobody could open it.
 */
export function ownHost(host: string, tls: ConsoleTls | undefined): string {
  if (!tls && !loopback.has(host))
    throw new Error(
      `Without a certificate the console answers on this machine only. Give --console-tls-cert and --console-tls-key, or leave --console-host ${host} away.`,
    )
  if (!tls || loopback.has(host)) return host
  const names = certificateNames(tls.cert)
  if (names.length === 0)
    throw new Error('The certificate of --console-tls-cert has no subject alternative name, so no browser accepts it.')
  if (everywhere.has(host)) return names[0]!
  if (!namesOf(tls)(host))
    throw new Error(`The certificate of --console-tls-cert is for ${names.join(', ')}, not for ${host}.`)
  return host
}

function certificateNames(pem: string): string[] {
  let names: string | undefined
  try {
    names = new X509Certificate(pem).subjectAltName
  } catch (cause) {
    throw new Error('What --console-tls-cert names is no certificate (PEM).', { cause })
  }
  return (names ?? '').split(', ').flatMap((one) => /^(?:DNS|IP Address):([^*]+)$/.exec(one)?.[1] ?? [])
}
