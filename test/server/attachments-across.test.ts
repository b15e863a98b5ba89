/** Files from the office to a patient and back: over the command line and the console, the link, and the portal's pages; and gone with the patient. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Attachment } from '../../src/replica/kinds/attachments.ts'
import type { OpenReplica } from '../../src/replica/replica.ts'
import { withFiles } from '../../src/server/attachments/taking.ts'
import { siteOperations } from '../../src/server/console/site-operations.ts'
import { ulid } from '../replica/world.ts'
import { archive, pdf } from './attached-files.ts'
import { setUpFactor } from './authenticator.ts'
import { openSiteWorld, type SiteWorld } from './site-world.ts'
import { browserOf, type Browser } from './world.ts'

const host = '127.0.0.1:8090'
let world: SiteWorld
let staff: Browser
let portal: OpenReplica
let patient: string
let operations: ReturnType<typeof siteOperations>
beforeAll(async () => {
  world = await openSiteWorld()
  staff = browserOf(world.app, '127.0.0.1', host)
  const form = { code: world.setupCode, name: 'Jo Desk', initials: 'jd', password: 'seven violet kettles' }
  await staff.post('/first-user', form)
  await setUpFactor(staff, world.clock)
  portal = world.portal.replicaOf(world.site.replica.practice)!
  patient = (await world.site.bridge.documentOf('patients', 1))!
  operations = siteOperations(world.site, world.staff.audit, () => {})
})
afterAll(() => world.close())

const atPortal = async (text: string): Promise<Attachment | undefined> => {
  const entries = await portal.entries('messages', patient)
  return entries.flatMap((one) => (one.kind === 'message' && one.text === text ? (one.attachments ?? []) : []))[0]
}
const portalChunks = () => world.portal.chunksOf(portal.practice)!
const fileOf = (content: Buffer): string => {
  const file = join(world.dir, 'after your visit.pdf')
  writeFileSync(file, content)
  return file
}

it('message --attach FILE: the file is at the portal soon after its message, the same to the byte', async () => {
  const content = pdf(600_000)
  await operations['message']!({ patient: 1, subject: 'S', text: 'By command', attach: [fileOf(content)] })
  await expect.poll(() => atPortal('By command')).toMatchObject({ name: 'after your visit.pdf', size: content.length })
  const attachment = (await atPortal('By command'))!
  await expect.poll(() => portalChunks().isHere(attachment)).toBe(true)
  expect(Buffer.compare(await buffer(portalChunks().read(attachment)), content)).toBe(0)
})

it('a file that is missing or not allowed is said in a sentence, and no message is sent', async () => {
  const send = (file: string) => operations['message']!({ patient: 1, subject: 'S', text: 'Not sent', attach: [file] })
  await expect(send(join(world.dir, 'nowhere.pdf'))).rejects.toThrow('nowhere.pdf cannot be read (ENOENT)')
  await expect(send(fileOf(archive()))).rejects.toThrow('a kind of file that cannot be sent')
  expect((await world.site.recent()).items.filter(({ state }) => state === 'sent')).toHaveLength(1)
})

it('staff attach a file in the console, and get what the patient attached from Recent Communications', async () => {
  const shown = await staff.post('/send/to', { csrf: (await staff.hidden('/send', '/send/find'))['csrf']!, patient: '1' }) // prettier-ignore
  const csrf = /name="csrf"\s+value="([^"]+)"/.exec(shown.text)![1]!
  const form = new FormData()
  for (const [name, value] of Object.entries({ csrf, patient: '1', subject: 'S', text: 'By console' })) form.set(name, value) // prettier-ignore
  form.append('files', new Blob([new Uint8Array(pdf(50))]), 'console.pdf')
  const headers = { host, cookie: [...staff.cookies].map((pair) => pair.join('=')).join('; ') }
  const incoming = { headers, socket: { remoteAddress: '127.0.0.1' } }
  const sent = await world.app.request('/send', { method: 'POST', body: form, headers }, { incoming })
  expect(sent.headers.get('location')).toBe('/recent?said=sent')
  await expect.poll(() => atPortal('By console')).toMatchObject({ name: 'console.pdf' })

  const content = pdf(300_000)
  const file = async function* () {
    yield { name: 'from the patient.pdf', content: (async function* () { yield content })() } // prettier-ignore
  }
  const { facts } = (await portal.head('patients', patient))!
  await withFiles({ chunks: portalChunks() }, file(), patient, (attachments) =>
    portal.change([
      {
        collection: 'messages',
        key: patient,
        facts,
        add: { [ulid()]: { kind: 'message', at: world.clock.now(), by: { role: 'patient', id: 'a' }, thread: ulid(), subject: 'Mine', text: 'By patient', attachments } }, // prettier-ignore
      },
    ]),
  )
  const linkOf = async (): Promise<string | undefined> =>
    /href="([^"]+)" download[^>]*>from the patient\.pdf/.exec((await staff.get('/recent')).text)?.[1]
  await expect.poll(linkOf).toBeDefined()
  const link = (await linkOf())!.replaceAll('&amp;', '&')
  const answer = await world.app.request(link, { headers }, { incoming })
  expect(answer.headers.get('content-disposition')).toContain('attachment; ')
  expect(Buffer.compare(Buffer.from(await answer.arrayBuffer()), content)).toBe(0)
  expect(world.staff.audit.rows().at(-1)?.event.did).toBe('attachment opened')
  expect((await browserOf(world.app, '127.0.0.1', host).get(link)).status).toBe(303)
  expect(link).not.toContain('patient')
})

it('an erasure of the patient takes the files away at the site and at the portal, also their bytes’ names', async () => {
  const attachments = [(await atPortal('By command'))!, (await atPortal('By patient'))!]
  const names = attachments.flatMap(({ chunks }) => chunks)
  world.insched.prepare('update patients set portal_enabled = 0, text_consent = 0, email_consent = 0 where patient_id = 1').run() // prettier-ignore
  await world.site.erasePatient(1)
  for (const one of attachments) expect(await world.site.chunks.isHere(one)).toBe(false)
  for (const one of attachments) await expect.poll(() => portalChunks().isHere(one)).toBe(false)
  const files = ['site', 'portal/practices'].flatMap((at) => readdirSync(join(world.dir, at)).map((file) => join(world.dir, at, file))) // prettier-ignore
  const stores = files.filter((file) => /\.sqlite/.test(file))
  expect(stores.length).toBeGreaterThanOrEqual(2)
  for (const file of stores) {
    const text = readFileSync(file).toString('latin1')
    expect(names.filter((name) => text.includes(name))).toEqual([])
  }
})
