/** Enrolment and link over TLS with an authority of the practice's own; every other certificate is refused, with a sentence. */
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createReferenceDatabase } from '../../src/bridges/insched/create-sqlite.ts'
import { openPortal } from '../../src/portal.ts'
import type { Portal } from '../../src/portal/portal-face.ts'
import { namedProxies } from '../../src/server/reverse-proxy.ts'
import { enroll } from '../../src/enrolling.ts'
import { openSite } from '../../src/site.ts'
import { freePort, run, start } from '../cli/office.ts'
import { clock, folder, master } from '../replica/world.ts'
import { authority, certificate, type Issued } from './certificates.ts'

let dir: string
let own: Issued
let insched: string
beforeAll(async () => {
  dir = folder()
  own = await authority('Quailbrush authority')
  insched = join(dir, 'insched.db')
  writeFileSync(join(dir, 'own.pem'), own.cert)
  writeFileSync(join(dir, 'other.pem'), (await authority('Some other authority')).cert)
  await createReferenceDatabase(insched, { patients: 4, now: clock.now() })
})

/** A portal in this process behind a certificate, with the code of a new site. */
async function portalWith(tls: Issued, publicUrl?: string): Promise<{ portal: Portal; url: string; code: string }> {
  const portal = await openPortal({ dir: join(folder(), 'portal'), master, clock, log: () => {} })
  const url = await portal.listen({ port: 0, host: '127.0.0.1', tls, publicUrl })
  const { practiceId } = await portal.addPractice({ name: 'Quailbrush', zone: 'America/Phoenix' })
  return { portal, url, code: portal.addSite({ practice: practiceId, name: 'Mesa' }).enrollmentCode }
}

it('the whole enrolment and link work, and invitations carry the address that patients see', async () => {
  const { portal, url, code } = await portalWith(await certificate(own, ['127.0.0.1', 'localhost']), 'https://portal.quailbrush.example') // prettier-ignore
  const where = { dir: join(dir, 'site'), master, clock }
  await enroll({ ...where, portal: url, code, insched: `sqlite:${insched}`, ca: join(dir, 'own.pem') })
  const site = await openSite(where)
  try {
    expect(await site.upload()).toMatchObject({ patients: expect.any(Number), events: expect.any(Number) })
    expect((await site.status()).state).toBe('Working')
    expect((await site.invite(1)).url).toMatch(/^https:\/\/portal\.quailbrush\.example\/invitation\//)
  } finally {
    await site.close()
    await portal.close()
  }
})

describe('a portal is refused, the code not used and nothing bound', () => {
  let other: string
  beforeAll(async () => {
    other = join(dir, 'other.db')
    await createReferenceDatabase(other, { patients: 2, now: clock.now() })
  })
  it.each([
    ['of an authority that is not known', ['127.0.0.1'], undefined, false, /signed by an authority that is not known here.*--ca/], // prettier-ignore
    ['of another authority than the one named', ['127.0.0.1'], 'other.pem', false, /signed by an authority that is not known here/], // prettier-ignore
    [
      'whose certificate is for another name',
      ['elsewhere.example'],
      'own.pem',
      false,
      /certificate is for another name/,
    ],
    ['whose certificate is over', ['127.0.0.1'], 'own.pem', true, /certificate is not valid today/],
  ])('%s', async (_, names, ca, expired, sentence) => {
    const { portal, url, code } = await portalWith(await certificate(own, names, expired))
    const attempt = { dir: join(folder(), 'site'), master, clock, portal: url, code, insched: `sqlite:${other}` }
    await expect(enroll({ ...attempt, ca: ca && join(dir, ca) })).rejects.toThrow(sentence)
    await expect(enroll({ ...attempt, ca: ca && join(dir, ca) })).rejects.toThrow(/The code was not used/)
    await portal.close()
  })
  it('and the link says why, when the portal comes back with a certificate of somebody else', async () => {
    const first = await portalWith(await certificate(own, ['127.0.0.1']))
    const where = { dir: join(folder(), 'site'), master, clock }
    await enroll({
      ...where,
      portal: first.url,
      code: first.code,
      insched: `sqlite:${other}`,
      ca: join(dir, 'own.pem'),
    })
    await first.portal.close()
    const impostor = await openPortal({ dir: join(folder(), 'portal'), master, clock, log: () => {} })
    const stranger = await authority('Some impostor')
    await impostor.listen({ port: Number(new URL(first.url).port), host: '127.0.0.1', tls: await certificate(stranger, ['127.0.0.1']) }) // prettier-ignore
    const site = await openSite(where)
    await expect.poll(async () => (await site.status()).problems.join()).toContain('signed by an authority that is not known here') // prettier-ignore
    await site.close()
    await impostor.close()
  })
  it('a --ca that is no certificate is said to be none', async () => {
    writeFileSync(join(dir, 'no.pem'), 'hello')
    const attempt = { dir: join(folder(), 'site'), master, clock, portal: 'https://127.0.0.1:1', code: 'x', insched: `sqlite:${other}` } // prettier-ignore
    await expect(enroll({ ...attempt, ca: join(dir, 'no.pem') })).rejects.toThrow(/is no certificate/)
    await expect(enroll({ ...attempt, ca: join(dir, 'none.pem') })).rejects.toThrow(/There is no file/)
  })
})

describe('the portal behind a proxy', () => {
  let portal: Portal
  let url: string
  beforeAll(async () => {
    portal = await openPortal({ dir: join(folder(), 'portal'), master, clock, log: () => {} })
    url = await portal.listen({ port: 0, host: '127.0.0.1', behindProxy: namedProxies('127.0.0.0/8') })
  })
  afterAll(() => portal.close())
  const open = (headers: Record<string, string>): Promise<string> =>
    new Promise((done) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/link`, { headers })
      socket.once('message', () => {
        socket.terminate()
        done('challenged')
      })
      socket.once('error', () => done('refused'))
    })
  it('takes a link that the proxy marks https, and no other', async () => {
    expect(await open({ 'x-forwarded-proto': 'https' })).toBe('challenged')
    expect(await open({ 'x-forwarded-proto': 'http' })).toBe('refused')
    expect(await open({})).toBe('refused')
  })
})

it('the commands of this machine are on a port of their own: the public one has no /control/', async () => {
  const folderOfPortal = join(folder(), 'portal')
  const port = String(await freePort())
  const portal = await start(
    'portal',
    '--data',
    folderOfPortal,
    '--port',
    port,
    '--public-url',
    'https://portal.example',
  )
  try {
    const control = JSON.parse(readFileSync(join(folderOfPortal, 'control.json'), 'utf8')) as { url: string; token: string } // prettier-ignore
    expect(new URL(control.url).port).not.toBe(port)
    expect(new URL(control.url).hostname).toBe('127.0.0.1')
    const ask = (at: string) =>
      new Promise<number>((done) => {
        const headers = { authorization: `Bearer ${control.token}`, 'content-type': 'application/json' }
        const sent = request(
          `${at}/control/${encodeURIComponent('practice add')}`,
          { method: 'POST', headers },
          (answer) => {
            // prettier-ignore
            answer.resume()
            done(answer.statusCode!)
          },
        )
        sent.end('{}')
      })
    expect(await ask(portal.url)).toBe(401)
    expect(await ask(control.url)).toBe(422)
    expect((await run('practice', 'add', '--data', folderOfPortal, '--name', 'X', '--zone', 'America/Phoenix')).code).toBe(0) // prettier-ignore
  } finally {
    await portal.kill()
  }
})

it.each([
  ['--public-url', 'http://portal.example'],
  ['--public-url', 'https://portal.example/path'],
  ['--behind-proxy', 'nginx'],
  ['--tls-cert', 'cert.pem'],
])('portal %s %s is wrong usage', async (option, value) => {
  expect((await run('portal', '--data', join(dir, 'p'), option, value)).code).toBe(2)
})
