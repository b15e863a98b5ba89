/** The catalogue of words: complete in every language, and said with what is put into it. */
import { describe, expect, it } from 'vitest'
import { cents } from '../../src/replica/kinds/money.ts'
import { acceptedLanguage, languageOf, languages } from '../../src/server/words/language.ts'
import { catalogue, speechIn } from '../../src/server/words/speech.ts'

type Leaf = string | ((...given: unknown[]) => string)
const leavesOf = (branch: object, path = ''): (readonly [string, Leaf])[] =>
  Object.entries(branch).flatMap(([name, value]: [string, unknown]) => {
    const at = path ? `${path}.${name}` : name
    return typeof value === 'object' && value !== null ? leavesOf(value, at) : [[at, value as Leaf] as const]
  })
const english = leavesOf(catalogue.en)
const spanish = new Map(leavesOf(catalogue.es))
/** InSched's own words, and words that both languages write alike. */
const alike =
  /^(console\.(menu\.(send|recent)|status\.(upload|download))|desk\.(runs\.kinds\.(upload|download)|(today|reviews)\.write)|desk\.recent\.channels\.HL7|attachments\.kinds\.(pdf|video))$/

describe('Spanish', () => {
  it('has every phrase that English has, and no other', () => {
    expect(new Set(spanish.keys())).toEqual(new Set(english.map(([at]) => at)))
    expect(english.length).toBeGreaterThan(100)
  })
  it.each(english)('%s is translated, and not empty', (at, phrase) => {
    const other = spanish.get(at)
    expect(typeof other).toBe(typeof phrase)
    if (typeof phrase !== 'string' || typeof other !== 'string') return
    expect(other.trim()).not.toBe('')
    if (!alike.test(at)) expect(other).not.toBe(phrase)
  })
})

/** What is chosen by what is given, and does not say it. */
const chosen = /^(staff\.access\.signsIn|attachments\.refusals\.(tooMany|cut|tooMuch))$/
const filled = english.filter((one): one is [string, (...given: unknown[]) => string] => typeof one[1] === 'function' && !chosen.test(one[0])) // prettier-ignore
it.each(filled)('%s says what is put into it, in each language', (at, phrase) => {
  for (const say of [phrase, spanish.get(at) as typeof phrase]) {
    const counted = { patients: 7, plans: 7, stages: 7, events: 7 }
    const said = say(...(at === 'console.status.uploaded' ? [counted, '7'] : Array.from({ length: phrase.length }, () => 7))) // prettier-ignore
    if (phrase.length > 0) expect(said).toContain('7')
    expect(said).not.toMatch(/undefined|NaN|\[object/)
  }
})

it('one is said in the singular, more in the plural', () => {
  const said = languages.map((one) => [1, 2, 1_000].map((n) => catalogue[one].patient.home.newMessages(n)))
  expect(said).toEqual([
    ['You have 1 new message', 'You have 2 new messages', 'You have 1,000 new messages'],
    ['Tiene 1 mensaje nuevo', 'Tiene 2 mensajes nuevos', 'Tiene 1,000 mensajes nuevos'],
  ])
})

it('dates, times and money are written as the reader’s language writes them, in the zone of the place', () => {
  const [en, es] = [speechIn('en'), speechIn('es')]
  const plain = (text: string): string => text.replaceAll(/[\u00a0\u202f]/g, ' ')
  expect(plain(en.wall('2026-12-01T09:00'))).toBe('Tuesday, December 1 at 9:00 AM')
  expect(plain(es.wall('2026-12-01T09:00'))).toBe('martes, 1 de diciembre, 9:00 a.m.')
  expect(plain(en.instant(Date.parse('2026-12-01T16:00:00Z'), 'America/Phoenix'))).toBe('Tuesday, December 1 at 9:00 AM') // prettier-ignore
  expect([en.day('2026-03-03'), es.day('2026-03-03')]).toEqual(['March 3, 2026', '3 de marzo de 2026'])
  expect([en.money(cents(123_450)), es.money(cents(123_450))]).toEqual(['$1,234.50', '$1,234.50'])
  expect(en.zoneName('America/Phoenix', '2026-07-01T09:00')).toBe('Mountain Standard Time')
  expect(en.zoneName('America/Denver', '2026-07-01T09:00')).toBe('Mountain Daylight Time')
})

it.each([
  ['es-MX,es;q=0.9,en;q=0.8', 'es'],
  ['de,en;q=0.5,es;q=0.7', 'es'],
  ['en-GB,es;q=0.3', 'en'],
  ['es;q=0,en;q=0.1', 'en'],
  ['fr', undefined],
  [undefined, undefined],
  [';;,=q', undefined],
])('a browser that asks for %s reads %s', (header, language) => {
  expect(acceptedLanguage(header)).toBe(language)
})

it.each([
  ['es', 'es'],
  ['Spanish', 'es'],
  ['Español', 'es'],
  ['English', 'en'],
  ['en-US', 'en'],
  ['Vietnamese', undefined],
  [null, undefined],
])('what InSched holds as %s is %s', (text, language) => {
  expect(languageOf(text)).toBe(language)
})
