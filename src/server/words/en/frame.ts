/** What stands around every page, and the words of the components. */

export const frame = {
  portal: 'Patient portal',
  skip: 'Skip to content',
  mainMenu: 'Main',
  callOffice: 'Call the office',
  youAreOffline: 'You are offline. This page may be out of date; it comes up to date by itself.',
  signOut: 'Sign out',
  viewing: 'Viewing',
  show: 'Show',
  readIn: 'Language',
  appearance: 'Appearance',
  themes: { auto: 'Automatic', light: 'Light', dark: 'Dark' },
  emergency: 'Not for emergencies. In an emergency call 911.',
  home: 'Home',
  optional: 'optional',
  lookAgain: 'Look again',
  kinds: { info: 'Note', good: 'Done', warn: 'Please note', bad: 'Problem' },
}
