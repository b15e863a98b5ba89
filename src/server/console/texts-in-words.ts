/** Why something was told, will be, or was not, and by text or by mail, as a sentence of one language. */
import type { NotSentReason } from '../../replica/kinds/communications.ts'
import type { Speech } from '../words/speech.ts'
import type { WhyText } from './site-views.ts'

/** Why something is not told: what stands against it, and where it is so, against the other channel. */
export function reasonInWords({ texts }: Speech['words'], { why, also }: { readonly why: NotSentReason; readonly also?: NotSentReason | undefined }): string {
  return also === undefined ? texts.reasons[why] : `${texts.reasons[why]} ${texts.reasons[also]}`
} // prettier-ignore

export function whyInWords({ words, instant }: Pick<Speech, 'words' | 'instant'>, why: WhyText, zone: string): string {
  const { texts } = words
  switch (why.is) {
    case 'told': {
      const by = texts.by[why.by]
      const said = by.toldAt(instant(why.at, zone), texts.states[why.state])
      return why.code === null ? said : `${said} ${by.failedWith(why.code)}`
    }
    case 'due': {
      const { at, way } = why
      const when = instant(at, zone)
      const said = way.by === null ? texts.dueToNobody(when, reasonInWords(words, way)) : texts.by[way.by].dueAt(when)
      return why.why === 'due' ? said : `${said} ${texts.waits[why.why]}`
    }
    case 'now':
      return texts.by[why.by].willGo
    case 'not':
      return reasonInWords(words, why)
  }
}
