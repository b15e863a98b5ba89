/** How people get in: invitation, sign-in, passwords; of patients and of staff. */
import { counting } from '../plural.ts'

const count = counting('en')

export const signIn = {
  signIn: 'Sign in',
  name: 'Sign-in name',
  password: 'Password',
  newPassword: (shortest: number) => `Password (at least ${shortest} characters)`,
  invited: 'You have an invitation? Open its link. It is lost, or you forgot your password? Call the office for a new one.', // prettier-ignore
  wait: (seconds: number) => `Too many tries. Wait ${count(seconds, { one: 'second', other: 'seconds' })} and try again.`, // prettier-ignore
  faults: {
    incomplete: 'Write your sign-in name and your password.',
    wrong: 'Sign-in name and password do not fit together.',
    signedOut: 'You were signed out. Sign in and try again.',
    signedOutKept:
      'You were signed out before your message was sent. It is kept for a day: sign in, and it stands in the form. Choose files again.',
    nameNeeded: 'Write a sign-in name: your email, or your mobile number.',
    nameTaken: 'This sign-in name is taken. Choose another.',
    currentWrong: 'The password that you have now is another.',
    passwordShort: (n: number) => `Use at least ${n} characters. A few words in a row are easy to remember.`,
    passwordLong: (n: number) => `Use at most ${n} characters.`,
    passwordMostUsed: 'This password is among the first that anybody would try. Choose another.',
    passwordKnown: 'This password is made of your name, your sign-in name or the practice’s name. Choose other words.',
  },
  choose: {
    title: 'Choose a password',
    current: 'The password that you have now',
    save: 'Save password',
  },
  invitation: {
    title: 'Welcome',
    why: 'To see that it is you, write your date of birth. For a child, write the child’s.',
    born: 'Date of birth',
    bornHint: 'Month, day and year, for example 04/27/1985',
    somebody: 'Somebody is signed in here',
    joinYes: 'That is me: show this record in my sign-in too',
    joinNo: 'That is somebody else: sign them out',
    havePassword: 'You have a password already? Sign in first, then open this link again: you will see all in one place.', // prettier-ignore
    dateUnread: 'Write the date as month, day and year, for example 04/27/1985.',
    joinUnsaid: 'Say whether this is for you too.',
    dateWrong: 'This is not the date of birth that the office has on file. Try again, or call the office.',
  },
  staff: {
    name: 'Name',
    yourName: 'Your name',
    initials: 'Initials, as InSched stamps them',
    firstUser: 'First user',
    makeFirst: 'Make the first user',
    incomplete: 'Write your name and your password.',
    wrong: 'Name and password do not fit together.',
    firstIncomplete: 'Write your name, your initials (at most 4 letters) and a password.',
  },
}
