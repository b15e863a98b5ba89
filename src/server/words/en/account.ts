/** A patient's own sign-in: codes by email, passkeys, sessions, and who else may act for them; and the mails that go with it. */
import { counting } from '../plural.ts'

const count = counting('en')
const tries = (n: number) => count(n, { one: 'wrong try', other: 'wrong tries' })

export const account = {
  title: 'Sign-in and security',
  menu: 'Sign-in',
  orElse: 'Other ways to sign in',
  code: {
    offer: 'Email me a code',
    offerHow: 'Forgot your password, or have none? Write your email. If it is known here, a code comes by mail.',
    email: 'Email or sign-in name',
    title: 'Enter the code',
    sent: 'If this address is known here, a code of 6 digits is on its way. It works once, for 10 minutes, in this browser.',
    code: 'Code',
    enter: 'Sign in',
    confirm: 'Confirm',
    another: 'Send another code',
    wrong: 'This code does not fit, or it is over. Look at the newest mail, or send another code.',
    nameNeeded: 'Write your email or your sign-in name.',
  },
  passkey: {
    title: 'Passkeys',
    signIn: 'Sign in with a passkey',
    why: 'A passkey is the fingerprint, face or code that unlocks your phone or computer.',
    failed: 'No passkey was used. Try again, or sign in another way.',
    refused: 'This passkey is not known here. Sign in another way.',
    add: 'Add a passkey of this device',
    none: 'You have no passkey yet.',
    needsScript: 'Passkeys need scripts, and a browser of these years.',
    addedOn: (day: string) => `added on ${day}`,
    usedOn: (day: string) => `last used on ${day}`,
    remove: 'Remove this passkey',
  },
  again: {
    title: 'Is it you?',
    why: 'Before what protects your account is changed, show once more that it is you.',
    go: 'Show that it is you to change this',
    password: 'Your password',
    withPassword: 'Go on',
    withCode: 'Email me a code',
    withPasskey: 'Use a passkey',
    wrong: 'That was not right. Try again, or choose another way.',
  },
  password: { title: 'Password', set: 'Choose a password', change: 'Change password' },
  email: {
    title: 'Email for codes and notices',
    none: 'You have confirmed no email yet. With one, you can sign in by a code and choose a new password.',
    is: (email: string) => `Confirmed: ${email}`,
    label: 'Your email',
    send: 'Send a code to confirm it',
    invalid: 'Write an email address, like name@mail.example.',
    taken: 'Another sign-in uses this address. Take another one, or sign in with that one.',
    noMail: 'This portal sends no mail yet.',
  },
  sessions: {
    title: 'Where you are signed in',
    this: 'This browser',
    unknown: 'A browser',
    since: (when: string) => `since ${when}`,
    seen: (when: string) => `last used ${when}`,
    end: 'Sign out there',
    endAll: 'Sign out everywhere',
  },
  tries: (n: number, when: string) => `There were ${tries(n)} at your sign-in, the last on ${when}. Was it not you? Then choose a new password.`, // prettier-ignore
  seenTries: 'I have seen this',
  ends: {
    soon: 'You will be signed out in less than 2 minutes.',
    stay: 'Stay signed in',
    at: (when: string) => `If you do nothing more here, you are signed out on ${when}.`,
  },
  said: {
    email: 'Your email is confirmed.',
    passkey: 'The passkey is added.',
    removed: 'The passkey is removed.',
    ended: 'That session is ended.',
    everywhere: 'You are signed out everywhere else.',
    access: 'The access is ended.',
  },
  people: {
    title: 'People with access',
    none: 'Nobody but you can see your record here.',
    noneNext: 'To let somebody help you, call the office.',
    may: 'May see and do',
    until: 'Until',
    from: 'From',
    noEnd: 'no end',
    grantedBy: 'Given by',
    office: 'The office',
    waiting: 'has not signed in yet',
    end: (name: string) => `End the access of ${name}`,
    actsFor: (name: string, patient: string) => `${name} for ${patient}`,
    relationships: {
      parent: 'Parent',
      guardian: 'Guardian',
      spouse: 'Spouse or partner',
      child: 'Child',
      representative: 'Representative',
      other: 'Other',
    },
    scopes: {
      appointments: 'Appointments',
      messages: 'Messages',
      documents: 'Plan and documents',
      pay: 'Payments',
    },
    notYours: { title: 'This is not shown to you', cause: 'The access that you were given does not include it.', next: 'Ask the patient or the office, if you need it.' }, // prettier-ignore
  },
  mail: {
    codeSubject: (practice: string) => `Your code for ${practice}`,
    code: (practice: string, code: string) =>
      `${code} is your code for ${practice}.\n\nIt works once, for 10 minutes, in the browser where you asked for it.\nNobody of the office will ever ask you for it. You did not ask for it? Then do nothing.`,
    noticeSubject: (practice: string) => `About your sign-in at ${practice}`,
    tries: (practice: string, url: string) =>
      `There were several wrong tries to sign in to your account at ${practice}.\n\nWas it you? Then do nothing. Was it not you? Then choose a new password: ${url}\nYour account is not locked.`,
    changed: (practice: string, url: string) =>
      `How you sign in at ${practice} was changed a moment ago.\n\nWas it you? Then do nothing. Was it not you? Then call the office, and sign out everywhere: ${url}`,
  },
}
