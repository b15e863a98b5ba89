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
}
