/** Replies in the inbox: what staff take each for is an entry like the patient's own, with their initials, and in the trail. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { foldConsent } from '../../src/replica/kinds/consents.ts'
import type { ReviewKind } from '../../src/replica/kinds/reviews.ts'
import type { ReplyToRead } from '../../src/replica/kinds/replies.ts'
import { derivedUlid } from '../../src/replica/ids.ts'
import { openDeskWorld, type DeskEvent, type DeskWorld } from './desk-world.ts'
import type { Browser } from './world.ts'

let world: DeskWorld
let admin: Browser
let texts = 0
beforeAll(async () => {
  world = await openDeskWorld()
  admin = world.admin
})
afterAll(() => world.close())

const words = (text: string): string => text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')
const recipient = 'number-of-the-phone'
const about = ({ key, patientKey, startsAt }: DeskEvent) => ({ event: key, patient: patientKey, startsAt })

/** A text came in at the portal that a person must read; its review at the site. */
async function comes(text: string, events: readonly DeskEvent[], more: Partial<ReplyToRead> = {}, kind: ReviewKind = 'reply to read'): Promise<string> {
  const message = `SM${++texts}`
  const id = derivedUlid('text received', message)
  const [first] = events
  const reply = { text, at: Date.now(), message, recipient, quoted: 'Reply C to confirm.', why: 'mixed', about: events.map(about), ...more }
  await world.atPortal.change([
    { collection: 'reviews', key: id, facts: { patient: first?.patientKey ?? null, site: world.site.settings.siteId, shown: false, reachable: false, startsAt: null }, add: { opened: { kind: 'opened', at: Date.now(), by: { role: 'portal', id: 'p' }, about: kind, why: 'A text came that a person must read.', todo: 'Read it.', patient: first?.patientKey ?? null, reply } } },
  ])
  await world.settled()
  await expect.poll(async () => (await world.site.reply(id))?.reply.text).toBe(text)
  return id
} // prettier-ignore
const take = async (review: string, how: string, more: Record<string, string> = {}) =>
  admin.post('/inbox/replies', { csrf: (await admin.hidden('/', '/sign-out'))['csrf']!, review, how, ...more })
const lastConfirmed = ({ event }: DeskEvent) => world.insched.prepare('select confirmation_type from events where event_id = ?').pluck().get(event) // prettier-ignore

describe('a reply that a person must read', () => {
  it('stands in the inbox, new, with the text that it answers quoted, why, and the event', async () => {
    const [event] = world.events
    const id = await comes('Yes, is parking-vermilion free?', [event!], { suggests: 'confirm' })
    expect(words((await admin.get('/inbox')).text)).toMatch(/Yes, is parking-vermilion free\? Reply to read/)
    const { text } = await admin.get(`/inbox/replies/${id}`)
    expect(words(text)).toMatch(/Our text Reply C to confirm\..*Yes, is parking-vermilion free\?.*asks or adds something/) // prettier-ignore
    expect(words(text)).toMatch(/Confirms Can’t make it Asks to move Wants no more texts None of these/)
    // On the reviews page it has no buttons that know nothing of the text.
    expect((await admin.get('/reviews')).text).toContain(`/inbox/replies/${id}`)
  })
  it('taken for a confirmation, it is one by text from when it was written, with initials, and in InSched', async () => {
    const event = world.events[1]!
    const id = await comes('ok yes but call me', [event], { at: Date.now() - 60_000 })
    expect((await take(id, 'patient confirms')).headers.get('location')).toBe('/inbox?said=replyTaken')
    const [answered] = await world.site.replica.entries('confirmations', event.key)
    expect(answered).toMatchObject({ kind: 'answered', channel: 'text', by: { role: 'staff', initials: 'JD' }, at: (await world.site.reply(id))!.reply.at }) // prettier-ignore
    await world.settled()
    await expect.poll(() => lastConfirmed(event)).toBe('Text')
    expect(words((await admin.get('/inbox')).text)).not.toContain('ok yes but call me')
    expect(words((await admin.get('/inbox?box=done')).text)).toContain('ok yes but call me')
    const trail = world.staff.audit.search({ limit: 20, did: 'reply answered' })
    expect(JSON.stringify(trail)).toContain('patient confirms')
    expect(JSON.stringify(trail)).not.toContain('call me')
    // Pressed twice, or by two, it is once.
    await take(id, 'patient declines')
    expect((await world.site.replica.entries('confirmations', event.key)).filter((one) => one.kind === 'answered')).toHaveLength(1) // prettier-ignore
    expect(await world.site.replica.entries('requests', event.patientKey)).toEqual([])
  })
  it('taken for a wish, it waits for staff like one of the portal; the event stays as it is', async () => {
    const event = world.events[2]!
    const id = await comes('can we do friday', [event], { suggests: 'move' })
    await take(id, 'patient asks to move')
    const [wish] = await world.site.replica.entries('requests', event.patientKey)
    expect(wish).toMatchObject({ kind: 'wants to move', event: event.key, note: 'can we do friday', by: { initials: 'JD' } }) // prettier-ignore
    await world.settled()
    await expect.poll(async () => (await world.site.reviews()).items.map((one) => one.kind)).toContain('patient wants to move') // prettier-ignore
    expect(world.insched.prepare('select starts_at from events where event_id = ?').pluck().get(event.event)).toBe(event.startsAt) // prettier-ignore
  })
  it('[F8] of a family it is taken apart: one comes, the other does not', async () => {
    const [one, two] = [world.events[3]!, world.events[4]!]
    const id = await comes('Ann yes Bob no', [one, two], { why: 'several events' })
    const { text } = await admin.get(`/inbox/replies/${id}`)
    expect(text).toContain('name="for-0"')
    // A button for all would be a guess.
    expect(text).not.toContain('value="patient confirms"')
    expect((await take(id, 'answered one by one', { 'for-0': 'confirm' })).status).toBe(404)
    await take(id, 'answered one by one', { 'for-0': 'confirm', 'for-1': 'decline' })
    expect(await world.site.replica.entries('confirmations', one.key)).toMatchObject([{ kind: 'answered' }])
    expect((await world.site.replica.entries('requests', two.patientKey)).map((entry) => entry.kind)).toContain('declined') // prettier-ignore
  })
  it('that may mean no more texts can be taken for that, and staff cannot take it back', async () => {
    const id = await comes('why do you people text me so much', [], { why: 'may opt out' })
    await take(id, 'patient opts out')
    const consent = foldConsent(await world.site.replica.entries('consents', recipient))
    expect(consent).toMatchObject({ state: 'out', by: { how: 'reply', proof: { text: 'why do you people text me so much' } } }) // prettier-ignore
  })
  it('where nothing was asked, or nothing is meant, it is only read', async () => {
    const id = await comes('What are your hours?', [])
    const { text } = await admin.get(`/inbox/replies/${id}`)
    expect(text).not.toContain('value="patient confirms"')
    expect((await take(id, 'patient confirms')).status).toBe(409)
    await take(id, 'none of these')
    expect((await world.site.reply(id))!.resolved).toMatchObject({ how: 'none of these', by: { initials: 'JD' } })
  })
  it('a wrong number and a CANCEL are there too, with their own ways', async () => {
    const [event] = world.events
    const wrong = await comes('Wrong number', [event!], {}, 'wrong number')
    const cancel = await comes('CANCEL', [event!], {}, 'may want to cancel')
    expect(words((await admin.get('/inbox')).text)).toMatch(/CANCEL May want to cancel.*Wrong number Wrong number/)
    expect((await take(wrong, 'patient confirms')).status).toBe(409)
    await take(wrong, 'seen')
    await take(cancel, 'patient declines')
    expect((await world.site.replica.entries('requests', event!.patientKey)).map((one) => one.kind)).toContain('declined') // prettier-ignore
  })
  it('of which nothing is known is said to be unknown', async () => {
    expect((await admin.get('/inbox/replies/none')).status).toBe(404)
    expect((await take(derivedUlid('nothing'), 'seen')).status).toBe(404)
  })
})
