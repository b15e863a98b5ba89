/** Staff of the console: second factor, users with roles and privileges, and who may act for a patient. */
import type { Privilege, Role } from '../../console/privileges.ts'

const roles: Readonly<Record<Role, string>> = { 'front desk': 'Front desk', billing: 'Billing', admin: 'Admin' }
const privileges: Readonly<Record<Privilege, string>> = {
  'see status': 'See the status',
  'write to patients': 'Find and write to patients',
  'see communications': 'See Recent Communications',
  'export communications': 'Export Recent Communications',
  'resolve reviews': 'Resolve reviews',
  'see other sites': 'See what other sites share',
  'give access': 'Invite patients, give and end access',
  synchronize: 'Upload Records and Download Online Communications',
  'set synchronization': 'Set Preferences > Synchronization',
  'manage users': 'Manage users',
  'read audit': 'Read the audit trail',
  'see payments': 'See payments',
  'request payments': 'Ask patients for payments',
  'refund payments': 'Refund and assign payments',
  'see clinical messages': 'See messages of clinical systems',
  'manage clinical systems': 'Pause clinical systems and replay messages',
}

export const staff = {
  roles,
  privileges,
  denied: {
    title: 'This is not for you',
    cause: 'Your user has not the privilege for it.',
    next: 'Ask an admin of the console, if you need it.',
  },
  factor: {
    title: 'Second factor',
    code: 'Code of your authenticator app',
    enter: 'Sign in',
    wrong: 'This code does not fit, or was used already. Wait for the next one.',
    why: 'Health information needs more than a password. Add this to an authenticator app on your phone, then write the code that it shows.',
    picture: 'Picture to scan with the app',
    typed: 'Or type this secret into the app',
    save: 'Save and go on',
    over: 'That took too long. Sign in again.',
  },
  welcome: {
    title: 'Welcome',
    choose: (name: string) => `${name}, choose a password for this console.`,
    save: 'Save password',
    over: { title: 'This link is over', cause: 'It was used, or its 24 hours are over.', next: 'Ask an admin of the console for a new one.' }, // prettier-ignore
  },
  users: {
    title: 'Users',
    add: 'Add a user',
    name: 'Name',
    initials: 'Initials, as InSched stamps them',
    role: 'Role',
    addButton: 'Add the user',
    incomplete: 'A user needs a name, initials of at most 4 letters and a role.',
    taken: 'There is a user of this name.',
    lastAdmin: 'There must be one admin who is not disabled. Make another first.',
    unknown: 'There is no such user.',
    rights: 'Roles and privileges',
    byRole: 'By role',
    granted: 'Granted',
    deniedTo: 'Denied',
    save: 'Save roles and privileges',
    reset: 'Reset password and second factor',
    disable: 'Disable',
    enable: 'Enable',
    isDisabled: 'disabled',
    waits: 'has not begun yet',
    noFactor: 'no second factor yet',
    link: (name: string) => `Give this link to ${name} alone. It works once, for 24 hours.`,
    you: 'you',
  },
  access: {
    title: 'Portal access',
    button: (name: string) => `Access of ${name}`,
    signsIn: (n: number) => `Sign-ins as the patient: ${n}`,
    grant: 'Let somebody act for this patient',
    name: 'Their name',
    relationship: 'Relationship',
    scope: 'What they may see and do',
    to: 'Last day',
    toHint: 'Year, month and day, like 2027-12-31. Empty: until it is ended. What is given for a child ends at 18.',
    document: 'Document on file',
    documentHint:
      'What allows it and its date, like power of attorney of March 1, 2026. A guardian and a representative need one.',
    noDocument: 'none named',
    grantButton: 'Make the link',
    incomplete: 'Write their name, the relationship, at least one thing that they may do, and the last day as 2027-12-31.', // prettier-ignore
    link: (name: string) => `Give this link to ${name} alone. It works once, for 72 hours, with the patient’s date of birth.`, // prettier-ignore
    ended: 'The access is ended.',
  },
}
