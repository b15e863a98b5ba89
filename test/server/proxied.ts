/** A proxy with Basic credentials as a process of its own: the one place where the portal's name is known. Arguments: name, user, password. Prints its port, then each connection. */
import dns from 'node:dns'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createProxy } from 'proxy'

const [, , name, user, password] = process.argv
const lookup = dns.lookup
Object.assign(dns, {
  lookup(host: string, ...rest: unknown[]) {
    return (lookup as (...given: unknown[]) => void)(host === name ? '127.0.0.1' : host, ...rest)
  },
})
const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
const proxy = createProxy(createServer())
proxy.authenticate = (request) => {
  const right = request.headers['proxy-authorization'] === wanted
  process.stdout.write(`${right ? 'let through' : 'refused'} ${request.method} ${request.url}\n`)
  return right
}
proxy.listen(0, '127.0.0.1', () => process.stdout.write(`${(proxy.address() as AddressInfo).port}\n`))
