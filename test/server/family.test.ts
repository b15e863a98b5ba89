/** One account, several patients: whose record is shown, and that no form ever speaks for another. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { mintUlid } from '../../src/replica/ids.ts'
import { hiddenOf, openPortalWorld, type Browser, type PortalWorld } from './world.ts'

let world: PortalWorld
let parent: Browser
beforeAll(async () => {
  world = await openPortalWorld()
})
afterAll(() => world.close())
beforeEach(async () => {
  // A parent with a child, who is herself a patient of another practice under another name.
  parent = await world.signedIn('ann')
  for (const person of ['cleo', 'dora']) {
    const path = await world.invite(person)
    await parent.post(path, { date: world.known[person]!.birthDate, join: 'yes' })
  }
})
const keyOf = (person: string): string => `${world.known[person]!.practice}/${world.known[person]!.patient}`
const show = (person: string) => parent.submit('/', '/viewing', { viewing: keyOf(person) })

it('the switch is on every page, names all of them, and says who is shown', async () => {
  await show('cleo')
  for (const path of ['/', '/messages', '/plan', '/password', '/nowhere']) {
    const { text } = await parent.get(path)
    for (const person of ['ann', 'cleo', 'dora']) expect(text, path).toContain(world.known[person]!.lastName)
    expect(text).toMatch(/<option value="[^"]+" selected>\s*Cleophea/)
  }
})

it.each([
  ['cleo', 'Quailbrush Surgery'],
  ['dora', 'Saltmarsh Clinic'],
  ['ann', 'Quailbrush Surgery'],
])(
  'choosing %s shows her appointments, messages and plan under the name of %s, and nobody else’s',
  async (person, practice) => {
    // prettier-ignore
    expect((await show(person)).status).toBe(303)
    const { event, text, plan } = world.known[person]!
    const pages = [(await parent.get('/')).text, (await parent.get('/messages')).text, (await parent.get('/plan')).text]
    expect(pages[0]).toContain(event)
    expect(pages[1]).toContain(text)
    expect(pages[2]).toContain(plan)
    for (const page of pages) expect(page).toContain(`<strong>${practice}</strong>`)
    for (const other of ['ann', 'cleo', 'dora', 'ben'].filter((one) => one !== person))
      for (const page of pages) {
        expect(page).not.toContain(world.known[other]!.event)
        expect(page).not.toContain(world.known[other]!.text)
      }
  },
)

it('the choice is of this session, kept at the server: another session of the account has its own', async () => {
  await show('cleo')
  expect([...parent.cookies.values()].join()).not.toContain(world.known['cleo']!.patient)
  expect((await parent.get(`/?viewing=${encodeURIComponent(keyOf('dora'))}`)).text).toContain(
    world.known['cleo']!.event,
  )
})

it('a page left open for one child says nothing for another: it is told, and nothing is sent', async () => {
  await show('cleo')
  const left = (await parent.get('/messages')).text
  await show('ann')
  const answer = await parent.post('/messages', { ...hiddenOf(left, '/messages'), subject: 'x', text: 'For whom is this?' }) // prettier-ignore
  expect(answer.status).toBe(409)
  expect(answer.text).toContain('is not sent yet')
  for (const person of ['ann', 'cleo']) {
    const { replica, patient } = world.known[person]!
    expect(JSON.stringify(await replica.entries('messages', patient))).not.toContain('For whom is this?')
  }
  // Signing out and switching are right from any page.
  expect((await parent.post('/viewing', { ...hiddenOf(left, '/viewing'), viewing: keyOf('cleo') })).status).toBe(303)
  expect((await parent.post('/sign-out', hiddenOf(left, '/sign-out'))).headers.get('location')).toBe('/sign-in')
})

it('a patient of whom the access ended is gone from the switch, and can no longer be shown or spoken for', async () => {
  await show('cleo')
  const left = (await parent.get('/messages')).text
  const { replica, patient, lastName } = world.known['cleo']!
  const accepted = (await replica.entries('access', patient)).filter((entry) => entry.kind === 'accepted')
  await replica.change([
    { collection: 'access', key: patient, add: { [mintUlid(world.clock)]: { kind: 'revoked', at: world.clock.now(), by: { role: 'staff', id: 'x' }, revokes: accepted.map((entry) => entry.id), why: 'by staff' } } }, // prettier-ignore
  ])
  const answer = await parent.post('/messages', { ...hiddenOf(left, '/messages'), subject: 'x', text: 'Still there?' })
  expect(answer.status).toBe(403)
  const home = await parent.get('/')
  expect(home.text).toContain(world.known['ann']!.event)
  expect(home.text).not.toContain(lastName)
  expect((await parent.submit('/', '/viewing', { viewing: keyOf('cleo') })).status).toBe(404)
})
