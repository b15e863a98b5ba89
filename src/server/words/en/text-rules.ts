/** What staff read where they write rules and words of texts, and look at what comes of them. */
import type { TagClass, WhyNoTemplate } from '../../../bridges/texts/templates.ts'
import type { TextLanguage } from '../../../bridges/texts/templates.ts'
import { counting } from '../plural.ts'

const count = counting('en')

const classes: Readonly<Record<TagClass, string>> = {
  public: 'About the practice: may leave',
  appointment: 'For whom and when: may leave',
  link: 'A link to a page that asks who is there: may leave',
  identity: 'Who the patient is: stays',
  care: 'Treatment: stays',
  money: 'Money: stays',
}
const wrong: Readonly<Record<WhyNoTemplate, (of: string) => string>> = {
  empty: () => 'Write what the text says.',
  'too long': (most) => `Write at most ${most} letters.`,
  unpaired: (mark) => `“${mark}” has no partner. A tag stands between { and }, what may be left out between [ and ].`,
  'unknown tag': (tag) => `There is no tag {${tag}}. The tags are listed below.`,
  'tag that stays': (tag) => `{${tag}} may not leave by text: it says too much to whoever holds the phone.`,
  'no practice': () => 'A text says who writes: put {practice} into it, outside of brackets.',
  'no date and time': () => 'A text says when: put {when} into it, or {date} and {time}, outside of brackets.',
  'no answer': () => 'Say how to confirm, in capitals, such as “Reply C to confirm”.',
  'opt-out word': (word) => `“${word}” may not be an answer: networks take it as an opt-out from all texts. How to stop is added by itself.`, // prettier-ignore
  'own name': (name) => `“${name}” stands in the name of one of your procedures, plans or stages. A text may not say what a patient comes for.`, // prettier-ignore
  'too many parts': (parts) => `The longest text of it would have ${parts} parts; there may be 10.`,
}
const languages: Readonly<Record<TextLanguage, string>> = { en: 'English', es: 'Spanish' }

export const textRules = {
  said: { wordsSaved: 'The words are saved. Texts say so from now on; what was sent is not sent again.' },
  which: 'Parts of texts',
  parts: { rules: 'Rules', words: 'Words' },
  words: {
    how: 'What texts say, in the language that is on file for the patient. How to stop is added to the first text to a number and to one a month, by itself.',
    languages,
    of: (kind: string, language: string) => `${kind}, ${language}`,
    ofRule: (rule: string) => `of rule ${rule}`,
    own: 'Your words',
    usual: 'Usual words',
    edit: 'Change',
    editOf: (what: string) => `Change: ${what}`,
    all: 'All words',
    source: 'The text',
    sourceHint: 'Tags in braces are filled in for each patient. What stands in brackets is left out where nothing is known for its tag.', // prettier-ignore
    look: 'See what it says',
    back: 'Use the usual words again',
    example: 'To somebody who is made up',
    longest: 'The longest that any patient would get',
    parts: (parts: number) => count(parts, { one: 'part', other: 'parts' }),
    measure: (units: number, alphabet: string) => `${units} letters in ${alphabet}`,
    alphabets: { GSM: 'the GSM alphabet', 'UCS-2': 'the large alphabet, which a name needs' },
    manyParts: 'Each part is paid for. Shorter words cost less, and some phones show long texts cut.',
    tags: 'Tags',
    tag: 'Tag',
    tagClass: 'What it tells',
    wrong,
    classes,
  },
}
