/** A practice behind a proxy: a real one with Basic credentials, in a process of its own, the only place where the portal's name is known. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createReferenceDatabase } from '../../src/bridges/insched/create-sqlite.ts'
import { enroll } from '../../src/enrolling.ts'
import { preferencesOf } from '../../src/mirror/preferences.ts'
import { openPortal } from '../../src/portal.ts'
import type { Portal } from '../../src/portal/portal-face.ts'
import { noProxy, proxyFor } from '../../src/server/proxy.ts'
import { openSite, type Site } from '../../src/site.ts'
import { clock, folder, master } from '../replica/world.ts'
import { authority, certificate } from './certificates.ts'

const name = 'portal.quailbrush.test'
const [user, password] = ['quail', 'seven violet kettles']

describe('which proxy is for an address', () => {
  const machine = { proxy: 'http://proxy.example:3128', bypass: '.internal.example, 10.0.0.5:8443' }
  const asked = (address: string, texts: Record<string, string> = {}, by = machine) =>
    proxyFor(new URL(address), preferencesOf(texts).proxy, by)?.href
  it.each([
    ['the machine’s, where nothing is set', 'wss://portal.example/link', {}, 'http://proxy.example:3128/'],
    ['none for what the machine’s list names', 'wss://portal.internal.example/link', {}, undefined],
    ['none for a port that the list names', 'https://10.0.0.5:8443', {}, undefined],
    ['that of the list for another port', 'https://10.0.0.5', {}, 'http://proxy.example:3128/'],
    ['none for what does not leave this machine', 'ws://127.0.0.1:8080/link', {}, undefined],
    ['none where none is set', 'https://portal.example', { 'proxy.address': 'none' }, undefined],
    ['the one that is set, with user and password', 'https://portal.example', { 'proxy.address': 'http://other.example:80', 'proxy.user': 'a b', 'proxy.password': 'p:@/' }, 'http://a%20b:p%3A%40%2F@other.example/'], // prettier-ignore
    ['none for the list that is set', 'https://portal.example', { 'proxy.address': 'http://other.example', 'proxy.bypass': 'portal.example' }, undefined], // prettier-ignore
  ])('%s', (_, address, texts, wanted) => expect(asked(address, texts)).toBe(wanted))
  it('one of the machine that cannot be read is said to be none', () => {
    expect(() => asked('https://portal.example', {}, { proxy: 'socks5://x', bypass: '' })).toThrow(/HTTPS_PROXY .* names no HTTP proxy/) // prettier-ignore
  })
})

it('the command line takes HTTPS_PROXY and NO_PROXY of its environment', async () => {
  const file = join(folder(), 'insched.db')
  await createReferenceDatabase(file, { patients: 2, now: clock.now() })
  const program = fileURLToPath(new URL('../../bin/patientconnection.js', import.meta.url))
  const enrolling = ['enroll', '--data', join(folder(), 'site'), '--portal', 'https://portal.invalid', '--code', 'x', '--insched', `sqlite:${file}`] // prettier-ignore
  const said = (env: Record<string, string>): Promise<string> =>
    new Promise((done) => {
      execFile(process.execPath, [program, ...enrolling], { env: { ...process.env, ...env } }, (_, __, stderr) => done(stderr)) // prettier-ignore
    })
  const proxied = { HTTPS_PROXY: 'http://127.0.0.1:1' }
  expect(await said(proxied)).toMatch(/The proxy 127\.0\.0\.1:1 cannot be reached \(ECONNREFUSED\)/)
  expect(await said({ ...proxied, NO_PROXY: '.invalid' })).toMatch(/ENOTFOUND|EAI_AGAIN/)
})

describe('a site behind the proxy', () => {
  let proxy: ChildProcess
  let address: string
  const log: string[] = []
  let portal: Portal
  let port: number
  let where: { dir: string; master: typeof master; clock: typeof clock }
  let site: Site
  /** What enrolling said where no proxy was named. */
  let withoutProxy: string
  let issued: Awaited<ReturnType<typeof certificate>>
  const portalDir = join(folder(), 'portal')
  const listening = async (on: number): Promise<void> => {
    portal = await openPortal({ dir: portalDir, master, clock, log: () => {} })
    port = Number(new URL(await portal.listen({ port: on, host: '127.0.0.1', tls: issued })).port)
  }
  beforeAll(async () => {
    proxy = spawn(process.execPath, [fileURLToPath(new URL('proxied.ts', import.meta.url)), name, user, password], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: proxy.stdout! })
    const first = await new Promise<string>((done) => void lines.once('line', done))
    lines.on('line', (line) => void log.push(line))
    address = `http://127.0.0.1:${first}`
    const own = await authority('Quailbrush authority')
    issued = await certificate(own, [name])
    const dir = folder()
    writeFileSync(join(dir, 'own.pem'), own.cert)
    await createReferenceDatabase(join(dir, 'insched.db'), { patients: 6, now: clock.now() })
    await listening(0)
    const { practiceId } = await portal.addPractice({ name: 'Quailbrush', zone: 'America/Phoenix' })
    const { enrollmentCode: code } = portal.addSite({ practice: practiceId, name: 'Mesa' })
    where = { dir: join(dir, 'site'), master, clock }
    const machine = {
      proxy: `http://${user}:${encodeURIComponent(password)}@${new URL(address).host}`,
      bypass: undefined,
    }
    const attempt = { ...where, portal: `https://${name}:${port}`, code, insched: `sqlite:${join(dir, 'insched.db')}`, ca: join(dir, 'own.pem') } // prettier-ignore
    withoutProxy = await enroll(attempt).then(() => '', (error: Error) => error.message) // prettier-ignore
    await enroll({ ...attempt, machine })
    // From here on the machine says nothing: the settings do.
    site = await openSite({ ...where, machine: noProxy })
    await site.preferences.set('proxy.address', address)
    await site.preferences.set('proxy.user', user)
    await site.preferences.set('proxy.password', password)
  })
  afterAll(async () => {
    await site.close()
    await portal.close()
    proxy.kill()
  })

  it('enrolls, uploads and works, and the proxy’s log shows every connection', async () => {
    expect(withoutProxy).toMatch(/ENOTFOUND|EAI_AGAIN/)
    await expect.poll(async () => (await site.status()).link).toBe('connected')
    expect(await site.upload()).toMatchObject({ patients: expect.any(Number) })
    expect((await site.status()).state).toBe('Working')
    expect(log.filter((line) => line === `let through CONNECT ${name}:${port}`).length).toBeGreaterThanOrEqual(2)
    const test = await site.testConnection()
    expect(test.failed).toBeNull()
    expect(test.hops.map(({ hop, state }) => `${hop} ${state}`)).toEqual([
      'name not used',
      'proxy right',
      'TLS right',
      'portal right',
      'sign-in right',
      'clock right',
      'version right',
    ])
    expect((await site.status()).link).toBe('connected')
  })
  it('the password is sealed in the site’s file, and shown to nobody', async () => {
    expect(readFileSync(join(where.dir, 'site.json'), 'utf8')).not.toMatch(/kettles|quail\b/)
    expect(site.preferences.get('proxy.password')).toEqual({ 'proxy.password': '(set)' })
    const changed = await site.preferences.set('proxy.password', 'eight violet kettles')
    expect(changed).toEqual({ key: 'proxy.password', old: '(set)', new: '(set)' })
  })
  it('the wrong password is told apart from a portal that is down, and from a proxy that is away', async () => {
    // The password of the test before is the wrong one.
    const wrong = await site.testConnection()
    expect(wrong.failed).toBe('proxy')
    expect(wrong.hops[1]!.says).toMatch(
      /refuses the user or the password \(407\)\. Set proxy\.user and proxy\.password/,
    )
    await expect.poll(() => log.at(-1)).toBe(`refused CONNECT ${name}:${port}`)
    await portal.close()
    await expect.poll(async () => (await site.status()).problems.join(' ')).toMatch(/\(407\)/)
    await site.preferences.set('proxy.password', password)
    const down = await site.testConnection()
    expect(down.failed).toBe('portal')
    expect(down.hops.slice(1, 4).map(({ state }) => state)).toEqual(['right', 'not reached', 'failed'])
    expect(down.hops[3]!.says).toMatch(/did not get through to the portal/)
    await expect.poll(async () => (await site.status()).problems.join(' ')).toMatch(/did not get through/)
    await listening(port)
    await expect.poll(async () => (await site.status()).link).toBe('connected')
    await site.preferences.set('proxy.address', 'http://127.0.0.1:1')
    expect((await site.testConnection()).hops[1]).toMatchObject({ state: 'failed', says: expect.stringMatching(/cannot be reached \(ECONNREFUSED\)/) }) // prettier-ignore
    await site.preferences.set('proxy.bypass', name)
    expect((await site.testConnection()).failed).toBe('name')
    await site.preferences.set('proxy.bypass', 'none')
    await site.preferences.set('proxy.address', address)
    expect((await site.testConnection()).failed).toBeNull()
  })
  it('a certificate of somebody else is named as such, behind the proxy too', async () => {
    await portal.close()
    const rightful = issued
    issued = await certificate(await authority('Some impostor'), [name])
    await listening(port)
    const test = await site.testConnection()
    expect(test.failed).toBe('TLS')
    expect(test.hops[2]!.says).toMatch(/signed by an authority that is not known here/)
    issued = rightful
  })
})
