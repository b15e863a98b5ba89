/** Any rule for texts, for properties. */
import fc from 'fast-check'
import type { RuleWords } from '../../src/bridges/texts/rule-words.ts'

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
