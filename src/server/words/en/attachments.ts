/** Files of messages: choosing them, what is said of each, and why one is not taken. */
import { refusals } from '../../attachments/file-kinds.ts'

export const attachments = {
  field: 'Files',
  hint: 'Photos (JPEG or PNG), PDF, Word documents or MP4 videos; up to 5 files of 20 MB each. The place where a photo was taken is removed.',
  optional: 'optional',
  list: 'Files of this message',
  kinds: { photo: 'Photo', pdf: 'PDF', word: 'Word document', video: 'Video', other: 'File' },
  onItsWay: 'on its way',
  notSent: 'The message was not sent',
  notSentNext: 'Go back: what you wrote is still there. Choose the files again.',
  waits: {
    title: 'This file is still on its way',
    cause: 'The message is here before its files.',
    next: 'Open the messages again in a moment.',
  },
  linkOver: {
    title: 'This link is over',
    cause: 'A link to a file works for 15 minutes, for the one who was given it.',
    next: 'Open the messages again and take the file from there.',
  },
  refusals,
}
