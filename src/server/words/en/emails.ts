/** The pages that links of mails open: no word on them is about a patient beyond date and time. */
export const emails = {
  confirm: {
    title: 'Confirm your appointment',
    ask: (when: string) => `Are you coming on ${when}?`,
    button: 'Yes, I confirm',
    done: 'Thank you. Your answer was sent to the office.',
    changed: 'That time has changed.',
    changedNext: 'Sign in to see the new time, or call the office.',
  },
  stop: {
    title: 'Emails',
    ask: 'Do you want to get no more emails about appointments and messages at this address?',
    button: 'No more emails',
    done: 'You get no more emails from us at this address.',
  },
  unknown: { title: 'This link does not work', cause: 'It is not complete, or what it is about is not here any more.', next: 'Sign in, or call the office.' }, // prettier-ignore
}
