/** Texts in the console: the words that they say and the rules by which they go out, looked at before anything is sent by them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
