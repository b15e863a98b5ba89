import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { longestText } from '../../src/bridges/texts/longest-text.ts'
import { inGsmLetters, segmentsOf } from '../../src/bridges/texts/segments.ts'
import { assertNamesNothing, checkedTemplate } from '../../src/bridges/texts/template-checks.ts'
import { parseTemplate, tagClasses, tags, TemplateFault, type AnyTag } from '../../src/bridges/texts/templates.ts'
import { isTelling, tellingText, usualTemplate, whenInWords } from '../../src/bridges/texts/wording.ts'

const ann = { firstName: 'Ann', practice: 'Desert Bloom', location: 'Mesa', phone: '+1 480 555 0100', startsAt: '2027-03-10T14:30' } // prettier-ignore
/** Why a template is refused; null where it is not. */
const why = (source: string, what: 'reminder' | 'confirmation request' = 'reminder'): string | null => {
  try {
    checkedTemplate(source, what)
    return null
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error
    expect(error.message).toMatch(/^.{10,}\.$/)
    return error.why
  }
}

describe('a text is made of words and tags', () => {
  it('what stands in brackets is left out where nothing is known for its tag', () => {
    const template = usualTemplate('reminder', 'en')
    expect(tellingText(template, ann, 'en', false)).toBe('Ann: this is a reminder of your appointment at Desert Bloom, Mesa, Wed, Mar 10, 2:30 PM. Questions? +1 480 555 0100') // prettier-ignore
    expect(tellingText(template, { ...ann, firstName: '', location: null, phone: null }, 'en', true)).toBe('This is a reminder of your appointment at Desert Bloom, Wed, Mar 10, 2:30 PM. Reply STOP to opt out.') // prettier-ignore
    expect(tellingText(parseTemplate('{practice}: {date}, {time}'), ann, 'es', false)).toBe('Desert Bloom: mié, 10 de mar, 2:30 p.m.') // prettier-ignore
  })
  it('a sentence that ends with a time in Spanish has one full stop, and is known again by it', () => {
    const text = tellingText(parseTemplate('{practice}: {when}.'), { ...ann, arriveAt: '2027-03-10T14:15', calendar: null }, 'es', false) // prettier-ignore
    expect(text).toMatch(/2:30 p\.m\. .*2:15 p\.m\.$/)
    expect(text).not.toContain('..')
    expect(isTelling(text, 'reminder', ann.startsAt, [{ what: 'reminder', template: parseTemplate('{practice}: {when}.') }])).toBe(true) // prettier-ignore
  })
  it('when to come and the calendar are said where the template has a place for them, else after it', () => {
    const more = { ...ann, arriveAt: '2027-03-10T14:15', calendar: 'https://portal.example/c/1' }
    const said = (source: string): string => tellingText(parseTemplate(source), more, 'en', true)
    expect(said('{practice}: {when}.')).toBe('Desert Bloom: Wed, Mar 10, 2:30 PM. Please come at 2:15 PM. For your calendar: https://portal.example/c/1 Reply STOP to opt out.') // prettier-ignore
    expect(said('{practice}: {when}[, be here at {arrive}]. [{calendar}]')).toBe('Desert Bloom: Wed, Mar 10, 2:30 PM, be here at 2:15 PM. https://portal.example/c/1 Reply STOP to opt out.') // prettier-ignore
    expect(tellingText(parseTemplate('{practice}: {when}[, be here at {arrive}].'), ann, 'en', false)).toBe('Desert Bloom: Wed, Mar 10, 2:30 PM.') // prettier-ignore
  })
  it('date and time together say what {when} says', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('2026-01-01'), max: new Date('2029-01-01'), noInvalidDate: true }),
        (date) => {
          const startsAt = date.toISOString().slice(0, 16)
          const text = tellingText(parseTemplate('{practice} {date}, {time}'), { ...ann, startsAt }, 'en', false)
          expect(text).toBe(`Desert Bloom ${whenInWords(startsAt, 'en')}`)
        },
      ),
      { numRuns: 50, seed: 4 },
    )
  })
  it.each([
    ['{practice} {when', 'unpaired'],
    ['{practice} [{when}', 'unpaired'],
    ['{practice} {when}]', 'unpaired'],
    ['{practice} [{when} [{phone}]]', 'unpaired'],
    ['  ', 'empty'],
    [`{practice} {when} ${'a'.repeat(600)}`, 'too long'],
    ['{practise} {when}', 'unknown tag'],
    ['Come at {when}.', 'no practice'],
    ['[{practice}] {when}', 'no practice'],
    ['{practice} {time}', 'no date and time'],
  ])('“%s” is refused: %s', (source, expected) => {
    expect(why(source)).toBe(expected)
  })
})

describe('[TEXT-8] [TEXT-15] no template says what a patient comes for', () => {
  it.each(Object.keys(tagClasses) as AnyTag[])('{%s} is taken or refused as its class says', (tag) => {
    const leaves = (tags as readonly string[]).includes(tag)
    expect(why(`{practice} {when} {${tag}}`)).toBe(leaves ? null : 'tag that stays')
    expect(['identity', 'care', 'money'].includes(tagClasses[tag])).toBe(!leaves)
  })
  it('the practice’s own names of procedures, plans and stages are refused, whole or by a word of theirs, whatever the case or accents', () => {
    const names = [
      'Consultation rhinoplasty',
      'Surgery Scheduled',
      'Follow-up',
      'Appointment Made',
      'Láser',
      'Visit',
      'PDO',
    ]
    const says = (text: string): string | null => {
      try {
        assertNamesNothing(parseTemplate(text), names)
        return null
      } catch (error) {
        return (error as TemplateFault).of
      }
    }
    expect(says('{practice}: your RHINOPLASTY on {when}.')).toBe('rhinoplasty')
    expect(says('{practice}: your consultation rhinoplasty on {when}.')).toBe('Consultation rhinoplasty')
    expect(says('{practice}: [laser on {date}] {when}.')).toBe('Láser')
    expect(says('{practice}: PDO, {when}.')).toBe('PDO')
    expect(says('{practice}: your appointment is made, a visit on {when}. Please follow the signs.')).toBeNull()
    for (const language of ['en', 'es'] as const)
      for (const what of ['reminder', 'confirmation request'] as const) expect(() => assertNamesNothing(usualTemplate(what, language), names)).not.toThrow() // prettier-ignore
  })
})

describe('no template offers an answer that opts out', () => {
  it.each([
    'Reply CANCEL to cancel',
    'reply cancel if you cannot come',
    'Text "stop" to end this',
    'Responda BAJA si no viene',
    'answer with END',
    'C, QUIT or R',
    'Reply STOP to opt out',
  ])('%s', (words) => {
    expect(why(`{practice}, {when}. ${words}.`)).toBe('opt-out word')
  })
  it.each(['Call before the end of the day to cancel', 'Reply C to confirm', 'Responda C para confirmar', 'No need to reply'])('“%s” is fine', (words) => {
    expect(why(`{practice}, {when}. ${words}.`)).toBeNull()
  }) // prettier-ignore
  it('a confirmation request offers an answer that counts as a yes', () => {
    expect(why('{practice}, {when}. Reply C to confirm.', 'confirmation request')).toBeNull()
    expect(why('{practice}, {when}. Responda SÍ.', 'confirmation request')).toBeNull()
    expect(why('{practice}, {when}. Reply Q to confirm.', 'confirmation request')).toBe('no answer')
    expect(why('{practice}, {when}.', 'confirmation request')).toBe('no answer')
  })
})

it('parts are counted for the longest text that anybody gets, in the alphabet that a name needs', () => {
  const places = [{ practice: 'Desert Bloom', location: 'Mesa', phone: null }, { practice: 'Desert Bloom', location: 'Scottsdale North', phone: '+1 480 555 0100' }] // prettier-ignore
  const template = usualTemplate('confirmation request', 'en')
  const latin = longestText(template, 'en', { firstNames: ['Ann', 'Maximilian', 'Zoë'], places })
  expect(latin.text).toMatch(/^Maximilian: appointment at Desert Bloom, Scottsdale North.*STOP/)
  expect(latin).toMatchObject({ alphabet: 'GSM', segments: 2 })
  const wide = longestText(template, 'en', { firstNames: ['Ann', 'Maximilian', 'Юля'], places })
  expect(wide.text).toMatch(/^Юля/)
  expect(wide).toMatchObject({ alphabet: 'UCS-2', segments: 3 })
  fc.assert(
    fc.property(fc.array(fc.constantFrom('Ann', 'Zoë', 'Юля', 'Wolfeschlegelstein', '李', 'Øystein'), { minLength: 1 }), fc.constantFrom('en', 'es'), (firstNames, language) => {
      const longest = longestText(template, language as 'en', { firstNames, places })
      for (const firstName of firstNames)
        for (const place of places)
          expect(segmentsOf(tellingText(template, { ...place, firstName, startsAt: '2027-11-28T10:15' }, language as 'en', true)).segments).toBeLessThanOrEqual(longest.segments)
    }),
    { numRuns: 100, seed: 2 },
  ) // prettier-ignore
})

it('[TEXT-7] a text is known again by the template that it was written with, whatever the template is now', () => {
  const own = [{ what: 'reminder', template: parseTemplate('See you at {practice} on {date} at {time}!') }, { what: 'confirmation request', template: parseTemplate('{practice}: {when}. C = yes') }] as const // prettier-ignore
  const [reminder, request] = own.map(({ template }) => tellingText(template, ann, 'en', false)) as [string, string]
  expect(isTelling(reminder, 'reminder', ann.startsAt, own)).toBe(true)
  expect(isTelling(reminder, 'confirmation request', ann.startsAt, own)).toBe(false)
  expect(isTelling(request, 'confirmation request', ann.startsAt, own)).toBe(true)
  expect(isTelling(request, 'reminder', ann.startsAt, own)).toBe(false)
  // 2:30 stands in 12:30, and Mar 1 in Mar 10.
  const late = tellingText(own[0].template, { ...ann, startsAt: '2027-03-10T12:30' }, 'en', false)
  expect(isTelling(late, 'reminder', '2027-03-10T14:30', own)).toBe(false)
  expect(isTelling(inGsmLetters(late), 'reminder', '2027-03-10T12:30', own)).toBe(true)
})
