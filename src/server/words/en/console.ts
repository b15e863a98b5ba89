/** The pages of a site's console. The words of InSched stay InSched's in every language. */
import { counting } from '../plural.ts'

const count = counting('en')

export const console = {
  menu: { status: 'Status', send: 'Send Secure Portal Message', recent: 'Recent Communications', reviews: 'Reviews' },
  /** What a page says after a form was sent; the address only names one of these. */
  said: { sent: 'Saved here. It goes to the portal by itself.', resolved: 'The review is resolved.' },
  status: {
    downSince: (when: string) => `Down since ${when}`,
    lastContact: 'Last contact with the portal',
    noContact: 'none yet',
    waiting: 'Waiting for the portal',
    reviews: 'Reviews',
    upload: 'Upload Records',
    download: 'Download Online Communications',
    uploaded: (n: { patients: number; plans: number; stages: number; events: number }, seconds: string) =>
      `The portal has all records: ${count(n.patients, { one: 'patient', other: 'patients' })}, ${count(n.plans, { one: 'plan', other: 'plans' })}, ${count(n.stages, { one: 'stage', other: 'stages' })}, ${count(n.events, { one: 'event', other: 'events' })}; it took ${seconds} s.`,
    downloaded: (messages: number, confirmations: number) =>
      `InSched has all: ${count(messages, { one: 'new message', other: 'new messages' })}, ${count(confirmations, { one: 'new confirmation', other: 'new confirmations' })}.`,
    failedNext: 'Nothing was lost. Try again in a moment; the status says how it stands.',
  },
  recent: {
    none: 'Nothing yet.',
    noneNext: 'Messages, confirmations and requests appear here.',
    cut: (n: number) =>
      `The newest ${n} are shown; there are older ones. The command "recent" with --patient shows those of one patient.`,
    columns: { when: 'When', direction: 'Direction', patient: 'Patient', subject: 'Subject', state: 'State' },
  },
  reviews: {
    none: 'Nothing waits for you.',
    noneNext: 'What the portal could not apply by itself appears here.',
    patient: (number: number) => `patient no. ${number}`,
    waits: (n: number, since: string) =>
      `${count(n, { one: 'change waits', other: 'changes wait' })}, the oldest since ${since}.`,
    todo: 'To do:',
    note: 'What you did',
    resolve: 'Resolve',
    noteNeeded: 'Write what you did about it.',
    backToReviews: 'Go back to the reviews.',
  },
  send: {
    find: 'Find a patient by name',
    findButton: 'Find',
    nobody: 'Nobody of this name.',
    nobodyNext: 'Try a part of the last name.',
    born: (date: string) => `born ${date}`,
    unknown: 'unknown',
    number: (number: number) => `no. ${number}`,
    write: (name: string) => `Write to ${name}`,
    invite: (name: string) => `Invite ${name}`,
    inviteByMail: (name: string) => `Mail ${name} an invitation`,
    noAccess: 'no portal access',
    to: (number: number) => `To patient no. ${number}`,
    about: (number: number) => `About event no. ${number}`,
    subject: 'Subject',
    message: 'Message',
    send: 'Send message',
    incomplete: 'A message needs a patient, a subject of at most 200 characters and a text.',
    incompleteNext: 'Go back: what you wrote is still there.',
    failedNext: 'Nothing was sent. Go back: what you wrote is still there.',
    busyNext: 'Try again in a moment.',
    invitation: 'Invitation',
    invitationFor: (number: number) => `For patient no. ${number}`,
    invitationHow: (until: string) =>
      `Give this link to the patient alone. It works once, until ${until}, with the date of birth. An earlier one has ended.`,
    invitationMailed:
      'The portal mails the invitation. Its link works once, within 72 hours, with the date of birth. An earlier one ends.',
    invitationFailedNext: 'No invitation was made.',
  },
}
