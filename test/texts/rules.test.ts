/** Preferences > Texts as people write them: what each rule says, what is off until somebody has looked, what older preferences mean. */
import fc from 'fast-check'
import * as v from 'valibot'
import { expect, it } from 'vitest'
import { ruleKinds, ruleSchema, wordsOfRule, type RuleWords } from '../../src/bridges/texts/rule-words.ts'
import { rulesOf, textsChanged, textSettingsOf, textsShown } from '../../src/bridges/texts/rules.ts'
import type { Json } from '../../src/replica/json.ts'
import { anyRuleWords } from './any-rules.ts'

const set = (fields: Record<string, Json>, key: string, value: string, at = 1): Record<string, Json> => ({
  ...fields,
  ...textsChanged(fields, { key, value, at }),
})
const ruleIn = (fields: Record<string, Json>, id: string) => textSettingsOf(fields).rules.find((one) => one.id === id)

it('a rule that is written and read is the same rule', () => {
  fc.assert(
    fc.property(anyRuleWords, (rule: RuleWords) => {
      expect(v.parse(ruleSchema, wordsOfRule(rule))).toEqual(rule)
    }),
  )
})

it.each(ruleKinds)('[TEXT-4] a new rule is off until it is turned on, and tells nothing of what was due before: %s', (what) => {
  const lead = what.endsWith('notice') ? '' : what === 'after visit' ? ' 1 day after' : ' 5 days before'
  const added = set({}, 'rule/mine', `${what}${lead}`, 1_000)
  expect(ruleIn(added, 'mine')).toMatchObject({ what, isOn: false })
  const on = set(added, 'rule/mine', `${what}${lead}`, 2_000)
  expect(ruleIn(on, 'mine')).toMatchObject({ isOn: true, since: 2_000 })
  // Turned off and on again it goes on where it was.
  const again = set(set(on, 'rule/mine', `off ${what}${lead}`, 3_000), 'rule/mine', `${what}${lead}`, 4_000)
  expect(ruleIn(again, 'mine')).toMatchObject({ isOn: true, since: 2_000 })
}) // prettier-ignore

it('preferences of before are read as they were: the usual rules are on, what was added counts from then', () => {
  const fields = { sending: 'on', 'rule/two': 'reminder 2 days before at location 4', 'since/two': 7, 'rule/request': 'none' } // prettier-ignore
  const settings = textSettingsOf(fields)
  expect(settings.isOn).toBe(true)
  expect(settings.rules).toEqual([
    { id: 'reminder', since: 0, what: 'reminder', lead: { days: 1 }, isOn: true, location: null, types: [], ifConfirmed: null, arriveEarly: 0, calendar: false },
    { id: 'two', since: 7, what: 'reminder', lead: { days: 2 }, isOn: true, location: '4', types: [], ifConfirmed: null, arriveEarly: 0, calendar: false },
  ]) // prettier-ignore
})

it('an event has the rules of its location, and of each kind those of its type', () => {
  const [consult, other] = ['C'.repeat(26), 'D'.repeat(26)]
  const settings = textSettingsOf({
    'rule/consult': `reminder 3 days before for type ${consult}`,
    'rule/denver': 'reminder 2 hours before at location 2',
  })
  const ids = (location: string, type: string | null) => rulesOf(settings, { location, type }).map(({ id }) => id).toSorted() // prettier-ignore
  expect(ids('1', consult)).toEqual(['consult', 'request'])
  expect(ids('1', other)).toEqual(['reminder', 'request'])
  expect(ids('1', null)).toEqual(['reminder', 'request'])
  expect(ids('2', consult)).toEqual(['denver'])
})

it.each([
  ['rule/x', 'reminder 31 days before'],
  ['rule/x', 'reminder'],
  ['rule/x', 'booking notice 1 day before'],
  ['rule/x', 'after visit 1 day before'],
  ['rule/x', 'reminder 1 day before arrive 241 minutes early'],
  ['rule/X', 'reminder 1 day before'],
  ['excludedDays', 'Someday'],
  ['excludedDays', 'monday, tuesday, wednesday, thursday, friday, saturday, sunday'],
  ['graceMinutes', '241'],
  ['nothing', 'on'],
])('what is wrong is refused with what it takes, and changes nothing: %s %s', (key, value) => {
  expect(() => textsChanged({}, { key, value, at: 1 })).toThrow(/Nothing was changed\.$/)
})

it('people are shown what they wrote, and nothing that was never set by hand but its usual value', () => {
  const shown = textsShown(set(set({}, 'excludedDays/2', 'Sunday, 2027-12-25'), 'rule/mine', 'booking notice'))
  expect(shown).toMatchObject({ 'excludedDays/2': 'Sunday, 2027-12-25', 'rule/mine': 'off booking notice', sending: 'off', closestOnly: 'on' }) // prettier-ignore
})
