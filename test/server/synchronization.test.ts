/** Preferences > Synchronization in the console: what is written there holds, a wrong value is refused next to its field and changes nothing, and a change of what leaves is seen before it is made. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { preferenceKeys } from '../../src/mirror/preferences.ts'
import { mirrorKeys } from '../../src/mirror/mirror-settings.ts'
import { openDeskWorld, type DeskWorld } from './desk-world.ts'
import { hiddenOf, type Answer } from './world.ts'

let world: DeskWorld
beforeAll(async () => void (world = await openDeskWorld()))
afterAll(() => world.close())

const words = (text: string): string => text.replaceAll(/<[^>]+>/g, ' ').replaceAll('&#39;', "'").replaceAll(/\s+/g, ' ') // prettier-ignore
const post = async (path: string, fields: Record<string, string> = {}): Promise<Answer> => {
  const { csrf } = await world.admin.hidden('/', '/sign-out')
  return world.admin.post(path, { csrf: csrf!, ...fields })
}
const trail = () => world.staff.audit.rows(0, 100_000).map((row) => row.event)
/** What stands with the field of this id as wrong; the field says so itself (WCAG 3.3.1). */
const faultAt = ({ text }: Answer, id: string): string => {
  expect(text).toMatch(new RegExp(`<input[^>]*id="${id}"[^>]*aria-invalid="true"`))
  return words(new RegExp(`id="${id}-fault">([\\s\\S]*?)</p>`).exec(text)![1]!).trim()
}

describe('timing', () => {
  const usual = { 'timing.mode': 'interval', 'timing.everyMinutes': '20', 'quiet from': '22:00', 'quiet until': '06:30', 'timing.fastLane yes': 'yes', 'timing.fullSyncAt': '04:00', 'timing.days Monday': 'yes', 'timing.days Friday': 'yes', 'timing.fullSyncDays Saturday': 'yes' } // prettier-ignore
  it('what is chosen holds, with what comes next in words, each change in the trail with who, old and new', async () => {
    const before = trail().length
    expect((await post('/synchronization', usual)).headers.get('location')).toBe('/synchronization?said=saved')
    expect(world.site.preferences.values().timing).toEqual({
      mode: 'interval',
      everyMinutes: 20,
      days: ['Monday', 'Friday'],
      quietHours: { from: '22:00', until: '06:30' },
      fastLane: true,
      fullSyncDays: ['Saturday'],
      fullSyncAt: '04:00',
    })
    expect(words((await world.admin.get('/synchronization')).text)).toMatch(/Next (A run is due now|The next run is on (Monday|Friday), .* [AP]M)\. The next full synchronization is on Saturday, .* 4:00\sAM\./) // prettier-ignore
    const me = world.staff.named('Jo Desk')!.id
    const changes = trail().slice(before).filter(({ did }) => did === 'preference changed') // prettier-ignore
    expect(changes).toContainEqual({ did: 'preference changed', by: me, of: ['timing.everyMinutes', '15', '20'] })
    expect(changes.map(({ of }) => of![0])).not.toContain('timing.fastLane')
  })
  it('what is the same changes nothing', async () => {
    const before = trail().filter(({ did }) => did === 'preference changed').length
    expect((await post('/synchronization', usual)).headers.get('location')).toBe('/synchronization?said=same')
    expect(trail().filter(({ did }) => did === 'preference changed')).toHaveLength(before)
  })
  it('one wrong value is refused next to its field, what was written stands there still, and nothing at all is changed', async () => {
    const before = world.site.preferences.get()
    const answer = await post('/synchronization', { ...usual, 'timing.everyMinutes': '0', 'quiet until': '22:00', 'timing.fullSyncAt': '05:00' }) // prettier-ignore
    expect(answer.status).toBe(400)
    expect(faultAt(answer, 'timing.everyMinutes')).toBe('Write a whole number from 1 to 1440.')
    expect(faultAt(answer, 'quiet-from')).toMatch(/^Write both times of day/)
    expect(answer.text).toMatch(/name="timing.fullSyncAt"[^>]*value="05:00"/)
    expect(world.site.preferences.get()).toEqual(before)
  })
  it('by hand only says that nothing runs by itself', async () => {
    await post('/synchronization', { ...usual, 'timing.mode': 'by hand' })
    expect(words((await world.admin.get('/synchronization')).text)).toContain('Only by hand: somebody presses')
    await post('/synchronization', { ...usual, 'timing.mode': 'continuous', 'timing.days Tuesday': 'yes' })
  })
})

describe('backup windows', () => {
  const at = '/synchronization/backups'
  it('are added, listed and removed; one that is too long is refused next to its field', async () => {
    expect((await post(`${at}/add`, { day: 'Sunday', start: '02:00', minutes: '90' })).headers.get('location')).toBe(`${at}?said=saved`) // prettier-ignore
    await post(`${at}/add`, { day: 'Monday', start: '23:30', minutes: '60' })
    expect(words((await world.admin.get(at)).text)).toMatch(/Monday 11:30\sPM 60 minutes .*Sunday 2:00\sAM 90 minutes/)
    const tooLong = await post(`${at}/add`, { day: 'Friday', start: '01:00', minutes: '300' })
    expect([tooLong.status, faultAt(tooLong, 'minutes')]).toEqual([400, 'A window lasts longer than the longest that is allowed.']) // prettier-ignore
    const shorter = await post(`${at}/longest`, { longest: '30' })
    expect([shorter.status, faultAt(shorter, 'longest')]).toEqual([400, 'A window lasts longer than the longest that is allowed.']) // prettier-ignore
    expect(world.site.preferences.values().backup).toMatchObject({ mostMinutes: 120, windows: [{ day: 'Sunday' }, { day: 'Monday' }] }) // prettier-ignore
    await post(`${at}/remove`, { window: 'Monday 23:30 60' })
    await post(`${at}/remove`, { window: 'Sunday 02:00 90' })
    expect(world.site.preferences.get()['backup.windows']).toBe('none')
  })
  it('by hand: InSched’s file is let go of, and taken back, by a button each, in the trail', async () => {
    const wrong = await post(`${at}/begin`, { minutes: '121' })
    expect([wrong.status, faultAt(wrong, 'by-hand')]).toEqual([400, 'Write a whole number from 1 to 120.'])
    expect((await post(`${at}/begin`, { minutes: '30' })).headers.get('location')).toBe(`${at}?said=begun`)
    expect(world.site.bridge.holding().at).toBe('disconnected')
    expect(words((await world.admin.get(at)).text)).toMatch(/Disconnected for backup until \w+, .*End the backup now/)
    // What cannot be looked up now is said, and the rest of the page stands.
    const asked = await post('/synchronization/mirror/messages', { 'messages.direction': 'erased', 'messages.patients': 'reachable' }) // prettier-ignore
    expect(words(asked.text)).toMatch(/Nothing is changed yet.*InSched’s database is disconnected for backup/)
    expect((await post(`${at}/end`)).headers.get('location')).toBe(`${at}?said=ended`)
    expect(world.site.bridge.holding().at).toBe('connected')
    expect(trail().map(({ did }) => did)).toEqual(expect.arrayContaining(['backup begun', 'backup ended']))
  })
})

describe('proxy', () => {
  const at = '/synchronization/proxy'
  const secret = 'password-ochre-lantern'
  it('keeps the password sealed and never shows it again: not on a page, not in the trail, not in a file', async () => {
    const fields = { kind: 'named', address: 'http://proxy.example:3128', user: 'quail', password: secret, bypass: '.example.org' } // prettier-ignore
    expect((await post(at, fields)).headers.get('location')).toBe(`${at}?said=saved`)
    const { text } = await world.admin.get(at)
    expect(text).toContain('value="http://proxy.example:3128"')
    expect(words(text)).toContain('A password is set.')
    expect(text).not.toContain(secret)
    expect(JSON.stringify(trail())).not.toContain(secret)
    expect(trail()).toContainEqual(expect.objectContaining({ of: ['proxy.password', '', '(set)'] }))
    for (const file of globSync('site/*', { cwd: world.dir })) expect(readFileSync(join(world.dir, file)).includes(secret), file).toBe(false) // prettier-ignore
    // Left empty it stays as it is.
    await post(at, { ...fields, password: '', bypass: '' })
    expect(world.site.preferences.get()).toMatchObject({ 'proxy.password': '(set)', 'proxy.bypass': 'none' })
  })
  it('refuses an address that is none, and a password without a user, next to the field; nothing is changed', async () => {
    const before = world.site.preferences.get()
    const address = await post(at, { kind: 'named', address: 'proxy.example', user: 'quail' })
    expect([address.status, faultAt(address, 'address')]).toEqual([400, 'Write an address like http://proxy.example:3128, without user and password.']) // prettier-ignore
    const user = await post(at, { kind: 'none', user: '' })
    expect([user.status, faultAt(user, 'user')]).toEqual([400, 'A password needs a user’s name. Write one, or remove the password.']) // prettier-ignore
    expect(world.site.preferences.get()).toEqual(before)
    await post(at, { kind: 'environment', user: '', 'password remove': 'yes' })
    expect(world.site.preferences.get()).toMatchObject({ 'proxy.address': 'environment', 'proxy.password': '' })
  })
  it('Test connection walks with what is saved, and shows each hop', async () => {
    const form = hiddenOf((await world.admin.get(at)).text, '/test-connection')
    const to = (await post('/test-connection', form)).headers.get('location')!
    await expect.poll(async () => words((await world.admin.get(to)).text)).toMatch(/Every hop is right.* Name .* Proxy .* Certificate \(TLS\) .* Portal .* Sign-in .* Clock .* Version /) // prettier-ignore
  })
})

describe('what leaves the practice', () => {
  const at = '/synchronization/mirror'
  const messages = { 'messages.direction': 'erased', 'messages.patients': 'reachable' }
  const standing = () => world.site.mirror.standing()
  const messagesAtPortal = async (): Promise<number> => {
    const said = await Promise.all((await world.atPortal.list('messages')).map(({ key }) => world.atPortal.entries('messages', key))) // prettier-ignore
    return said.filter((entries) => entries.length > 0).length
  }
  it('a collection is turned off only after a page that says what would be erased, with a real patient; then the receipt is there', async () => {
    const patient = world.events[0]!.patient
    await world.site.message({ patient, subject: 'Subject-vermilion', text: 'Text-vermilion' })
    await world.site.upload()
    const count = await messagesAtPortal()
    expect(count).toBeGreaterThan(0)
    const form = await world.admin.get(`${at}/messages`)
    expect(words(form.text)).toMatch(/Off: stop\. The portal keeps what it has Off: stop and erase\./)
    const asked = await post(`${at}/messages`, messages)
    const said = words(asked.text)
    expect(said).toContain(`The portal would erase ${count} document`)
    expect(said).toContain('Nothing more would go of: Secure messages.')
    expect(said).toMatch(/What would leave of patient no\. \d+ .*Text-vermilion.* Leaves Stays here/)
    expect(await messagesAtPortal()).toBe(count)
    expect(standing().settings.version).toBe(0)
    expect(trail().at(-1)).toMatchObject({ did: 'mirror previewed' })

    const hidden = hiddenOf(asked.text, `${at}/messages/set`)
    expect(hidden).toMatchObject(messages)
    expect((await post(`${at}/messages/set`, hidden)).headers.get('location')).toBe(`${at}?said=mirrored`)
    await expect.poll(messagesAtPortal).toBe(0)
    await expect.poll(async () => words((await world.admin.get(at)).text)).toMatch(new RegExp(`Erased at the portal The portal has confirmed that it holds nothing of these any more\\. Secure messages ${count} document`)) // prettier-ignore
    expect(trail()).toContainEqual({ did: 'mirror changed', by: world.staff.named('Jo Desk')!.id, of: ['messages.direction', 'both', 'erased'] }) // prettier-ignore
    expect(words((await world.admin.get(at)).text)).toContain('Last changed by Jo Desk')
    await post(`${at}/messages/set`, { ...messages, 'messages.direction': 'both' })
    await world.site.upload()
    await expect.poll(messagesAtPortal).toBe(count)
  })
  it('a field is held back after a page that shows it of a real patient, and what needs it is explained', async () => {
    const { text } = await world.admin.get(`${at}/patients`)
    expect(words(text)).toContain('Birth date · Identity Always leaves: an invitation is accepted by it.')
    expect(text).toMatch(/name="patients.fields birthDate"[^>]*disabled/)
    const all = Object.fromEntries(['middleName', 'homePhone', 'cellPhone', 'language', 'balanceDueCents', 'guarantor', 'relatives'].map((name) => [`patients.fields ${name}`, 'yes'])) // prettier-ignore
    const fields = { 'patients.direction': 'up', 'patients.patients': 'reachable', ...all, patient: '1' }
    const email = world.insched.prepare('select email from patients where patient_id = 1').pluck().get() as string
    const asked = words((await post(`${at}/patients`, fields)).text)
    expect(asked).toContain(`Email ${email} Leaves Stays here`)
    expect(asked).toMatch(/\d+ records would lose fields, here and at the portal/)
    await post(`${at}/patients/set`, fields)
    expect(standing().settings.withheld.patients).toEqual(['email'])
    await post(`${at}/patients/set`, { ...fields, 'patients.fields email': 'yes' })
    expect(standing().settings.version).toBe(0)
  })
  it('a collection that is off says which others go nowhere for it', async () => {
    await post(`${at}/events/set`, { 'events.direction': 'off', 'events.patients': 'reachable', 'events.daysAhead': '365', 'events.daysPast': '400', ...Object.fromEntries(['words', 'type', 'minutes', 'lastConfirmed', 'confirmationType'].map((name) => [`events.fields ${name}`, 'yes'])) }) // prettier-ignore
    expect(words((await world.admin.get(at)).text)).toMatch(/Confirmations Needs: Events .*Nothing of it goes, because this is off: Events\./) // prettier-ignore
    await world.site.mirror.set({ key: 'events', value: 'on' })
  })
  it('a wrong value is refused next to its field, and nothing is changed', async () => {
    const fields = { 'events.direction': 'up', 'events.patients': 'all', 'events.daysAhead': '366', 'events.daysPast': '400' } // prettier-ignore
    for (const path of [`${at}/events`, `${at}/events/set`]) {
      const answer = await post(path, fields)
      expect([answer.status, faultAt(answer, 'events.daysAhead')]).toEqual([400, 'Write a whole number from 1 to 365.'])
    }
    expect((await post(`${at}/messages/set`, { ...messages, 'messages.direction': 'sideways' })).status).toBe(400)
    expect(standing().settings.version).toBe(0)
  })
  it('what the portal has narrowed is marked, and a conflict leads to its review', async () => {
    const site = world.site.settings.siteId
    await world.portal.narrow(site, [{ key: 'events.daysAhead', value: '30' }], 'operator')
    await expect.poll(async () => words((await world.admin.get(at)).text)).toMatch(/The portal has narrowed what is marked.* 30 days ahead, 400 days past Portal: 30 days/) // prettier-ignore
    expect(words((await world.admin.get(`${at}/events`)).text)).toContain('The portal says: 30 days.')
    await world.site.replica.change([{ collection: 'reviews', key: '01ARZ3NDEKTSV4RRFFQ69G5FAV', facts: { patient: null, site, shown: false, reachable: false, startsAt: null }, add: { opened: { kind: 'opened', at: Date.now(), by: { role: 'site', id: site }, about: 'mirror conflict', why: 'Both.', todo: 'Agree.', patient: null, event: null } } }]) // prettier-ignore
    await expect.poll(async () => (await world.admin.get(at)).text).toContain('without knowing of each other')
  })
  it('[SHARE-1] what is shared with another site is chosen after a page that says what comes of it, and stands there with who and when', async () => {
    const { practiceId } = (await world.portal.status()).practices[0]!
    const { siteId: other } = world.portal.addSite({ practice: practiceId, name: 'Tempe' })
    // The portal tells it when it next hears of a change.
    await world.site.mirror.set({ key: 'messages', value: 'up' })
    await world.site.mirror.set({ key: 'messages', value: 'both' })
    await expect.poll(() => standing().others.get(other)?.name).toBe('Tempe')
    const sharing = `/synchronization/sharing/${other}`
    expect(words((await world.admin.get(at)).text)).toMatch(/Shared with Tempe .* Patients Off Off 0 /)
    expect(words((await world.admin.get(sharing)).text)).toContain('Give ours to them')
    const chosen = { [`share.${other}.patients`]: 'both', [`share.${other}.events`]: 'give', [`share.${other}.plans`]: 'sideways' } // prettier-ignore
    const asked = await post(sharing, chosen)
    expect(words(asked.text)).toMatch(/Patients Off Give and take Events Off Give .*This site would let go of nothing of theirs\..*Tempe does not give patients yet/) // prettier-ignore
    expect(standing().settings.shares).toEqual({})
    await post(`${sharing}/set`, hiddenOf(asked.text, `${sharing}/set`))
    expect(standing().settings.shares).toEqual({ [other]: { patients: ['give', 'take'], events: ['give'] } })
    expect(trail()).toContainEqual({ did: 'mirror changed', by: world.staff.named('Jo Desk')!.id, of: [`share.${other}.events`, 'off', 'give'] }) // prettier-ignore
    expect(words((await world.admin.get(at)).text)).toMatch(/Patients Give and take Off 0 Jo Desk, /)
    await post(`${sharing}/set`, { [`share.${other}.patients`]: 'off', [`share.${other}.events`]: 'off' })
    expect(standing().settings.shares).toEqual({})
    expect((await world.admin.get(`/synchronization/sharing/${practiceId}`)).status).toBe(404)
  })
  it('a preview shows every value of a patient that leaves, whose record was looked at is in the trail and in no address', async () => {
    const row = world.insched.prepare('select * from patients where patient_id = 1').get() as Record<string, string>
    const { text, status } = await post('/synchronization/preview', { patient: '1' })
    expect(status).toBe(200)
    for (const one of ['first_name', 'last_name', 'birth_date', 'email']) expect(text).toContain(row[one])
    const { now } = await world.site.mirror.sample(1)
    const bytes = now.reduce((sum, one) => sum + one.bytes, 0)
    expect(words(text)).toContain(`Patient no. 1: ${bytes.toLocaleString('en-US')} bytes leave`)
    expect(trail().filter(({ did }) => did === 'mirror previewed').at(-1)).toMatchObject({ patient: '1' }) // prettier-ignore
    expect((await post('/synchronization/preview', { patient: '99999' })).status).toBe(404)
    expect((await post('/synchronization/preview', { patient: 'Ann' })).status).toBe(400)
  })
})

it('every preference and every setting of the mirror has its place on a page', async () => {
  const pages = ['', '/backups', '/proxy', ...['practice', 'patients', 'plans', 'events', 'confirmations', 'requests', 'payments', 'messages', 'communications'].map((one) => `/mirror/${one}`)] // prettier-ignore
  const texts = await Promise.all(pages.map(async (page) => (await world.admin.get(`/synchronization${page}`)).text))
  const named = new Set(texts.flatMap((text) => [...text.matchAll(/name="([^"]+)"/g)].map((one) => one[1]!.split(' ')[0]!))) // prettier-ignore
  const otherwise: Record<string, string> = { 'timing.quietHours': 'quiet', 'backup.windows': 'day', 'backup.mostMinutes': 'longest', 'proxy.address': 'address', 'proxy.user': 'user', 'proxy.password': 'password', 'proxy.bypass': 'bypass', 'proxy.ca': 'ca' } // prettier-ignore
  for (const key of [...preferenceKeys, ...mirrorKeys]) expect(named, key).toContain(otherwise[key] ?? key)
})
