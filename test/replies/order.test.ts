/** The order in which a reply is judged, step by step: what comes first wins, and each step does what users of such systems expect. */
import { describe, expect, it } from 'vitest'
import { evaluateReply } from '../../src/bridges/texts/replies/evaluate.ts'
import { situations } from './situations.ts'

const judged = (reply: string, situation: string) => evaluateReply(reply, situations[situation]!) // prettier-ignore
const asks = situations['one']!.requests[0]!.text

describe('a reply', () => {
  it.each(['STOP', 'stopall', 'Stop all', 'UNSUBSCRIBE', 'End', 'quit', 'REVOKE', 'opt out', 'OPTOUT', 'opt-out', 'Cancel', 'remove', 'ARRET', 'arrêt', 'ALTO', 'PARE', 'baja', 'stop texting me', 'please opt me out', 'take me off', 'no more texts'])(
    '[3.2 (2)] “%s” opts out, also while something is asked',
    (reply) => {
      expect(judged(reply, 'one')).toMatchObject({ is: 'opt out' })
      expect(judged(reply, 'none')).toMatchObject({ is: 'opt out' })
    },
  ) // prettier-ignore

  it('[3.2 (2)] a bare CANCEL opts out and names the event that may have been meant; “wrong number” is told apart', () => {
    expect(judged('CANCEL', 'one')).toMatchObject({ is: 'opt out', how: 'cancel', about: [{ event: 'tuesday' }] })
    expect(judged('wrong number', 'one')).toMatchObject({ is: 'opt out', how: 'wrong number' })
  })

  it('[3.2 (3)] START opts in; YES does so only where the number is opted out and nothing is asked', () => {
    for (const reply of ['START', 'unstop', 'OPTIN', 'opt in']) expect(judged(reply, 'one')).toEqual({ is: 'opt in' })
    expect(judged('YES', 'stopped')).toEqual({ is: 'opt in' })
    expect(judged('YES', 'stopped and asked')).toMatchObject({ is: 'answered', answers: [{ intent: 'confirm' }] })
    expect(judged('YES', 'none')).toMatchObject({ is: 'to a person' })
  })

  it('[3.2 (4)] HELP, INFO and AYUDA ask for help', () => {
    for (const reply of ['HELP', 'info', 'Ayuda']) expect(judged(reply, 'one')).toEqual({ is: 'help' })
  })

  it.each([
    ['confirm', ['C', 'confirm', 'Confirmed', 'y', 'YES', 'yep', 'yeah', 'yup', 'ok', 'okay', 'si', 'SÍ', "I'll be there", 'see you then', 'will be there', '👍', '👍🏿', '✅', '👌🏽']],
    ['decline', ['N', 'no', 'nope', "can't make it", 'cannot come', 'x']],
    ['move', ['R', 'reschedule', 'change', 'move', 'another time', 'different day']],
  ] as const)('[3.2 (5)] answers what is asked with one intent: %s', (intent, replies) => {
    for (const reply of replies) expect(judged(reply, 'one'), reply).toMatchObject({ is: 'answered', answers: [{ intent, event: 'tuesday' }] }) // prettier-ignore
  }) // prettier-ignore

  it('[3.2 (5)] digits and HERE answer only a text that offered them', () => {
    expect(judged('1', 'digits')).toMatchObject({ is: 'answered', answers: [{ intent: 'confirm' }] })
    expect(judged('1', 'one')).toMatchObject({ is: 'to a person' })
    expect(judged('here', 'arrival')).toMatchObject({ is: 'answered', answers: [{ intent: 'arrive' }] })
    expect(judged('here', 'one')).toMatchObject({ is: 'to a person' })
  })

  it.each(['yes but can we do 3pm', 'yes, thanks. Is parking free?', 'not sure', 'yes?', 'not confirmed', "can't confirm", "don't cancel"])(
    '[3.2 (5)] mixed, conditional or turned around, “%s” confirms nothing and goes to a person',
    (reply) => expect(judged(reply, 'one')).toMatchObject({ is: 'to a person' }),
  ) // prettier-ignore

  it('[3.2 (5)] thanks alone is no confirmation, and a tapback confirms the text that it quotes alone', () => {
    for (const reply of ['Thanks', 'thank you']) expect(judged(reply, 'one')).toEqual({ is: 'ignored' })
    expect(judged(`Liked “${asks}”`, 'two')).toMatchObject({ is: 'answered', answers: [{ intent: 'confirm', event: 'tuesday' }] }) // prettier-ignore
    expect(judged('Liked “something else”', 'one')).toMatchObject({ is: 'to a person' })
  })

  it('[3.2 (6)] one grouped text is answered for all that it lists; of several texts it is asked once which; two families are never answered for', () => {
    expect(judged('C', 'family')).toMatchObject({ is: 'answered', answers: [{ event: 'tuesday' }, { event: 'bob' }] })
    expect(judged('C', 'two')).toMatchObject({ is: 'which', among: [{ event: 'friday' }, { event: 'tuesday' }] })
    expect(judged('2', 'which')).toMatchObject({ is: 'answered', answers: [{ intent: 'confirm', event: 'friday' }] })
    expect(judged('C', 'families')).toMatchObject({ is: 'to a person', why: 'two families' })
  })

  it('[3.2 (7)] to a time that has changed confirms nothing', () => {
    expect(judged('C', 'moved')).toMatchObject({ is: 'stale', answers: [{ event: 'tuesday' }] })
  })

  it('[3.2 (8)] after the start goes into the log alone, and a change of mind to a person; what was confirmed stays', () => {
    expect(judged('C', 'begun')).toMatchObject({ is: 'late' })
    expect(judged('C', 'confirmed')).toMatchObject({ is: 'again' })
    for (const reply of ['R', 'no']) expect(judged(reply, 'confirmed')).toMatchObject({ is: 'to a person', why: 'changed mind' }) // prettier-ignore
  })

  it('[3.2 (9)] that is not understood goes to a person, with the text that it seems to answer', () => {
    expect(judged('Is Dr. Smith in?', 'one')).toMatchObject({ is: 'to a person', quotes: 'text of tuesday' })
  })

  it('[3.2 (10)] with a picture is judged by a person; a STOP with one is a STOP', () => {
    const withPicture = { ...situations['one']!, hasMedia: true }
    expect(evaluateReply('C', withPicture)).toMatchObject({ is: 'to a person', why: 'media' })
    expect(evaluateReply('STOP', withPicture)).toMatchObject({ is: 'opt out' })
  })
})
