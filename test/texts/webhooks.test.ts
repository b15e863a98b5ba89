import twilio from 'twilio'
import { expect, it, onTestFinished } from 'vitest'
import { foldConsent } from '../../src/replica/kinds/consents.ts'
import { foldCommunications } from '../../src/replica/kinds/communications.ts'
import { foldConfirmations } from '../../src/replica/kinds/confirmations.ts'
import { foldRequests } from '../../src/replica/kinds/requests.ts'
import { receivedPath, statusPath } from '../../src/server/texts/webhooks.ts'
import { account, texting, type Texting } from './texting.ts'

const hour = 3_600_000
const phone = '+14805550101'
const origin = 'https://portal.example'

async function asked(): Promise<{ world: Texting; patient: string; event: string }> {
  const world = await texting()
  onTestFinished(() => world.close())
  await world.set({ perDay: '9', perWeek: '30' })
  const patient = await world.person()
  const event = await world.event(patient, '2027-03-03T14:30')
  await world.pass(hour, 30 * 60_000)
  expect(world.arrived()).toHaveLength(1)
  return { world, patient, event }
}
const textOf = (fields: Record<string, string> = {}) => ({ MessageSid: 'SM0001', AccountSid: account.accountSid, From: phone, To: '+14805550000', Body: 'C', NumMedia: '0', ...fields }) // prettier-ignore
const posted = async (world: Texting, path: string, fields: Record<string, string>, signature?: string) =>
  (await world.webhooks.request(path, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', ...(signature === undefined ? {} : { 'x-twilio-signature': signature }) }, body: new URLSearchParams(fields).toString() }, { incoming: { headers: {}, socket: {} } })).status // prettier-ignore
const signatureOf = (path: string, fields: Record<string, string>, at = origin, token = account.authToken): string =>
  twilio.getExpectedTwilioSignature(token, `${at}${path}`, fields)
const out = async (world: Texting, patient: string) => foldCommunications(await world.replica.entries('communications', patient)) // prettier-ignore
const answersOf = async (world: Texting, event: string) => foldConfirmations(await world.replica.entries('confirmations', event)) // prettier-ignore
const reviewsOf = async (world: Texting): Promise<string[]> => {
  await world.settled()
  return (await world.replica.index({ view: 'review', state: 'open' })).map((row) => (row.body as { about: string }).about) // prettier-ignore
}

it('[TEXT-9] a text that is unsigned, altered, signed for another address or with another token is refused, and has no effect', async () => {
  const { world, patient, event } = await asked()
  const path = receivedPath(world.practice)
  const fields = textOf()
  const right = signatureOf(path, fields)
  const wrong: readonly (readonly [Record<string, string>, string | undefined, string])[] = [
    [fields, undefined, path],
    [fields, 'AAAA', path],
    [{ ...fields, Body: 'STOP' }, right, path],
    [{ ...fields, Extra: 'x' }, right, path],
    [fields, signatureOf(path, fields, 'https://elsewhere.example'), path],
    [fields, signatureOf(path, fields, origin, 'another token'), path],
    [fields, right, receivedPath('01ARZ3NDEKTSV4RRFFQ69G5FAV')],
    [fields, right, statusPath(world.practice, patient, 'x')],
    [{ ...fields, AccountSid: 'ACother' }, signatureOf(path, { ...fields, AccountSid: 'ACother' }), path],
  ]
  for (const [given, signature, at] of wrong) expect(await posted(world, at, given, signature)).toBe(403)
  expect((await out(world, patient)).received).toEqual([])
  expect(await answersOf(world, event)).toEqual([])
  expect(world.log.join('\n')).not.toMatch(/480555|Ann|STOP|Bloom/)
})

it('[TEXT-9] [3.2 (1)] a text that comes twice confirms once and is answered once', async () => {
  const { world, patient, event } = await asked()
  const path = receivedPath(world.practice)
  for (let i = 0; i < 3; i++) expect(await posted(world, path, textOf(), signatureOf(path, textOf()))).toBe(200)
  await world.settled()
  expect(await answersOf(world, event)).toMatchObject([{ channel: 'text', patient, startsAt: '2027-03-03T14:30', state: 'sent' }]) // prettier-ignore
  expect((await out(world, patient)).received).toHaveLength(1)
  expect(world.arrived().slice(1).map(({ body }) => body)).toEqual(['Desert Bloom: Thank you. We have told the office that you will come on Wed, Mar 3, 2:30 PM.']) // prettier-ignore
})

it('[TEXT-9] states that come late, twice or in another order end at the highest', async () => {
  const { world, patient } = await asked()
  const [message] = (await out(world, patient)).out
  const path = statusPath(world.practice, patient, message!.id)
  for (const MessageStatus of ['delivered', 'sent', 'queued', 'delivered', 'sent']) {
    const fields = { MessageSid: message!.sid!, AccountSid: account.accountSid, MessageStatus }
    expect(await posted(world, path, fields, signatureOf(path, fields))).toBe(204)
  }
  expect((await out(world, patient)).out).toMatchObject([{ state: 'delivered' }])
})

it('[TEXT-10] a wish to move is the patient’s request, and the event is neither moved nor asked about again', async () => {
  const { world, patient, event } = await asked()
  await world.sandbox.reply(phone, 'R')
  await world.pass(3 * 24 * hour, hour)
  expect(foldRequests(await world.replica.entries('requests', patient))).toMatchObject([{ kind: 'wants to move', event, startsAt: '2027-03-03T14:30' }]) // prettier-ignore
  expect(world.arrived().map(({ body }) => /reminder/.test(body))).toEqual([false, false])
})

it('[TEXT-10] [F6] an answer to a time that has changed confirms nothing, and says so', async () => {
  const { world, patient, event } = await asked()
  await world.event(patient, '2027-03-03T14:30', { startsAt: '2027-03-20T09:00' }, event)
  await world.sandbox.reply(phone, 'C')
  await world.settled()
  expect(await answersOf(world, event)).toEqual([])
  expect(world.arrived().at(-1)!.body).toMatch(/^Desert Bloom: That time has changed/)
  expect(await reviewsOf(world)).toEqual(['confirmation set aside'])
})

it('[TEXT-10] [F10] what is not understood is a review for a person, and nobody is told that it was invalid', async () => {
  const { world, event } = await asked()
  await world.sandbox.reply(phone, 'yes but can we do 3pm?')
  await world.settled()
  expect(await answersOf(world, event)).toEqual([])
  expect(await reviewsOf(world)).toEqual(['reply to read'])
  expect(world.arrived().at(-1)!.body).toMatch(/the office will read this/)
})

it('[TEXT-6] [F11] [F12] “stop texting me” ends texts to the number for every patient who has it, with one answer, and START begins them again', async () => {
  const { world } = await asked()
  const tom = await world.person({ firstName: 'Tom' })
  await world.sandbox.reply(phone, 'please stop texting me')
  await world.event(tom, '2027-03-03T15:30')
  await world.pass(5 * hour, hour)
  expect(world.arrived()).toHaveLength(2)
  expect(world.arrived().at(-1)!.body).toMatch(/You get no more texts from us/)
  const consent = foldConsent(await world.replica.entries('consents', world.keys.ofNumber(phone)))
  expect(consent).toMatchObject({ state: 'out', by: { how: 'reply', proof: { text: 'please stop texting me' } } })
  await world.sandbox.reply(phone, 'START')
  await world.event(tom, '2027-03-09T15:30')
  await world.pass(9 * 24 * hour, 6 * hour)
  expect(world.arrived().filter(({ body }) => body.startsWith('Tom'))).not.toHaveLength(0)
})

it('[TEXT-6] [F9] CANCEL opts out, and is a review: the patient may have meant the event', async () => {
  const { world, event } = await asked()
  await world.sandbox.reply(phone, 'CANCEL')
  expect(await reviewsOf(world)).toEqual(['may want to cancel'])
  expect(await answersOf(world, event)).toEqual([])
  // The provider has answered by itself: a second answer is one too many.
  expect(world.arrived()).toHaveLength(1)
})

it('[TEXT-6] [3.2 (3)] YES to what is asked is its answer and no opt-in, also where the provider takes it for one: nothing more goes out', async () => {
  const { world, event } = await asked()
  await world.sandbox.reply(phone, 'STOP')
  await world.sandbox.reply(phone, 'YES')
  await world.pass(hour)
  expect(world.sandbox.isBlocked(phone)).toBe(false)
  expect(await answersOf(world, event)).toMatchObject([{ channel: 'text' }])
  expect(foldConsent(await world.replica.entries('consents', world.keys.ofNumber(phone)))).toMatchObject({ state: 'out' }) // prettier-ignore
  await world.pass(3 * 24 * hour, hour)
  expect(world.arrived()).toHaveLength(1)
})

it('[TEXT-7] what was written while the portal could not be reached is learnt at its next start, before anything goes out', async () => {
  const { world, event } = await asked()
  world.sandbox.inboundTo(null)
  await world.sandbox.reply(phone, 'Yes')
  await world.restart()
  await world.settled()
  expect(await answersOf(world, event)).toHaveLength(1)
})

it('[TEXT-10] [S16] what a person must read, from a number of two families, is filed under neither, and answered without a name', async () => {
  const { world, patient } = await asked()
  const tom = await world.person({ firstName: 'Tom' })
  await world.set({ perDay: '2' })
  await world.event(tom, '2027-03-03T15:30')
  await world.settled()
  await world.sandbox.reply(phone, 'Is parking free?')
  await world.settled()
  const [review] = await world.replica.index({ view: 'review' })
  expect(review).toMatchObject({ patient: null, body: { about: 'reply to read', patient: null, reply: { text: 'Is parking free?' } } }) // prettier-ignore
  for (const one of [patient, tom]) expect((await out(world, one)).received).toEqual([])
  expect(world.arrived().at(-1)!.body).toMatch(/^Desert Bloom: Thanks, the office will read this/)
})

it('[TEXT-10] a text from a number that nobody has is a review, and nothing is said back', async () => {
  const { world } = await asked()
  await world.sandbox.reply('+16025550199', 'Who is this?')
  expect(await reviewsOf(world)).toEqual(['reply to read'])
  expect(world.arrived()).toHaveLength(1)
})

it('[TEXT-8] [F27] how to stop stands in the first text to a number and in one a month; no procedure is ever in a text', async () => {
  const { world, patient } = await asked()
  for (const day of ['2027-03-15', '2027-03-29', '2027-04-20']) await world.event(patient, `${day}T10:00`)
  await world.pass(52 * 24 * hour, 6 * hour)
  const texts = world.arrived()
  expect(texts.map(({ body }) => /STOP/.test(body))).toEqual([true, false, false, false, false, false, true, false])
  for (const { body } of texts) expect(body).not.toMatch(/Rhinoplasty|Surgery|Lee/)
})

it.each([
  ['HELP', 'en', 'Desert Bloom: Texts about your appointments. Call +1 480 555 0100. Reply STOP to opt out.'],
  ['ayuda', 'es', 'Desert Bloom: Mensajes sobre sus citas. Llame al +1 480 555 0100. Responda STOP para no recibir más.'],
])('[TEXT-10] [S8] %s is answered by itself, once, with the name of the practice and the phone to call; staff see that help was asked for', async (word, language, answer) => {
  const { world, patient, event } = await asked()
  await world.person({ language }, patient)
  const path = receivedPath(world.practice)
  for (let i = 0; i < 2; i++) await posted(world, path, textOf({ Body: word }), signatureOf(path, textOf({ Body: word })))
  await world.settled()
  expect(world.arrived().slice(1).map(({ body }) => body)).toEqual([answer.replace('á', 'a')])
  expect(await reviewsOf(world)).toEqual(['reply to read'])
  expect(await answersOf(world, event)).toEqual([])
  expect(foldConsent(await world.replica.entries('consents', world.keys.ofNumber(phone))).state).toBe('unknown')
}) // prettier-ignore

it('[TEXT-6] [S20] whoever writes that it is the wrong number gets no more texts, for whichever patient, and staff are told whose number to ask for', async () => {
  const { world, patient } = await asked()
  const tom = await world.person({ firstName: 'Tom' })
  await world.sandbox.reply(phone, 'You have the wrong number')
  await world.event(tom, '2027-03-03T15:30')
  await world.pass(3 * 24 * hour, hour)
  expect(world.arrived().slice(1).map(({ body }) => body)).toEqual(['Desert Bloom: You get no more texts from us. Reply START for texts.']) // prettier-ignore
  expect(foldConsent(await world.replica.entries('consents', world.keys.ofNumber(phone)))).toMatchObject({ state: 'out', by: { how: 'wrong number', proof: { text: 'You have the wrong number' } } }) // prettier-ignore
  const [row, ...more] = await world.replica.index({ view: 'review', state: 'open' })
  expect(row).toMatchObject({ patient, body: { about: 'wrong number', todo: expect.stringContaining('Ask the patient for the right number') } }) // prettier-ignore
  expect(more).toEqual([])
})

it('[TEXT-6] [S20] a number of which the provider posts that it has opted out gets no more texts, however often it is posted', async () => {
  const { world, patient } = await asked()
  const [message] = (await out(world, patient)).out
  const path = statusPath(world.practice, patient, message!.id)
  const fields = { MessageSid: message!.sid!, AccountSid: account.accountSid, MessageStatus: 'undelivered', ErrorCode: '21610' } // prettier-ignore
  for (let i = 0; i < 2; i++) expect(await posted(world, path, fields, signatureOf(path, fields))).toBe(204)
  await world.pass(3 * 24 * hour, hour)
  expect(world.arrived()).toHaveLength(1)
  expect(await world.replica.entries('consents', world.keys.ofNumber(phone))).toMatchObject([{ kind: 'opted out', how: 'provider' }]) // prettier-ignore
})

it('[TEXT-6] [S20] a number of which the provider posts that nobody has it is shown to staff once, who decide: it may come back (S19)', async () => {
  const { world, patient } = await asked()
  const [message] = (await out(world, patient)).out
  const path = statusPath(world.practice, patient, message!.id)
  const fields = { MessageSid: message!.sid!, AccountSid: account.accountSid, MessageStatus: 'undelivered', ErrorCode: '30005' } // prettier-ignore
  for (let i = 0; i < 2; i++) expect(await posted(world, path, fields, signatureOf(path, fields))).toBe(204)
  expect(await reviewsOf(world)).toEqual(['number takes no texts'])
  expect(await world.replica.entries('consents', world.keys.ofNumber(phone))).toEqual([])
})

it('[TEXT-8] [F27] every text that is said back says first who writes', async () => {
  const { world, patient, event } = await asked()
  await world.set({ requestsPerDay: '9' })
  const second = await world.event(patient, '2027-03-04T09:00')
  await world.pass(hour)
  for (const words of ['yes', '1', 'HELP', 'is parking free?', 'R', 'STOP TEXTING ME', 'START']) await world.sandbox.reply(phone, words)
  await world.event(patient, '2027-03-04T09:00', { startsAt: '2027-03-20T09:00' }, second)
  await world.event(patient, '2027-03-03T14:30', { startsAt: '2027-03-21T09:00' }, event)
  await world.sandbox.reply(phone, 'N')
  await world.settled()
  const said = world.arrived().map(({ body }) => body)
  for (const one of [/told the office/, /Which one/, /about your appointments\. Call/, /will read this/, /no more texts/, /texts about your appointments again/, /That time has changed/])
    expect(said.join('\n')).toMatch(one)
  for (const body of said) expect(body).toMatch(/^(Ann: .*Desert Bloom|Desert Bloom: )/)
}) // prettier-ignore
