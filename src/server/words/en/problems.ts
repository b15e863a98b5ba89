/** What may go wrong on any page: a title, the cause, and what to do next. */

export interface Problem { readonly title: string; readonly cause: string; readonly next: string } // prettier-ignore
const problem = (title: string, cause: string, next: string): Problem => ({ title, cause, next })

export const problems = {
  broken: problem('This did not work', 'It is not your fault, and nothing was lost.', 'Try again in a moment.'),
  full: problem('This could not be saved', 'The portal has no room left. Nothing was sent.', 'Try again later, or call the office.'), // prettier-ignore
  siteFull: problem('This could not be saved', 'This machine has no room left on its disk. Nothing was saved.', 'Make room, and try again.'), // prettier-ignore
  elsewhere: problem('This form came from another site', 'Nothing was sent.', 'Open the portal and try again.'),
  tooOld: problem('This form is too old', 'You signed in anew since the page was made. What you wrote is still there.', 'Go back, load the page again and send it once more.'), // prettier-ignore
  otherPerson: problem('You were viewing another person', 'Nothing was sent: since this page was made, another person was chosen.', 'Choose the right one on the home page and try again.'), // prettier-ignore
  noAccess: problem('There is nothing to show', 'The office has ended your access to the portal.', 'Call the office if this is not right.'), // prettier-ignore
  noPerson: problem('This person is not there', 'The page was made before your access changed.', 'Choose again on the home page.'), // prettier-ignore
  noPage: problem('This page is not there', 'The address may be old, or not whole.', 'Go back to the home page.'),
  noConsolePage: problem('This page is not there', 'The address may be old, or not whole.', 'Choose from the menu.'),
  invitationOver: problem('This invitation is over', 'It was used, it has ended, or the link is not whole.', 'Call the office for a new one, or sign in with your password.'), // prettier-ignore
  noAppointment: problem('This appointment is not there', 'It may have changed.', 'Go back to the home page.'),
  noThread: problem(
    'These messages are not there',
    'The address may be old, or they are of another person.',
    'Go back to the messages.',
  ),
  notRetracted: problem('This message was not taken back', 'That is possible for 10 minutes, and only while the office has not opened it.', 'Write another message that says what is right.'), // prettier-ignore
  keptForOther: problem('You were viewing another person', 'Your message is not sent yet: since this page was made, another person was chosen. What you wrote is kept.', 'Choose the right person on the home page, and open the messages.'), // prettier-ignore
  kept: problem('Your message is not sent yet', 'The page was too old, but what you wrote is kept.', 'Open the messages: it stands in the form there. Choose files again.'), // prettier-ignore
  messageRefused: problem('The message was not sent', 'A message needs a subject and a text of at most 20,000 characters.', 'Go back: what you wrote is still there.'), // prettier-ignore
}
