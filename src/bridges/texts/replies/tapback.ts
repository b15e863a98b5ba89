/**
 * Tapbacks: what a phone sends as a text when its owner taps a reaction on one of ours (`Liked “…”`, `👍 to “…”`,
 * `Le gustó “…”`). It says which text it is for, by quoting it, often cut off.
 */
import { plainOf, wordsOf } from './words-of.ts'

export type Reaction = 'yes' | 'friendly' | 'other'
export interface Tapback {
  readonly reaction: Reaction
  readonly quoted: string
}

/** What stands before the quotation, as `plainOf` gives it. Whatever else reacts, and what takes a reaction back, is `other`. */
const reactions: readonly (readonly [Reaction, RegExp])[] = [
  ['other', /^(removed|se quito|quito|elimino)\b/],
  ['other', /^(disliked|no le gusto|no me gusto)$/],
  [
    'yes',
    /^(liked|le gusto|me gusto|a .{1,40} le gusto|reacted (with )?[👍✅👌✔☑] to|reacciono con [👍✅👌✔☑] a|[👍✅👌✔☑] (to|a))$/u,
  ],
  ['friendly', /^(loved|laughed at|emphasized|le encanto|le dio risa|se rio de|enfatizo|destaco|exclamo)$/],
  ['friendly', /^(reacted (with )?|reacciono con )?[❤🧡💛💚💙💜😂🙏🎉😍🥰😊🙂] (to|a)$/u],
  ['other', /^(questioned|cuestiono|pregunto)$/],
  ['other', /^(reacted|reacciono)\b/],
  ['other', /^\p{Extended_Pictographic} (to|a)$/u],
]
const whole = /^\s*(.{1,60}?)\s*[“”"«„]([\s\S]+?)["”“»]?\s*$/u

/** The tapback that a text is; undefined where it is none. */
export function tapbackOf(text: string): Tapback | undefined {
  const [, said, quoted] = whole.exec(text) ?? []
  if (said === undefined || quoted === undefined) return undefined
  const plain = plainOf(said).trim().replaceAll(/\s+/g, ' ')
  const found = reactions.find(([, pattern]) => pattern.test(plain))
  return found && { reaction: found[0], quoted }
}

/** Whether what is quoted is this text, or its beginning. Less than three words are no proof. */
export function quotes(quoted: string, text: string): boolean {
  const [said, whole] = [wordsOf(quoted), wordsOf(text)]
  const cut = /(…|\.\.\.)\s*$/.test(quoted)
  // The last word of what was cut off may itself be cut.
  const sure = cut && said.length < whole.length ? said.slice(0, -1) : said
  if (!cut && said.length !== whole.length) return false
  return sure.length >= Math.min(3, whole.length) && sure.every((word, i) => word === whole[i])
}
