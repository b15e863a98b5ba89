/** Texts in the console: the words that they say and the rules by which they go out, looked at before anything is sent by them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { textKeys } from '../../src/bridges/texts/rules.ts'
import { mintUlid } from '../../src/replica/ids.ts'
import { openDeskWorld, type DeskWorld } from './desk-world.ts'
import type { Answer } from './world.ts'

let world: DeskWorld
beforeAll(async () => void (world = await openDeskWorld()))
afterAll(() => world.close())

const words = (text: string): string => text.replaceAll(/<[^>]+>/g, ' ').replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll(/\s+/g, ' ') // prettier-ignore
const root = '/synchronization/texts'
const post = async (path: string, fields: Record<string, string> = {}): Promise<Answer> => {
  const { csrf } = await world.admin.hidden('/', '/sign-out')
  return world.admin.post(path, { csrf: csrf!, ...fields })
}
const changes = () => world.staff.audit.rows(0, 100_000).flatMap(({ event }) => (event.did === 'preference changed' ? [event] : [])) // prettier-ignore
/** What stands with the field of this id as wrong; the field says so itself (WCAG 3.3.1). */
const faultAt = ({ text }: Answer, id: string): string => {
  expect(text).toMatch(new RegExp(`<(input|textarea|select)[^>]*id="${id}"[^>]*aria-invalid="true"`))
  return words(new RegExp(`id="${id}-fault">([\\s\\S]*?)</p>`).exec(text)![1]!).trim()
}

describe('the words of texts', () => {
  const key = 'template/reminder/en'
  const source = '{first name}, until {when} at {practice}!'
  it('are the usual ones until somebody writes others; what is written is seen as it would be sent, and measured, before it is saved', async () => {
    const { text } = await world.admin.get(`${root}/words`)
    expect(text).toContain('this is a reminder of your appointment at {practice}')
    expect(words(text)).toContain('Usual words')
    const looked = await post(`${root}/words/look`, { key, source })
    expect(looked.status).toBe(200)
    expect(words(looked.text)).toContain('Ann, until Wed, Mar 10, 2:30 PM at Desert Bloom Surgery!')
    expect(words(looked.text)).toMatch(/The longest that any patient would get: 1 part , \d+ letters in the GSM alphabet/) // prettier-ignore
    expect(await world.site.texts.get()).not.toHaveProperty(key)
  })
  it('that are saved stand in the trail with who, old and new, and go back to the usual ones by a button', async () => {
    const before = changes().length
    expect((await post(`${root}/words`, { key, source })).headers.get('location')).toBe(`${root}/words/reminder/en?said=wordsSaved`) // prettier-ignore
    expect(await world.site.texts.get()).toHaveProperty([key], source)
    expect((await post(`${root}/words`, { key, source })).headers.get('location')).toBe(`${root}/words/reminder/en?said=same`) // prettier-ignore
    await post(`${root}/words`, { key, usual: 'yes' })
    expect(await world.site.texts.get()).not.toHaveProperty([key])
    const me = world.staff.named('Jo Desk')!.id
    expect(changes().slice(before)).toEqual([
      { did: 'preference changed', by: me, of: [`texts ${key}`, 'usual', source] },
      { did: 'preference changed', by: me, of: [`texts ${key}`, source, 'usual'] },
    ])
  })
  it.each([
    ['a tag that stays', '{practice}: your {procedure} on {when}.', '{procedure} may not leave by text: it says too much to whoever holds the phone.'],
    ['a word of a procedure', '{practice}: your rhinoplasty on {when}.', '“rhinoplasty” stands in the name of one of your procedures, plans or stages.'],
    ['an opt-out as an answer', '{practice}: {when}. Reply CANCEL if you cannot come.', '“CANCEL” may not be an answer'],
    ['more than ten parts', `{practice}: {when}. ${'Ж'.repeat(480)} ${'{when}'.repeat(10)}`, 'The longest text of it would have 12 parts; there may be 10.'],
    ['nothing', '', 'Write what the text says.'],
  ])('with %s are refused next to the field, and nothing is changed: by look, by save and by command', async (_, wrong, why) => {
    for (const path of [`${root}/words/look`, `${root}/words`]) {
      const answer = await post(path, { key, source: wrong })
      expect(answer.status).toBe(400)
      expect(faultAt(answer, 'source')).toContain(why)
    }
    await expect(world.site.texts.set(key, wrong)).rejects.toThrow(/\.$/)
    expect(await world.site.texts.get()).not.toHaveProperty([key])
  }) // prettier-ignore
  it('and everything else that is changed has its history: who, when, what it was and what it became', async () => {
    const { text } = await world.admin.get(`${root}/history`)
    expect(words(text)).toMatch(/Jo Desk Reminder, English usual \{first name\}, until \{when\} at \{practice\}!/)
  })
  it('of a rule of its own begin as those of its kind; of a rule or a language that there is not there is no page', async () => {
    expect((await world.admin.get(`${root}/words/reminder/es/reminder`)).text).toContain('le recordamos su cita')
    for (const path of ['reminder/es/nobody', 'reminder/fr', 'nothing/en']) expect((await world.admin.get(`${root}/words/${path}`)).status).toBe(404) // prettier-ignore
  })
  it('cannot be saved while InSched’s names cannot be asked for', async () => {
    await world.site.backup.begin(5)
    const answer = await post(`${root}/words`, { key, source })
    expect(faultAt(answer, 'source')).toMatch(/^InSched’s database is disconnected for backup/)
    await world.site.backup.end()
    expect(await world.site.texts.get()).not.toHaveProperty([key])
  })
})

const saved = async (): Promise<Readonly<Record<string, string>>> => world.site.texts.get()
/** The fields of the form on a page with which somebody goes on, as they are. */
const hiddenAt = (text: string, action: string): Record<string, string> => {
  const form = new RegExp(`<form[^>]*action="${action}"[^>]*>([\\s\\S]*?)</form>`).exec(text)![1]!
  return Object.fromEntries([...form.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)].map((one) => [one[1]!, one[2]!])) // prettier-ignore
}

describe('the rules of texts', () => {
  it('a new rule is looked at, saved, and off; turning it on is looked at again', async () => {
    const { text } = await world.admin.get(`${root}/rules/new`)
    expect(text).toContain('href="/synchronization/texts/rules/new/after-visit"')
    const form = await world.admin.get(`${root}/rules/new/reminder`)
    const type = /name="type ([0-9A-Z]{26})"/.exec(form.text)![1]!
    expect(words(form.text)).toContain('Consultation rhinoplasty')
    const looked = await post(`${root}/rules/look`, { isNew: 'yes', what: 'reminder', name: 'soon', count: '3', unit: 'hours', location: '1', types: type, [`type ${type}`]: 'yes', confirmed: 'no', arrive: '15', 'calendar yes': 'yes' }) // prettier-ignore
    expect(looked.status).toBe(200)
    expect(words(looked.text)).toMatch(/Reminder, 3 hours before at Mesa, for .+, only for patients who have not confirmed, asks to come 15 minutes earlier, with a link for the calendar/) // prettier-ignore
    expect(await saved()).not.toHaveProperty(['rule/soon'])
    expect((await post(`${root}/rules`, hiddenAt(looked.text, `${root}/rules`))).headers.get('location')).toBe(`${root}?said=ruleSaved`) // prettier-ignore
    expect((await saved())['rule/soon']).toBe(`off reminder 3 hours before at location 1 for type ${type} if not confirmed arrive 15 minutes early with calendar link`) // prettier-ignore
    const on = await world.admin.get(`${root}/rules/soon/on`)
    expect((await post(`${root}/rules`, hiddenAt(on.text, `${root}/rules`))).headers.get('location')).toBe(`${root}?said=ruleOn`) // prettier-ignore
    expect((await saved())['rule/soon']).toMatch(/^reminder 3 hours/)
    await post(`${root}/rules/off`, { rule: 'soon' })
    expect((await saved())['rule/soon']).toMatch(/^off reminder/)
    await post(`${root}/rules/remove`, { rule: 'soon' })
    expect(await saved()).not.toHaveProperty(['rule/soon'])
    expect(changes().filter(({ of }) => of![0] === 'texts rule/soon')).toHaveLength(4)
  })
  it('what is wrong with a rule stands next to its field, with what was written, and nothing is changed', async () => {
    const before = await saved()
    const answer = await post(`${root}/rules/look`, { isNew: 'yes', what: 'after visit', name: 'request', count: '31', unit: 'days', location: '77', types: '', confirmed: 'both' }) // prettier-ignore
    expect(answer.status).toBe(400)
    expect(faultAt(answer, 'name')).toMatch(/no name that another rule has/)
    expect(faultAt(answer, 'count')).toBe('Write a whole number: at most 30 days, or 720 hours.')
    expect(faultAt(answer, 'location')).toBe('Choose one of the locations.')
    expect(answer.text).toMatch(/name="count"[^>]*value="31"/)
    const early = await post(`${root}/rules/look`, { rule: 'reminder', count: '1', unit: 'days', location: 'every', types: '', confirmed: 'both', arrive: '900' }) // prettier-ignore
    expect(faultAt(early, 'arrive')).toBe('Write a whole number from 0 to 240, or nothing.')
    expect((await post(`${root}/rules`, { rule: 'reminder', value: 'reminder every day' })).status).toBe(400)
    expect(await saved()).toEqual(before)
    for (const path of ['nobody', 'nobody/on', 'new/letter', 'reminder/on']) expect((await world.admin.get(`${root}/rules/${path}`)).status, path).toBe(404) // prettier-ignore
  })
  it('sending is turned on and off by a button', async () => {
    await post(`${root}/sending`, { value: 'on' })
    expect((await saved())['sending']).toBe('on')
    await post(`${root}/sending`, { value: 'off' })
    expect((await saved())['sending']).toBe('off')
  })
})

describe('what holds for every rule', () => {
  const numbers = { perDay: '2', perWeek: '3', requestsPerDay: '1', notWithinHours: '2', graceMinutes: '10', minorsUntilAge: '18' } // prettier-ignore
  const whole = { from: '09:30', until: '17:00', 'not on Sunday': 'yes', dates: '2031-12-25', practiceName: 'Desert Bloom', ...numbers, 'also remindsConfirmed': 'yes', 'also closestOnly': 'yes', 'also groupsFamilies': 'yes', 'also welcome': 'yes' } // prettier-ignore
  it('is saved whole, each change in the trail; a location may have hours and days of its own, and has those of all again', async () => {
    expect((await post(root, whole)).headers.get('location')).toBe(`${root}?said=saved`)
    expect(await saved()).toMatchObject({ window: '09:30-17:00', excludedDays: 'Sunday, 2031-12-25', perDay: '2', practiceName: 'Desert Bloom', asksSameDay: 'off', remindsConfirmed: 'on', welcome: 'on' }) // prettier-ignore
    expect((await post(root, whole)).headers.get('location')).toBe(`${root}?said=same`)
    await post(root, { location: '2', which: 'own', from: '10:00', until: '12:00', 'not on Monday': 'yes', dates: '' })
    expect(await saved()).toMatchObject({ 'window/2': '10:00-12:00', 'excludedDays/2': 'Monday' })
    expect((await world.admin.get(root)).text).toMatch(/id="from-2"[^>]*value="10:00"/)
    await post(root, { location: '2', which: 'all', from: '10:00', until: '12:00', 'not on Monday': 'yes', dates: '' })
    expect(await saved()).not.toHaveProperty(['window/2'])
  })
  it('a wrong value is refused next to its field, what was written stands there still, and nothing is changed', async () => {
    const before = await saved()
    const answer = await post(root, { ...whole, until: '', perDay: '0', graceMinutes: 'x', dates: 'Christmas', 'also asksSameDay': 'yes' }) // prettier-ignore
    expect(answer.status).toBe(400)
    expect(faultAt(answer, 'from')).toMatch(/^Write both times of day/)
    expect(faultAt(answer, 'perDay')).toBe('Write a whole number from 1 to 9.')
    expect(faultAt(answer, 'graceMinutes')).toBe('Write a whole number from 0 to 240.')
    expect(faultAt(answer, 'dates')).toMatch(/^Write dates like 2027-12-25/)
    expect(answer.text).toMatch(/name="dates"[^>]*value="Christmas"/)
    const days = { 'not on Monday': 'yes', 'not on Tuesday': 'yes', 'not on Wednesday': 'yes', 'not on Thursday': 'yes', 'not on Friday': 'yes', 'not on Saturday': 'yes', 'not on Sunday': 'yes' } // prettier-ignore
    expect(faultAt(await post(root, { location: '2', which: 'own', from: '10:00', until: '12:00', dates: '', ...days }), 'dates-2')).toMatch(/leave a weekday/) // prettier-ignore
    expect(await saved()).toEqual(before)
  })
  it('everything that can be set of texts has its place on a page', async () => {
    const { text } = await world.admin.get(root)
    const named = new Set([...text.matchAll(/name="(?:also )?([^"]+)"/g)].map((one) => one[1]!))
    const otherwise: Record<string, string> = { sending: 'value', window: 'from', excludedDays: 'dates' }
    for (const key of textKeys) expect(named, key).toContain(otherwise[key] ?? key)
  })
})

describe('before anything is sent', () => {
  const texts = (dir: (item: { what: string }) => boolean) => async () => (await world.site.texts.dryRun({ days: 30 })).texts.filter(({ events }) => events.some(dir)) // prettier-ignore
  it('[TEXT-14] a page lists who would get what when, who would not and why; looking is in the trail, and sends nothing', async () => {
    world.insched.prepare("update patients set birth_date = '1990-01-01', text_consent = case when patient_id = ? then 0 else 1 end, cell_phone = printf('+1 480 555 01%02d', patient_id)").run(world.events[0]!.patient) // prettier-ignore
    await world.site.upload()
    const { text, status } = await world.admin.get(`${root}/who?days=30`)
    expect(status).toBe(200)
    expect(words(text)).toContain('Sending is off. This is what would go out if it were on.')
    expect(words(text)).toMatch(/appointment at Desert Bloom/)
    const run = await world.site.texts.dryRun({ days: 30 })
    // Who does not consent to texts is told by mail; who refuses that too, not at all.
    expect(words(text)).toMatch(/Mails [1-9]\d* .* Email .* you have an appointment/)
    const { local } = run.texts.find(({ by }) => by === 'email')!.events[0]!.patient
    await world.site.reached.choose(local!, { prefers: null, noText: false, noEmail: true, noneByItself: false })
    expect(words((await world.admin.get(`${root}/who`)).text)).toMatch(/The patient does not consent to texts\. No email: somebody chose so for the patient\. \(\d+\)/) // prettier-ignore
    expect(run.texts.length).toBeGreaterThan(0)
    expect(run.again).toBe(0)
    expect((await world.admin.get(`${root}/who?days=31`)).status).toBe(400)
    expect(world.staff.audit.rows(0, 100_000).some(({ event }) => event.of === 'texts dry run')).toBe(true)
    expect(await saved()).toMatchObject({ sending: 'off' })
  })
  it('[TEXT-14] a rule that is not saved yet is listed as if it were on, and what was told already is not told again', async () => {
    const before = await texts(({ what }) => what === 'reminder')()
    const looked = await post(`${root}/rules/look`, { rule: 'reminder', count: '2', unit: 'days', location: 'every', types: '', confirmed: 'both', arrive: '' }) // prettier-ignore
    expect(words(looked.text)).toMatch(/Would be told twice 0/)
    expect(words(looked.text)).toMatch(/What the patient gets It is booked .* Reminder \(reminder\) .* The appointment/)
    expect(await texts(({ what }) => what === 'reminder')()).toEqual(before)
  })
  it('an example is shown from booking to after the visit, for a day to come', async () => {
    const { text } = await world.admin.get(`${root}/sample`)
    expect(words(text)).toMatch(/It is booked .* Confirmation request \(request\) .* Reply C to confirm.* Reminder \(reminder\) .* The appointment/) // prettier-ignore
    expect((await world.admin.get(`${root}/sample?day=2020-01-01&time=09:00`)).status).toBe(400)
    expect(faultAt(await world.admin.get(`${root}/sample?day=2020-01-01&time=09:00`), 'day')).toMatch(/^Write a day and a time to come/) // prettier-ignore
  })
})

it('[TEXT-17] texts that do not go out are said on the page of the site and beside who gets what, until they go out again', async () => {
  const { site, clock, atPortal } = world
  const facts = { patient: null, site: site.settings.siteId, shown: false, reachable: false, startsAt: null }
  const by = { role: 'portal' as const, id: atPortal.id }
  const why = '12 reminders should have gone out at 2027-03-03 09:00; 0 did.'
  const key = mintUlid(clock)
  await atPortal.change([{ collection: 'reviews', key, facts, add: { opened: { kind: 'opened', at: clock.now(), by, about: 'texts silent', why, todo: 'Ask.' } } }]) // prettier-ignore
  await world.settled()
  for (const path of ['/', `${root}/who`, '/reviews']) await expect.poll(async () => (await world.admin.get(path)).text).toContain(why) // prettier-ignore
  await atPortal.change([{ collection: 'reviews', key, add: { over: { kind: 'resolved', at: clock.now(), by, note: 'Texts go out again.', how: 'by itself' } } }]) // prettier-ignore
  await world.settled()
  for (const path of ['/', `${root}/who`]) await expect.poll(async () => (await world.admin.get(path)).text).not.toContain(why) // prettier-ignore
  expect((await world.admin.get('/reviews?box=resolved')).text).toContain('Texts go out again.')
})
