/** Any rule for texts, for properties. */
import fc from 'fast-check'
import { wordsOfRule, type RuleWords } from '../../src/bridges/texts/rule-words.ts'

const key = fc.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/)
const lead = fc.oneof(
  fc.record({ days: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ hours: fc.integer({ min: 1, max: 720 }) }),
)

export const anyRuleWords: fc.Arbitrary<RuleWords> = fc
  .record({
    what: fc.constantFrom('confirmation request', 'reminder', 'booking notice', 'change notice', 'after visit'),
    lead,
    isOn: fc.boolean(),
    location: fc.option(fc.constantFrom('1', '2', '34')),
    types: fc.array(key, { maxLength: 3 }),
    ifConfirmed: fc.option(fc.boolean()),
    arriveEarly: fc.integer({ min: 0, max: 240 }),
    calendar: fc.boolean(),
  })
  .map((rule) => (rule.what.endsWith('notice') ? { ...rule, lead: null } : rule) as RuleWords)

/** Any settings of texts with any rules, as they are kept: leads of a few days, so that much falls together. */
export function anySettings(types: readonly string[]): fc.Arbitrary<Record<string, string>> {
  const near = fc.oneof(fc.record({ days: fc.integer({ min: 1, max: 6 }) }), fc.record({ hours: fc.integer({ min: 1, max: 100 }) }))
  const rule = fc
    .record({ words: anyRuleWords, lead: near, types: fc.constantFrom([], [], [], types.slice(0, 1)), location: fc.constantFrom(null, null, null, null, '2'), ifConfirmed: fc.constantFrom(null, null, null, true, false), isOn: fc.constantFrom(true, true, true, true, false) })
    .map(({ words, lead, ...more }) => wordsOfRule({ ...words, ...more, lead: words.lead === null ? null : lead }))
  const onOff = fc.constantFrom('on', 'off')
  return fc
    .record({
      rules: fc.array(rule, { minLength: 1, maxLength: 6 }),
      window: fc.constantFrom('00:00-00:00', '09:00-18:00', '09:00-18:00', '12:00-13:00', '20:00-02:00'),
      excludedDays: fc.constantFrom('', '', 'Sunday', 'Saturday, Sunday, 2027-03-17'),
      perDay: fc.constantFrom('1', '2', '9'),
      perWeek: fc.constantFrom('3', '9', '30'),
      requestsPerDay: fc.constantFrom('1', '3'),
      notWithinHours: fc.constantFrom('0', '2', '24'),
      asksSameDay: onOff,
      remindsConfirmed: onOff,
      closestOnly: onOff,
      earlySameDay: onOff,
      graceMinutes: fc.constantFrom('0', '10', '240'),
      groupsFamilies: fc.constantFrom('on', 'on', 'off'),
      minorsUntilAge: fc.constantFrom('0', '18', '18'),
    })
    .map(({ rules, ...settings }) => ({ ...settings, sending: 'on', 'rule/request': 'none', 'rule/reminder': 'none', ...Object.fromEntries(rules.map((words, at) => [`rule/r${at}`, words])) }))
} // prettier-ignore
