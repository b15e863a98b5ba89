/** Privacy of logs: a portal and a site do the main job and its errors as processes; no line of theirs holds a datum of a person. */
import { systemClock } from '../../src/replica/clock.ts'
import { setUpFactor } from './authenticator.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openOffice, Patient, run, signIn, type Office } from '../cli/office.ts'
import { browserOf, hiddenOf } from './world.ts'

let office: Office
/** What the processes wrote before they were ended, and the sentences of the commands that failed. */
const written: string[] = []
beforeAll(async () => {
  office = await openOffice(20)
})
afterAll(() => office.close())

const texts = {
  subject: 'Marigold before your visit',
  text: 'Bring the blue folder',
  answer: 'Is the marigold lot free?',
  note: 'My knee is swollen',
  wrongPassword: 'sunflower in the rain',
  staff: 'Josephine Deskman',
}
const site = (...args: string[]) => run(args[0]!, '--data', office.site, ...args.slice(1))

it('the main job is done, with its errors', async () => {
  await site('upload')
  await site('message', '--patient', '1', '--event', '2', '--subject', texts.subject, '--text', texts.text)
  const { result } = await site('invite', '--patient', '1')
  await site('upload')
  const path = new URL(result.url).pathname
  const stranger = new Patient(office.portal.url)
  for (let i = 0; i < 5; i++) await stranger.submit(await stranger.get(path), path, { date: '01/02/1903' })
  const patient = await signIn(office)
  await expect.poll(() => patient.get('/messages')).toContain(texts.text)
  await patient.submit(await patient.get('/messages'), '/messages', { subject: 'Thanks', text: texts.answer })
  const email = office.insched.prepare('select email from patients where patient_id = 1').pluck().get() as string
  await patient.submit(await patient.get('/password'), '/password', { name: email, password: 'seven violet kettles' })
  const signInPage = await stranger.get('/sign-in')
  for (let i = 0; i < 4; i++)
    await stranger.submit(signInPage, '/sign-in', { name: email, password: texts.wrongPassword })
  await patient.submit(await patient.get('/'), '/decline', { note: texts.note })
  // The office moves the event while the patient looks at it: the confirmation becomes a review.
  const home = await patient.get('/')
  office.insched.prepare("update events set starts_at = '2027-02-02T10:30' where event_id = 2").run()
  await patient.submit(home, '/confirm')
  await expect.poll(async () => (await site('reviews')).result.items.length).toBeGreaterThan(0)
  for (const wrong of [
    await site('invite', '--patient', '99999'),
    await site('message', '--patient', '99999', '--subject', texts.subject, '--text', texts.text),
    await site('message', '--patient', '1', '--event', '99999', '--subject', texts.subject, '--text', texts.text),
  ]) {
    expect(wrong.code).toBe(1)
    written.push(wrong.sentence)
  }
})

it('staff do theirs in the console, with their errors', async () => {
  const url = new URL(office.agent.url)
  // The app of the process, asked over its real port as a browser would.
  const app = {
    request: (path: string, init: RequestInit) => fetch(new URL(path, url), { ...init, redirect: 'manual' }),
  }
  const desk = browserOf(app, '127.0.0.1', url.host)
  const code = new URL(office.agent.setup!).searchParams.get('code')!
  await desk.post('/first-user', { code, name: texts.staff, initials: 'JD', password: 'eight amber kettles' })
  await setUpFactor(desk, systemClock)
  const { csrf } = await desk.hidden('/', '/sign-out')
  const lastName = office.insched.prepare('select last_name from patients where patient_id = 1').pluck().get() as string
  expect((await desk.post('/send/find', { csrf: csrf!, find: lastName })).text).toContain('born')
  await desk.post('/send', { csrf: csrf!, patient: '1', subject: texts.subject, text: texts.text })
  expect((await desk.post('/send', { csrf: csrf!, patient: '99999', subject: texts.subject, text: texts.text })).status).toBe(400) // prettier-ignore
  for (const page of ['/', '/recent', '/reviews']) expect((await desk.get(page)).status).toBe(200)
  const [first] = (await site('reviews')).result.items as { id: string }[]
  await desk.post('/reviews', {
    ...hiddenOf((await desk.get('/reviews')).text, '/reviews'),
    id: first!.id,
    note: texts.note,
  })
  await browserOf(app, '127.0.0.1', url.host).post('/sign-in', { name: texts.staff, password: texts.wrongPassword })
})

it('the portal stops and comes back, the site with it', async () => {
  await office.portal.kill()
  const failed = await site('upload')
  expect(failed.code).toBe(1)
  written.push(failed.sentence, office.portal.output())
  await office.startPortal()
  expect((await site('upload')).code).toBe(0)
})

it('no line holds a name, phone, email, birth date or message of anybody', async () => {
  const rows = office.insched.prepare('select * from patients').all() as Record<string, string | number | null>[]
  const fields = ['first_name', 'last_name', 'birth_date', 'home_phone', 'cell_phone', 'email', 'address1', 'special_issues'] as const // prettier-ignore
  // Whole words: a name of two letters may be part of an id.
  const data = new Set([...rows.flatMap((row) => fields.map((field) => row[field])), ...Object.values(texts), '1903'])
  await office.agent.kill()
  written.push(office.agent.output(), office.portal.output())
  const all = written.join('\n')
  expect(all).toMatch(/site [0-9A-Z]{26} connected/)
  expect(all.split('\n').length).toBeGreaterThan(8)
  for (const one of data)
    if (typeof one === 'string' && one !== '')
      expect(
        new RegExp(
          `(?<![\\p{L}\\d])${one.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}(?![\\p{L}\\d])`,
          'iu',
        ).test(all),
        `${one} in\n${all}`,
      ).toBe(false)
})
