/** How a text goes over the air: in the GSM alphabet where it can, and in how many parts (3GPP TS 23.038; 160 and 153, or 70 and 67). */

const basic =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const escaped = '^{}\\[~]|€\f'
const inGsm = new Set(Array.from(basic + escaped))
const typography: Readonly<Record<string, string>> = { '’': "'", '‘': "'", '“': '"', '”': '"', '–': '-', '—': '-', '…': '...', '\u00a0': ' ', '\u202f': ' ' } // prettier-ignore

/** The most parts that a text may have. */
export const mostSegments = 10

/** The text in the GSM alphabet: what is not in it without its marks (Zoë stays readable as Zoe); what has no such form stays. */
export function inGsmLetters(text: string): string {
  return Array.from(text.normalize('NFC')).map((letter) => {
    if (inGsm.has(letter)) return letter
    const plain = typography[letter] ?? letter.normalize('NFD').replaceAll(/\p{M}/gu, '')
    return plain !== '' && Array.from(plain).every((one) => inGsm.has(one)) ? plain : letter
  }).join('') // prettier-ignore
}

export interface Segments {
  readonly alphabet: 'GSM' | 'UCS-2'
  readonly units: number
  readonly segments: number
}

/** How many parts a text takes. */
export function segmentsOf(text: string): Segments {
  const isGsm = Array.from(text).every((letter) => inGsm.has(letter))
  const units = isGsm
    ? Array.from(text).reduce((sum, letter) => sum + (escaped.includes(letter) ? 2 : 1), 0)
    : text.length
  const [one, each] = isGsm ? [160, 153] : [70, 67]
  return { alphabet: isGsm ? 'GSM' : 'UCS-2', units, segments: units <= one ? 1 : Math.ceil(units / each) }
}
