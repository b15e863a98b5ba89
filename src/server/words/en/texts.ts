/** What staff are told of texts: what they are, how far each came, and why one was sent or not. */
import type { MessageState, NotSentReason, ToldKind } from '../../../replica/kinds/communications.ts'

const kinds: Readonly<Record<ToldKind, string>> = {
  'confirmation request': 'Confirmation request',
  reminder: 'Reminder',
  answer: 'Answer to a reply',
  'opt-out confirmation': 'Confirmation of an opt-out',
  'message notice': 'Notice of a message',
}
const states: Readonly<Record<MessageState, string>> = {
  queued: 'Queued',
  dropped: 'Not sent',
  accepted: 'Taken by the provider',
  sent: 'Sent',
  failed: 'Failed',
  undelivered: 'Not delivered',
  delivered: 'Delivered',
  opened: 'Opened',
}
const reasons: Readonly<Record<NotSentReason, string>> = {
  'sending is off': 'Texts are switched off.',
  'rule is off': 'This rule is switched off.',
  'rule came later': 'The rule was added after its moment for this event.',
  'booked the same day': 'The event was booked for the same day.',
  'another rule is closer': 'Another rule of its kind is closer to the event.',
  'too late': 'It was too short before the event.',
  'no number': 'The patient has no number that takes texts.',
  'opted out': 'The number has opted out of texts.',
  'consent unknown': 'It is not known whether the patient consents to texts, which counts as no.',
  'no consent': 'The patient does not consent to texts.',
  moved: 'The event had moved before it could go out.',
  canceled: 'The event is canceled.',
  deleted: 'The event was deleted.',
  status: 'The event has a status already.',
  started: 'The event has begun.',
  confirmed: 'The event is confirmed.',
  answered: 'The patient has answered already.',
  'another patient': 'The patient was combined with another, or deleted.',
  cap: 'The number had as many texts as it may get.',
  'no hours': 'There was no hour at which it may be sent, in every zone in which the patient may be.',
  'not held here': 'The portal does not hold the event.',
}

export const texts = {
  title: 'Texts',
  kinds,
  states,
  reasons,
  toldAt: (when: string, state: string) => `Sent ${when}. ${state}.`,
  failedWith: (code: string) => `The provider says ${code}.`,
  dueAt: (when: string) => `Goes out ${when}.`,
  waits: {
    hours: 'It waits for an hour at which it may go out.',
    cap: 'The number had its texts of the day.',
  },
  willGo: 'Goes out now.',
  rule: (words: string) => `Rule: ${words}`,
  reply: (text: string) => `Answered by text: “${text}”`,
  settings: {
    how: 'The portal texts patients who consent. Sending is off until you turn it on; nothing goes out from 9 in the evening to 8 in the morning, wherever the patient may be.',
    names: {
      sending: 'Send texts (on or off)',
      window: 'Between (like 09:00-18:00)',
      practiceName: 'How texts name the practice',
      perDay: 'Most texts to a number in a day',
      perWeek: 'Most texts to a number in a week',
      notWithinHours: 'None so many hours before the event',
      asksSameDay: 'Ask to confirm what is booked the same day (on or off)',
      remindsConfirmed: 'Remind who has confirmed (on or off)',
    },
    windowOf: (location: string) => `Between, for location ${location}`,
    rules: 'Rules',
    rulesHow:
      'A rule is written like “reminder 1 day before” or “off confirmation request 36 hours before at location 2”; “none” removes it. A changed rule tells nobody again what was told.',
    ruleNamed: (name: string) => `Rule ${name}`,
    newRule: 'A new rule',
    ruleName: 'Its name',
    ruleNameHint: 'Small letters, digits and dashes.',
    ruleWords: 'What it does',
    ruleWordsHint: 'Like “reminder 2 hours before”. It tells nothing of what was due before now.',
    add: 'Add the rule',
  },
}
