/** The console on the practice's network: over TLS alone, by the names of its certificate alone, its cookies Secure. */
import { request } from 'node:https'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serveConsole, type ServedConsole } from '../../src/server/console/serve-console.ts'
import { folder, master } from '../replica/world.ts'
import { authority, certificate, type Issued } from './certificates.ts'
import { openSiteWorld, type SiteWorld } from './site-world.ts'

let world: SiteWorld
let own: Issued
let tls: Issued
let served: ServedConsole
beforeAll(async () => {
  world = await openSiteWorld(4)
  own = await authority('Quailbrush authority')
  tls = await certificate(own, ['console.quailbrush.example', '127.0.0.1'])
  served = await serve('0.0.0.0', tls)
})
afterAll(async () => {
  await served.close()
  await world.close()
})
const serve = (host: string, by?: Issued) => serveConsole({ site: world.site, dir: folder(), master, port: 0, host, tls: by, clock: world.clock, say: () => {} }) // prettier-ignore

interface Got { readonly status: number; readonly cookies: readonly string[]; readonly text: string; readonly hsts: string | undefined } // prettier-ignore
/** Asks over TLS with a header Host of one's own, as a browser would that was pointed here. */
function ask(path: string, host: string, body?: string, more: Record<string, string> = {}): Promise<Got> {
  const form = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(body.length) } // prettier-ignore
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port: new URL(served.url).port, path, ca: own.cert, checkServerIdentity: () => undefined, method: body === undefined ? 'GET' : 'POST', headers: { host, ...form, ...more } }, // prettier-ignore
      (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (part: string) => void (text += part))
        answer.on('end', () => resolve({ status: answer.statusCode!, cookies: answer.headers['set-cookie'] ?? [], text, hsts: answer.headers['strict-transport-security'] })) // prettier-ignore
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })
}

it('plain http beyond this machine is refused with a sentence, and a certificate for another name too', async () => {
  await expect(serve('0.0.0.0')).rejects.toThrow('Without a certificate the console answers on this machine only. Give --console-tls-cert') // prettier-ignore
  await expect(serve('192.0.2.9', tls)).rejects.toThrow('is for console.quailbrush.example, 127.0.0.1, not for 192.0.2.9') // prettier-ignore
  await expect(serve('0.0.0.0', { cert: 'none', key: 'none' })).rejects.toThrow('is no certificate')
})

it('its address and the link of the first user are those of the certificate', () => {
  expect(served.url).toMatch(/^https:\/\/console\.quailbrush\.example:\d+$/)
  expect(served.setup).toMatch(/^https:\/\/console\.quailbrush\.example:\d+\/first-user\?code=/)
})

it('answers by the names of its certificate and by no other', async () => {
  for (const host of ['console.quailbrush.example', 'CONSOLE.quailbrush.example:443', '127.0.0.1:1', 'localhost'])
    expect((await ask('/sign-in', host)).status, host).toBe(200)
  for (const host of ['evil.example', 'console.quailbrush.example.evil.example', '192.0.2.9'])
    expect((await ask('/sign-in', host)).status, host).toBe(421)
})

it('a form that another site made is refused; cookies are Secure and of this host alone', async () => {
  const host = 'console.quailbrush.example'
  const code = new URL(served.setup!).searchParams.get('code')!
  const body = new URLSearchParams({ code, name: 'Jo Desk', initials: 'JD', password: 'seven violet kettles' }).toString() // prettier-ignore
  expect((await ask('/first-user', host, body, { origin: 'https://evil.example' })).status).toBe(403)
  const made = await ask('/first-user', host, body, { origin: `https://${host}` })
  expect(made.status).toBe(303)
  expect(made.hsts).toContain('max-age')
  expect(made.cookies.join()).toMatch(/^__Host-console-[^;]+;.*HttpOnly.*Secure/)
})
