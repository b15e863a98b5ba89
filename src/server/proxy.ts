/**
 * The HTTP proxy between a site and what it connects to: which one is for an address, and a tunnel through it by CONNECT
 * that says apart whether the proxy is away, refuses the user, or cannot reach the other end. Plain connections stay on this
 * machine and have none.
 */
import type { ClientRequest } from 'node:http'
import { HttpsProxyAgent } from 'https-proxy-agent'
import type { ProxyPreferences } from '../mirror/preferences.ts'

/** What the machine says: HTTPS_PROXY and NO_PROXY. */
export interface ProxyEnvironment {
  readonly proxy: string | undefined
  readonly bypass: string | undefined
}

export const noProxy: ProxyEnvironment = { proxy: undefined, bypass: undefined }

/** The connection failed at the proxy; `status` is what it answered, undefined where it did not. */
export class ProxyFailed extends Error {
  override readonly name = 'ProxyFailed'
  readonly status: number | undefined
  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

/** The proxy for an address, with user and password; undefined where it is reached without. Throws a sentence where the machine names none that can be read. */
export function proxyFor(target: URL, set: ProxyPreferences, machine: ProxyEnvironment): URL | undefined {
  if (!/^(https|wss):$/.test(target.protocol) || set.address === 'none') return undefined
  const fromMachine = set.address === 'environment'
  const bypass = fromMachine ? (machine.bypass ?? '').split(/[\s,]+/).filter(Boolean) : set.bypass
  if (bypass.some((name) => bypasses(name, target))) return undefined
  if (!fromMachine) {
    const url = new URL(set.address)
    url.username = encodeURIComponent(set.user)
    url.password = encodeURIComponent(set.password)
    return url
  }
  if (machine.proxy === undefined || machine.proxy === '') return undefined
  const named = machine.proxy.includes('://') ? machine.proxy : `http://${machine.proxy}`
  if (!URL.canParse(named) || !/^https?:$/.test(new URL(named).protocol))
    throw new ProxyFailed('HTTPS_PROXY of this machine names no HTTP proxy. Write it like http://proxy.example:3128, or set proxy.address.') // prettier-ignore
  return new URL(named)
}

/** Whether a name of a bypass list means this address: a host, all below `.example.org`, either with a port, or `*`. */
function bypasses(name: string, target: URL): boolean {
  if (name === '*') return true
  const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(name.toLowerCase().replace(/^\*\./, '.'))!
  if (port !== undefined && port !== (target.port || '443')) return false
  const asked = target.hostname.replace(/^\[|\]$/g, '')
  return host!.startsWith('.') ? asked.endsWith(host!) || asked === host!.slice(1) : asked === host
}

/** An agent whose connections go through the proxy. `ca`: the authorities that count for a proxy that speaks https. */
export function throughProxy(proxy: URL, ca: readonly string[] | undefined): HttpsProxyAgent<string> {
  return new Tunnel(proxy.href, ca === undefined ? {} : { ca: [...ca] })
}

class Tunnel extends HttpsProxyAgent<string> {
  override async connect(...given: Parameters<HttpsProxyAgent<string>['connect']>) {
    const [request] = given
    const at = this.proxy.host
    let refused: ProxyFailed | undefined
    const answered = ({ statusCode }: { statusCode: number }): void => {
      if (statusCode !== 200) refused = new ProxyFailed(whyRefused(at, statusCode), statusCode)
    }
    ;(request as ClientRequest).once('proxyConnect', answered)
    try {
      const socket = await super.connect(...given)
      // What the library gives then would replay the proxy's answer as if it were the other end's.
      if (refused) socket.destroy()
      else return socket
    } catch (cause) {
      throw new ProxyFailed(
        `The proxy ${at} cannot be reached (${(cause as NodeJS.ErrnoException).code ?? (cause as Error).message}). Check proxy.address.`,
        undefined,
        { cause },
      )
    }
    throw refused
  }
}

function whyRefused(proxy: string, status: number): string {
  if (status === 407)
    return `The proxy ${proxy} refuses the user or the password (407). Set proxy.user and proxy.password.`
  if (status === 403)
    return `The proxy ${proxy} does not allow connections to the portal (403). Ask who runs the proxy.`
  return `The proxy ${proxy} answers, but did not get through to the portal (${status}). Check that the portal runs and that its address is right.`
}
