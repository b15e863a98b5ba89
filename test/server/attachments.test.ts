/** Files of messages at the portal: which are taken, what is kept of them, who gets them, and what stays of those that are refused. */
import fc from 'fast-check'
import { chmodSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mintUlid } from '../../src/replica/ids.ts'
import { largestAttachment, type Attachment } from '../../src/replica/kinds/attachments.ts'
import { refusals, safeName, type RefusalReason } from '../../src/server/attachments/file-kinds.ts'
import { readFileForm } from '../../src/server/attachments/multipart.ts'
import { virusScan, type Scan } from '../../src/server/attachments/virus-scan.ts'
import { closeServer, listen } from '../../src/server/listen.ts'
import { clock, folder } from '../replica/world.ts'
import { archive, docm, docx, heic, pdf, photoWithPlace, picture, video } from './attached-files.ts'
import { openPortalWorld, secretsOf, type Answer, type Browser, type PortalWorld } from './world.ts'

let world: PortalWorld
let ann: Browser
let scan: Scan | undefined
beforeAll(async () => {
  world = await openPortalWorld({ scan: (content) => (scan ? scan(content) : Promise.resolve('clean')) })
  ann = await world.signedIn('ann')
})
afterAll(() => world.close())

type Files = readonly (readonly [name: string, content: Buffer])[]
async function attach(browser: Browser, files: Files, text = 'See the files'): Promise<Answer> {
  const form = new FormData()
  for (const [name, value] of Object.entries(await browser.hidden('/messages', '/messages'))) form.set(name, value)
  form.set('id', mintUlid(world.clock))
  form.set('subject', 'Files')
  form.set('text', text)
  if (files.length === 0) form.append('files', new Blob([]), '')
  for (const [name, content] of files) form.append('files', new Blob([new Uint8Array(content)]), name)
  const headers = { host: 'localhost', cookie: [...browser.cookies].map((pair) => pair.join('=')).join('; ') }
  const incoming = { headers, socket: { remoteAddress: '203.0.113.7' } }
  const answer = await world.app.request('/messages', { method: 'POST', body: form, headers }, { incoming })
  await world.indexed()
  return { status: answer.status, text: await answer.text(), headers: answer.headers }
}
const attachmentsOf = async (text: string): Promise<Attachment[]> => {
  const { replica, patient } = world.known['ann']!
  const entries = await replica.entries('messages', patient)
  return entries.flatMap((entry) => (entry.kind === 'message' && entry.text === text ? (entry.attachments ?? []) : []))
}
/** The links of the page to the files of the message with this text. */
const links = async (browser: Browser, text: string): Promise<string[]> => {
  const { replica, patient } = world.known['ann']!
  const entries = await replica.entries('messages', patient)
  const { id } = entries.find((entry) => entry.kind === 'message' && entry.text === text)!
  return (await allLinks(browser)).filter((link) => link.startsWith(`/attachments/${id}/`))
}
/** The pages of all threads, one after the other. */
const allThreads = async (browser: Browser): Promise<string> => {
  const paths = [...(await browser.get('/messages')).text.matchAll(/href="(\/messages\/[0-9A-Z]{26})"/g)].map(
    ([, path]) => path!,
  )
  return (await Promise.all(paths.map(async (path) => (await browser.get(path)).text))).join('\n')
}
const allLinks = async (browser: Browser): Promise<string[]> =>
  [...(await allThreads(browser)).matchAll(/href="(\/attachments\/[^"]+)"/g)].map(([, href]) => href!.replaceAll('&amp;', '&')) // prettier-ignore
async function download(browser: Browser, path: string) {
  const headers = { host: 'localhost', cookie: [...browser.cookies].map((pair) => pair.join('=')).join('; ') }
  const answer = await world.app.request(path, { headers }, { incoming: { headers, socket: { remoteAddress: '203.0.113.7' } } }) // prettier-ignore
  return { status: answer.status, headers: answer.headers, content: Buffer.from(await answer.arrayBuffer()) }
}

it('a patient attaches a photo: the picture arrives, upright and without the place where it was taken or the camera', async () => {
  const photo = await photoWithPlace(320, 240)
  expect(photo.includes('Telltale Camera')).toBe(true)
  expect((await attach(ann, [['holiday.JPEG', photo]], 'A photo')).headers.get('location')).toMatch(
    /^\/messages\/[0-9A-Z]{26}\?said=sent$/,
  )
  const [attachment] = await attachmentsOf('A photo')
  expect(attachment).toMatchObject({ name: 'holiday.jpg', type: 'image/jpeg' })
  const got = await download(ann, (await links(ann, 'A photo'))[0]!)
  expect(got.status).toBe(200)
  const { width, height, exif, orientation } = await sharp(got.content).metadata()
  expect({ width, height, exif, orientation }).toEqual({ width: 240, height: 320, exif: undefined, orientation: undefined }) // prettier-ignore
  expect(got.content.includes('Telltale Camera')).toBe(false)
  const { data } = await sharp(got.content).raw().toBuffer({ resolveWithObject: true })
  expect(Math.abs(data[0]! - 0xc8)).toBeLessThan(6)
})

it('a file is served as a download and nothing else: its own type, its name beside the address, never in it, kept in no cache', async () => {
  await attach(ann, [['résumé of Ann.pdf', pdf()], ['plan.docx', docx()]], 'Documents') // prettier-ignore
  const [first, second] = await links(ann, 'Documents')
  const [document, word] = [await download(ann, first!), await download(ann, second!)]
  expect(Buffer.compare(document.content, pdf())).toBe(0)
  expect(Buffer.compare(word.content, docx())).toBe(0)
  expect(Object.fromEntries(document.headers)).toMatchObject({
    'content-type': 'application/pdf',
    'content-length': String(pdf().length),
    'content-disposition': `attachment; filename="attachment.pdf"; filename*=UTF-8''r%C3%A9sum%C3%A9%20of%20Ann.pdf`,
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    'cross-origin-resource-policy': 'same-origin',
  })
  expect(first).toMatch(/^\/attachments\/[0-9A-Z]{26}\/0\?until=\d+&mark=[\w-]{43}$/)
  const page = { text: await allThreads(ann) }
  expect(page.text).toContain('Word document, 1 KB')
  expect(page.text).not.toContain('<img')
})

it('only who was given a link gets the file, only in time, and only while the message stands', async () => {
  await attach(ann, [['for-ann.pdf', pdf()]], 'For Ann alone')
  const link = (await links(ann, 'For Ann alone'))[0]!
  const [ben, anns] = [await world.signedIn('ben'), await world.signedIn('ann')]
  const secrets = [...secretsOf(world.known['ann']!), 'for-ann']
  for (const [who, status] of [
    [ben, 403],
    [anns, 403],
    [{ ...ben, cookies: new Map<string, string>() }, 303],
  ] as const) {
    // prettier-ignore
    const answer = await download(who, link)
    expect(answer.status).toBe(status)
    for (const secret of secrets) if (who !== anns) expect(answer.content.includes(secret)).toBe(false)
  }
  for (const wrong of [
    link.replace('/0?', '/1?'),
    link.replace(/until=\d/, 'until=9'),
    link.replace(/mark=.../, 'mark=AAA'),
    link.split('?')[0]!,
  ])
    // prettier-ignore
    expect((await download(ann, wrong)).status).toBe(403)
  expect((await download(ann, link)).status).toBe(200)
  // A quarter of an hour, in which the session is kept from becoming idle.
  world.clock.advance(10 * 60_000)
  await ann.get('/messages')
  world.clock.advance(6 * 60_000)
  const late = await download(ann, link)
  expect([late.status, late.content.toString()]).toEqual([403, expect.stringContaining('This link is over')])
  const again = (await links(ann, 'For Ann alone'))[0]!
  const { replica, patient } = world.known['ann']!
  const entry = (await replica.entries('messages', patient)).find((one) => one.kind === 'message' && one.text === 'For Ann alone')! // prettier-ignore
  await replica.change([{ collection: 'messages', key: patient, add: { [mintUlid(clock)]: { kind: 'retracted', at: 1, by: { role: 'staff', id: 's' }, entry: entry.id } } }]) // prettier-ignore
  await world.indexed()
  expect((await download(ann, again)).status).toBe(404)
})

const refused: readonly (readonly [string, () => Buffer | Promise<Buffer>, RefusalReason])[] = [
  ['page.pdf', () => Buffer.from('<html><script>alert(1)</script></html>'), 'type'],
  ['photo.jpg', archive, 'type'],
  ['letter.docx', docm, 'type'],
  ['drawing.png', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'type'],
  ['IMG_1.HEIC', heic, 'heic'],
  ['nothing.pdf', () => Buffer.alloc(0), 'empty'],
  ['torn.jpg', async () => (await photoWithPlace(2_000, 2_000)).subarray(0, 2_000), 'damaged'],
  ['bomb.png', () => sharp({ create: { width: 9_000, height: 9_000, channels: 3, background: 'red' } }).png().toBuffer(), 'damaged'], // prettier-ignore
  ['large.pdf', () => pdf(largestAttachment), 'tooLarge'],
]
it.each(refused)(
  '%s is refused with its message and a sentence, and nothing of it stays',
  async (name, make, reason) => {
    const before = await allLinks(ann).then((found) => found.length)
    const content = await make()
    // What came before it, and was fine, goes as well.
    const answer = await attach(ann, [['fine.pdf', Buffer.concat([pdf(), Buffer.from(name)])], [name, content]], 'Refused') // prettier-ignore
    expect(answer.status).toBe(400)
    expect(answer.text.replaceAll('&#39;', "'")).toContain(refusals[reason](name))
    expect(await attachmentsOf('Refused')).toEqual([])
    expect(await allLinks(ann)).toHaveLength(before)
    const chunks = world.chunksOf('ann')
    expect(await chunks.store.missing([chunks.nameOf(Buffer.concat([pdf(), Buffer.from(name)]))])).toHaveLength(1)
    if (content.length < 250_000) expect(await chunks.store.missing([chunks.nameOf(content)])).toHaveLength(1)
  },
)

it('a message takes five files, and one without any is as it was', async () => {
  const six = Array.from({ length: 6 }, (_, i) => [`${i}.pdf`, pdf(i + 1)] as const)
  const answer = await attach(ann, six, 'Six')
  expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(refusals.tooMany(''))])
  await attach(ann, six.slice(1), 'Five')
  expect((await attachmentsOf('Five')).map(({ name }) => name)).toEqual(['1.pdf', '2.pdf', '3.pdf', '4.pdf', '5.pdf'])
  expect((await attach(ann, [], 'None')).status).toBe(303)
  expect(await attachmentsOf('None')).toEqual([])
  expect(
    (
      await attach(
        ann,
        [
          ['v.mp4', video()],
          ['p.png', await picture()],
        ],
        'Others',
      )
    ).status,
  ).toBe(303)
  expect((await attachmentsOf('Others')).map(({ type }) => type)).toEqual(['video/mp4', 'image/png'])
})

it('a form with files and without the token of its page is refused before a file is taken', async () => {
  const form = new FormData()
  form.set('csrf', 'guessed')
  form.append('files', new Blob([new Uint8Array(pdf())]), 'a.pdf')
  const headers = { host: 'localhost', cookie: [...ann.cookies].map((pair) => pair.join('=')).join('; ') }
  const answer = await world.app.request('/messages', { method: 'POST', body: form, headers }, { incoming: { headers, socket: { remoteAddress: '203.0.113.7' } } }) // prettier-ignore
  expect(answer.status).toBe(403)
})

it('a scanner of the practice is asked of every file: what it finds is refused, and so is what it cannot check', async () => {
  const script = join(folder(), 'scan.mjs')
  writeFileSync(script, `let t = ''; for await (const c of process.stdin) t += c; process.exit(t.includes('EVIL') ? 1 : t.includes('ODD') ? 2 : 0)`) // prettier-ignore
  chmodSync(script, 0o755)
  const sent = async (text: string): Promise<string> => (await attach(ann, [['a.pdf', Buffer.from(`%PDF-1.7 ${text}`)]], text)).text // prettier-ignore
  scan = virusScan(`${process.execPath} ${script}`, clock)
  try {
    expect(await sent('EVIL')).toContain(refusals.unsafe('a.pdf'))
    expect(await sent('ODD')).toContain(refusals.unscanned('a.pdf'))
    await sent('good')
    scan = virusScan('no-such-program-anywhere', clock)
    expect(await sent('whatever')).toContain(refusals.unscanned('a.pdf'))
  } finally {
    scan = undefined
  }
  expect([(await attachmentsOf('EVIL')).length, (await attachmentsOf('good')).length]).toEqual([0, 1])
})

it('over the wire: an upload that is cut leaves nothing and sends nothing; a large one takes little memory', async () => {
  const { server, url } = await listen(world.app.fetch as never, { port: 0, host: '127.0.0.1' })
  const { host } = new URL(url)
  try {
    const hidden = await ann.hidden('/messages', '/messages')
    const boundary = 'frontier'
    const fields = { ...hidden, id: mintUlid(world.clock), subject: 'Wire' }
    const part = (name: string, value: string): string => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n` // prettier-ignore
    const fileHead = (name: string): string => `--${boundary}\r\nContent-Disposition: form-data; name="files"; filename="${name}"\r\nContent-Type: application/pdf\r\n\r\n` // prettier-ignore
    const send = (text: string, length: number) => {
      const request = httpRequest(`${url}/messages`, {
        method: 'POST',
        headers: { host, cookie: [...ann.cookies].map((pair) => pair.join('=')).join('; '), 'content-type': `multipart/form-data; boundary=${boundary}`, 'content-length': length }, // prettier-ignore
      })
      const answered = new Promise<number | undefined>((resolve) => {
        request.on('response', (answer) => resolve(answer.resume().statusCode))
        request.on('error', () => resolve(undefined))
      })
      request.write(Object.entries({ ...fields, text }).map(([name, value]) => part(name, value)).join('')) // prettier-ignore
      return { request, answered }
    }
    const chunks = world.chunksOf('ann')
    const first = Buffer.concat([Buffer.from('%PDF-1.7 cut '), Buffer.alloc(256 * 1024 - 13, 'z')])
    const cut = send('Cut', 1_000_000)
    cut.request.write(fileHead('a.pdf'))
    cut.request.write(first)
    cut.request.write(Buffer.alloc(100_000, 'y'))
    await expect.poll(() => chunks.store.missing([chunks.nameOf(first)])).toEqual([])
    cut.request.destroy()
    expect(await cut.answered).toBe(undefined)
    await expect.poll(() => chunks.store.missing([chunks.nameOf(first)])).toHaveLength(1)
    expect(await attachmentsOf('Cut')).toEqual([])

    const piece = Buffer.alloc(1024 * 1024, 'q')
    const pieces = 19
    const heads = ['1.pdf', '2.pdf', '3.pdf'].map(fileHead)
    const tail = `\r\n--${boundary}--\r\n`
    const body = Object.entries({ ...fields, text: 'Large' }).map(([name, value]) => part(name, value)).join('').length // prettier-ignore
    const length = body + heads.reduce((sum, head) => sum + head.length + 9 + pieces * piece.length + 2, 0) - 2 + tail.length // prettier-ignore
    const large = send('Large', length)
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc') as () => void
    collectGarbage()
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    for (const [i, head] of heads.entries()) {
      large.request.write(`${i > 0 ? '\r\n' : ''}${head}%PDF-1.7 `)
      for (let n = 0; n < pieces; n++) {
        if (!large.request.write(piece)) await new Promise<void>((resolve) => void large.request.once('drain', resolve))
        // What is held counts, not what a busy machine has not come to collect.
        collectGarbage()
        most = Math.max(most, process.memoryUsage().arrayBuffers - before)
      }
    }
    large.request.end(tail)
    expect(await large.answered).toBe(303)
    expect((await attachmentsOf('Large')).map(({ size }) => size)).toEqual(Array(3).fill(9 + pieces * piece.length))
    expect(most).toBeLessThan(30 * 1024 * 1024)
  } finally {
    await closeServer(server)
  }
})

it('a form is read the same however its bytes come: its fields first, each file whole', async () => {
  const file = fc.record({ name: fc.stringMatching(/^[a-z]{1,8}\.pdf$/), content: fc.uint8Array({ maxLength: 3_000 }) })
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.string({ maxLength: 50 }).map((text) => text.replaceAll(/\r?\n|\r/g, ' ').toWellFormed()), { maxKeys: 5 }), // prettier-ignore
      fc.array(file, { maxLength: 4 }),
      fc.integer({ min: 1, max: 900 }),
      async (fields, files, step) => {
        const form = new FormData()
        for (const [name, value] of Object.entries(fields)) form.set(name, value)
        for (const { name, content } of files) form.append('files', new Blob([content]), name)
        const whole = new Request('http://x/', { method: 'POST', body: form })
        const bytes = Buffer.from(await whole.clone().arrayBuffer())
        let at = 0
        const body = new ReadableStream({
          pull(controller) {
            if (at >= bytes.length) return controller.close()
            controller.enqueue(new Uint8Array(bytes.subarray(at, (at += step))))
          },
        })
        const read = await readFileForm(new Request('http://x/', { method: 'POST', body, duplex: 'half', headers: { 'content-type': whole.headers.get('content-type')! } } as RequestInit)) // prettier-ignore
        expect(read?.fields).toEqual({ ...fields })
        const got: { name: string; content: Buffer }[] = []
        for await (const one of read!.files) got.push({ name: one.name, content: await buffer(one.content) })
        expect(got).toEqual(files.map(({ name, content }) => ({ name, content: Buffer.from(content) })))
      },
    ),
    { numRuns: 60 },
  )
})

it.each([
  ['../../etc/passwd', 'application/pdf', 'passwd.pdf'],
  ['C:\\Users\\ann\\scan.PDF', 'application/pdf', 'scan.pdf'],
  ['photo\u202Egpj.exe', 'image/jpeg', 'photogpj.exe.jpg'],
  ['a\u0000b<c>.jpeg', 'image/jpeg', 'ab_c_.jpg'],
  ['...', 'image/png', 'file.png'],
  ['.docx', 'image/png', 'docx.png'],
])('the name %j is told as a name and no more: %s is told as %s', (given, type, told) => {
  expect(safeName(given, type)).toBe(told)
})
