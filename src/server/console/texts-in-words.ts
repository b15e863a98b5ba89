/** Why a text was sent, will be, or was not, as a sentence of one language. */
import type { Speech } from '../words/speech.ts'
import type { WhyText } from './site-views.ts'

export function whyInWords({ words, instant }: Pick<Speech, 'words' | 'instant'>, why: WhyText, zone: string): string {
  const { texts } = words
  switch (why.is) {
    case 'told': {
      const said = texts.toldAt(instant(why.at, zone), texts.states[why.state])
      return why.code === null ? said : `${said} ${texts.failedWith(why.code)}`
    }
    case 'due':
      return why.why === 'due'
        ? texts.dueAt(instant(why.at, zone))
        : `${texts.dueAt(instant(why.at, zone))} ${texts.waits[why.why]}`
    case 'now':
      return texts.willGo
    case 'not':
      return texts.reasons[why.why]
  }
}
