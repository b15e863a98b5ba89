/**
 * The one place where a site makes connections: the enrolment's request, the link's WebSocket, and what bridges ask of
 * the outside. TLS, or plain on this machine; through the proxy that the settings or the machine name. A practice with an
 * authority of its own names its certificate, and then that one alone counts, beside one of the proxy's network.
 */
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { WebSocket } from 'ws'
import { preferencesOf, type ProxyPreferences } from '../mirror/preferences.ts'
import { noProxy, ProxyFailed, proxyFor, throughProxy, type ProxyEnvironment } from './proxy.ts'

export interface Dialing {
  /** Posts JSON; resolves with status and body (undefined where it is no JSON); rejects where nothing answers. */
  post(url: URL, body: unknown): Promise<{ readonly status: number; readonly body: unknown }>
  /** Asks what an SDK of a bridge wants to know; resolves with the answer whatever its status; rejects where none came. */
  ask(request: Asked): Promise<Answered>
  /** Opens a WebSocket. */
  dial(url: string): WebSocket
}
export interface Asked {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}
export interface Answered { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string } // prettier-ignore

export interface DialingOptions {
  /** The authority that alone counts, PEM; undefined: those that the machine knows. */
  readonly ca: string | undefined
  /** The proxy as it is set now. */
  readonly proxy?: () => ProxyPreferences
  readonly machine?: ProxyEnvironment | undefined
}

const mostAnswered = 1024 * 1024
const patience = 20_000

const asTheMachineSays = (): ProxyPreferences => preferencesOf({}).proxy

/** Connections as the settings say at the moment of each. */
export function dialing({ ca, proxy = asTheMachineSays, machine }: DialingOptions): Dialing {
  const how = (url: URL): { ca?: string[]; agent?: ReturnType<typeof throughProxy> } => {
    const set = proxy()
    const more = set.ca === '' ? [] : [set.ca]
    const trusted = ca === undefined ? (more.length > 0 ? [...rootCertificates, ...more] : undefined) : [ca, ...more]
    const through = proxyFor(url, set, machine ?? noProxy)
    return { ...(trusted ? { ca: trusted } : {}), ...(through ? { agent: throughProxy(through, trusted) } : {}) }
  }
  const ask = ({ method, url, headers, body }: Asked): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(
        url,
        { method, headers, agent: false, timeout: patience, ...how(url) },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8')
          answer.on('data', (part: string) => {
            text += part
            if (text.length > mostAnswered) answer.destroy(new Error('The answer is too long.'))
          })
          answer.on('error', reject)
          answer.on('end', () => {
            const said = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const)
            resolve({ status: answer.statusCode ?? 0, headers: Object.fromEntries(said), body: text })
          })
        },
      )
      request.on('timeout', () => request.destroy(new Error('No answer came.')))
      request.on('error', reject)
      request.end(body)
    })
  return {
    ask,
    async post(url, body) {
      const answer = await ask({ method: 'POST', url, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }) // prettier-ignore
      return { status: answer.status, body: jsonOf(answer.body) }
    },
    dial: (url) => new WebSocket(url, { maxPayload: 8 * 1024 * 1024, ...how(new URL(url)) }),
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // What answers in something else than JSON is no portal, and is told so by its status.
    return undefined
  }
}

/** Certificates in PEM as they are in a file; throws a sentence where the first of them is none. */
export function certificatesOf(pem: string, file: string): string {
  let first: X509Certificate
  try {
    first = new X509Certificate(pem)
  } catch (cause) {
    throw new Error(`${file} is no certificate. --ca takes the authority's certificate as a PEM file.`, { cause })
  }
  // Where the file held the bytes alone, this is what TLS takes.
  return pem.includes('-----BEGIN') ? pem : first.toString()
}

const expired = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])
const unknownAuthority = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
])

/** Whether a connection failed because of TLS: the other end was reached, and is not trusted or does not speak it. */
export function isOfCertificate({ code = '' }: { code?: string }): boolean {
  return unknownAuthority.has(code) || expired.has(code) || /^(ERR_TLS|ERR_SSL|EPROTO)/.test(code)
}

/** Why a connection failed, as a sentence with what to do. */
export function whyUnreached(error: Error & { code?: string }): string {
  if (error instanceof ProxyFailed) return error.message
  const code = error.code ?? ''
  if (unknownAuthority.has(code))
    return 'The portal’s certificate is signed by an authority that is not known here. If it is the practice’s own, enroll with --ca and the authority’s certificate; if not, do not connect.'
  if (expired.has(code))
    return 'The portal’s certificate is not valid today. Look at its dates, and at this machine’s clock.'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'The portal’s certificate is for another name. Use the address that the certificate is for.'
  if (/^(ERR_TLS|ERR_SSL|EPROTO)/.test(code))
    return `What answers at the portal’s address does not speak TLS as it should (${code}).`
  return `The portal cannot be reached (${code || error.message}). Check that it runs and that its address is right.`
}
