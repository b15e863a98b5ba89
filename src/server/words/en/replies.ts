/** Replies to texts that a person must read, at the console. */
import type { WhyToAPerson } from '../../../bridges/texts/replies/reply.ts'
import type { TakenFor } from '../../../replica/kinds/replies.ts'

const why: Readonly<Record<WhyToAPerson, string>> = {
  'not understood': 'It could not be understood for sure.',
  mixed: 'It says more than one thing, or asks or adds something.',
  'nothing was asked': 'No answer was asked for.',
  'several events': 'It may be for more than one event.',
  'two families': 'The number is that of more than one family.',
  'changed mind': 'It says another thing than the answer before.',
  media: 'A picture or a file came with it.',
  'may opt out': 'It may mean that no more texts are wanted.',
}
const takenFor: Readonly<Record<TakenFor, string>> = { confirm: 'Confirms', decline: 'Can’t make it', move: 'Asks to move', nothing: 'Nothing' } // prettier-ignore

export const replies = {
  what: 'What is it?',
  ours: 'Our text',
  nobody: 'A number that no patient has',
  noWords: 'No words: a picture or a file came.',
  noEvents: 'No event was asked about.',
  changed: 'Changed since',
  text: 'Text',
  why,
  takenFor,
  save: 'Save',
  openInInbox: 'Read it in the inbox',
  unknown: { title: 'No such reply', cause: 'This reply is not here, or not any more.', next: 'Go back to the inbox.' },
}
