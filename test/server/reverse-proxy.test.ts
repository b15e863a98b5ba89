/** Whose word on address and encryption is taken: that of the proxy that the operator named, and nobody else's. */
import { describe, expect, it } from 'vitest'
import { listen } from '../../src/server/listen.ts'
import { callerOf, namedProxies } from '../../src/server/reverse-proxy.ts'
import { browserOf, openPortalWorld } from './world.ts'

const proxies = namedProxies('10.0.0.0/24, 192.0.2.5, 2001:db8::/32')
const from = (remoteAddress: string, headers: Record<string, string> = {}) => callerOf({ headers, socket: { remoteAddress } }, proxies) // prettier-ignore

describe('the address', () => {
  it.each([
    ['a stranger who says to be another', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['the proxy', '10.0.0.7', '198.51.100.1', '198.51.100.1'],
    ['the proxy over an IPv6 socket', '::ffff:10.0.0.7', '198.51.100.1', '198.51.100.1'],
    ['what the stranger wrote before the proxy', '10.0.0.7', '1.2.3.4, 198.51.100.1', '198.51.100.1'],
    ['two proxies in a row', '10.0.0.7', '198.51.100.1, 192.0.2.5', '198.51.100.1'],
    ['what is no address', '10.0.0.7', 'me', '10.0.0.7'],
    ['nothing said', '10.0.0.7', '', '10.0.0.7'],
    ['one person’s IPv6 network', '2001:db8::1', '2400:cb00:1:2:3:4:5:6', '2400:cb00:1:2'],
    ['the same network in short', '2001:db8::1', '2400:cb00:1:2::9', '2400:cb00:1:2'],
  ])('of %s', (_, remote, forwarded, address) => {
    expect(from(remote, { 'x-forwarded-for': forwarded }).address).toBe(address)
  })
})

it('https is believed of the proxy alone, or of the socket itself', () => {
  expect(from('10.0.0.7', { 'x-forwarded-proto': 'https' }).https).toBe(true)
  expect(from('10.0.0.7', { 'x-forwarded-proto': 'http' }).https).toBe(false)
  expect(from('10.0.0.7').https).toBe(false)
  expect(from('203.0.113.9', { 'x-forwarded-proto': 'https' }).https).toBe(false)
  expect(callerOf({ headers: {}, socket: { remoteAddress: '203.0.113.9', encrypted: true } }, proxies).https).toBe(true)
})

it.each(['proxy', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '2001:db8::/129', '', '10.0.0.0/-1'])(
  '%j is no address or range, and is said to be none',
  (text) => {
    // prettier-ignore
    expect(() => namedProxies(text)).toThrow(/--behind-proxy takes the proxy's address or range/)
  },
)

it('plain http off loopback is refused, unless a proxy is named', async () => {
  const app = (): Response => new Response('')
  await expect(listen(app, { port: 0, host: '0.0.0.0' })).rejects.toThrow(/answers on this machine only/)
})

it('behind a proxy, a request that it does not mark https gets nothing but the health check', async () => {
  const world = await openPortalWorld({ proxies, secure: true })
  const direct = browserOf(world.app, '203.0.113.9')
  expect((await direct.get('/sign-in', { 'x-forwarded-proto': 'https' })).status).toBe(403)
  expect((await direct.post('/enroll', {})).status).toBe(403)
  expect((await direct.get('/healthz')).status).toBe(200)
  const through = browserOf(world.app, '10.0.0.7')
  expect((await through.get('/sign-in', { 'x-forwarded-proto': 'http' })).status).toBe(403)
  expect((await through.get('/sign-in', { 'x-forwarded-proto': 'https' })).status).toBe(200)
  await world.close()
})

it('behind a proxy, tries are counted by the address that the proxy says', async () => {
  const world = await openPortalWorld({ proxies, secure: true })
  const browser = browserOf(world.app, '10.0.0.7')
  const attempt = async (address: string, name: string) =>
    (await browser.post('/sign-in', { name, password: 'x' }, { 'x-forwarded-proto': 'https', 'x-forwarded-for': address })).status // prettier-ignore
  for (let i = 0; i < 10; i++) expect(await attempt('198.51.100.1', `name ${i}`)).toBe(401)
  expect(await attempt('198.51.100.1', 'one more')).toBe(429)
  expect(await attempt('198.51.100.2', 'one more')).toBe(401)
  await world.close()
})
