/**
 * A reply as a list of words: lower case, without accents, apostrophes and skin tones, letters and digits apart (`C2` is
 * `c 2`), each emoji a word of its own, a question mark too. What else was written between them is gone.
 */

/** Ways to write a word that are no other word. */
const otherWays: Readonly<Record<string, string>> = {
  u: 'you', pls: 'please', plz: 'please', plse: 'please', thx: 'thanks', ty: 'thanks', tks: 'thanks', thnx: 'thanks', thanx: 'thanks', tnx: 'thanks', tysm: 'thanks', thankyou: 'thanks',
  cannot: 'cant', appt: 'appointment', apt: 'appointment', appmt: 'appointment', tmrw: 'tomorrow', tmr: 'tomorrow', tomorow: 'tomorrow', tommorow: 'tomorrow', tommorrow: 'tomorrow',
  resched: 'reschedule', gracia: 'gracias', grax: 'gracias', porfa: 'por favor', porfavor: 'por favor', xfa: 'por favor', pq: 'porque',
} // prettier-ignore

/** Smileys in letters that say nothing more than a friendly emoji. */
const smileys = /(?<![\p{L}\p{N}])(?:[:;=]-?[)dp]|<3|\^_?\^)(?![\p{L}\p{N}])/gu
/** Variation selectors, joiners, skin tones, the ring of a keycap, marks of direction. */
const invisible = /\p{Emoji_Modifier}|\p{Default_Ignorable_Code_Point}|\u{20e3}/gu
const apostrophes = /['’‘`´ʼ]/g
const word = /\p{L}+|\p{N}+|\p{Extended_Pictographic}|\?/gu

/** Lower case, without what is not seen, without accents. */
export function plainOf(text: string): string {
  const folded = text.normalize('NFKC').toLowerCase().replaceAll(invisible, '')
  return folded.normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll(apostrophes, '')
}

/** The words of a reply. */
export function wordsOf(text: string): string[] {
  const found = plainOf(text).replaceAll('¿', '').replaceAll(smileys, ' 🙂 ').match(word) ?? []
  return found.flatMap((one) => (Object.hasOwn(otherWays, one) ? otherWays[one]!.split(' ') : [one]))
}

/** Its sentences: what stands between full stops, commas, dashes, exclamation marks and line ends. */
export function sentencesOf(text: string): string[] {
  return text.split(/[.!?;,:\n\r–—]+|\s-+\s/u).filter((one) => one.trim() !== '')
}

/** Whether a word is an emoji. */
export function isEmoji(text: string): boolean {
  return /^\p{Extended_Pictographic}$/u.test(text)
}

/**
 * Whether `text` is `meant`, also with a letter held too long (`yesss`), or in a long word with one letter wrong, left out,
 * doubled or two exchanged. Short words have no such latitude: one letter lies between `no` and `now`.
 */
export function isWord(text: string, meant: string): boolean {
  if (text === meant) return true
  if (text[0] !== meant[0]) return false
  if (meant.length > 1 && heldLong(text) === heldLong(meant) && /^\p{L}+$/u.test(text)) return true
  return (
    meant.length >= 6 && text[0] === meant[0] && Math.abs(text.length - meant.length) <= 1 && isOneApart(text, meant)
  )
}

function heldLong(text: string): string {
  return text.replaceAll(/(\p{L})\1+/gu, '$1')
}

/** One letter put in, left out or replaced, or two neighbours exchanged (optimal string alignment). */
export function isOneApart(a: string, b: string): boolean {
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  let [endA, endB] = [a.length, b.length]
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--
    endB--
  }
  const [restA, restB] = [a.slice(start, endA), b.slice(start, endB)]
  if (restA.length <= 1 && restB.length <= 1) return true
  return restA.length === 2 && restB.length === 2 && restA[0] === restB[1] && restA[1] === restB[0]
}
