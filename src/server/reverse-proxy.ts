/**
 * Who calls, and whether the way is encrypted. What a request says of itself (X-Forwarded-For, X-Forwarded-Proto) is
 * believed only when it comes from an address that the operator named with --behind-proxy; else anybody could be anyone.
 */
import { BlockList, isIP } from 'node:net'

/** Whether an address is one of the proxies named. */
export type NamedProxies = (address: string) => boolean

/** From addresses and CIDR ranges with commas between; throws a sentence where one is none. */
export function namedProxies(text: string): NamedProxies {
  const list = new BlockList()
  for (const part of text.split(',').map((one) => one.trim())) {
    const [address = '', prefix, ...rest] = part.split('/')
    const family = isIP(address)
    const bits = prefix === undefined ? (family === 6 ? 128 : 32) : Number(prefix)
    if (
      family === 0 ||
      rest.length > 0 ||
      !/^\d*$/.test(prefix ?? '') ||
      prefix === '' ||
      bits > (family === 6 ? 128 : 32)
    )
      throw new Error(`--behind-proxy takes the proxy's address or range, like 10.0.0.5 or 10.0.0.0/24, not ${part}.`)
    list.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4')
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** The parts of a request that say where it comes from. */
export interface Incoming {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly socket: { readonly remoteAddress?: string | undefined; readonly encrypted?: boolean | undefined }
}

export interface Caller {
  /** For throttling: the address, of IPv6 the /64 that one person is given. */
  readonly address: string
  /** The whole way is encrypted, as far as can be known. */
  readonly https: boolean
}

export function callerOf(incoming: Incoming, proxies: NamedProxies | undefined): Caller {
  const { headers, socket } = incoming
  const remote = plainAddress(socket.remoteAddress ?? '')
  if (!proxies?.(remote)) return { address: person(remote), https: socket.encrypted === true }
  // The nearest to us is at the right; what is left of the first stranger, that stranger may have made up.
  const hops = said(headers['x-forwarded-for']).map(plainAddress)
  const stranger = hops.findLast((hop) => !proxies(hop))
  const address = stranger !== undefined && isIP(stranger) !== 0 ? stranger : remote
  return { address: person(address), https: said(headers['x-forwarded-proto']).at(-1)?.toLowerCase() === 'https' }
}

function said(header: string | readonly string[] | undefined): string[] {
  const text = typeof header === 'string' ? header : (header ?? []).join(',')
  return text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]))
}

/** An IPv4 address that came over an IPv6 socket is the IPv4 address. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

function person(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.split('%')[0]!.split('::')
  const [left, right] = [head.split(':').filter(Boolean), (tail ?? '').split(':').filter(Boolean)]
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  return [...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4).map((part) => Number.parseInt(part, 16).toString(16)).join(':') // prettier-ignore
}
