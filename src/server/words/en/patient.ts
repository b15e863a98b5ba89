/** The patient's pages: home, messages, my plan. */
import { counting } from '../plural.ts'

const count = counting('en')

export const patient = {
  menu: { home: 'Home', messages: 'Messages', plan: 'My plan' },
  /** What a page says after a form was sent; the address only names one of these. */
  said: {
    confirmed: 'Thank you. Your answer is sent to the office.',
    moved: 'This appointment has changed since you opened the page. Your answer was not taken for the new time.',
    asked: 'Your wish is sent to the office. They will answer you.',
    sent: 'Your message is sent to the office.',
    password: 'Your password is set.',
  },
  home: {
    newMessages: (n: number) => `You have ${count(n, { one: 'new message', other: 'new messages' })}`,
    noAppointments: 'You have no upcoming appointments.',
    noAppointmentsNext: 'To make one, call the office.',
    next: 'Your next appointment',
    later: 'Later appointment',
    zone: (name: string) => `Time at the office: ${name}`,
    confirm: 'Confirm',
    confirmed: (when: string) => `Confirmed in the office's schedule on ${when}`,
    sent: 'Sent to the office',
    officeOffline: 'The office is offline. We have your answer and will pass it on.',
    changed: 'This appointment has changed.',
    changedNext: 'Please confirm the new time.',
    change: 'I need a change',
    decline: "I can't make it",
    move: 'Ask to move',
    note: 'Anything the office should know',
    officeDecides: 'The office decides and answers you. Nothing changes before.',
    asOf: (when: string) => `Office data as of ${when}`,
    firstUpload: 'the first upload',
    nextTime: 'Next time',
    nextTimeWhy: 'Choose a password, so that you can sign in without an invitation.',
  },
  messages: {
    none: 'No messages yet.',
    noneNext: 'What the office writes to you appears here.',
    office: 'The office',
    you: 'You',
    retracted: 'This message was retracted.',
    writeNew: 'Write a new message',
    subject: 'Subject',
    message: 'Message',
    answer: 'Your answer',
    send: 'Send message',
    sendAnswer: 'Send answer',
  },
  plan: {
    none: 'There is no plan to show yet.',
    noneNext: 'The office adds it after your first visit.',
    done: 'Done',
    doneOn: (day: string) => `Done on ${day}`,
    nextStep: 'Next step',
    later: 'Later',
  },
}
