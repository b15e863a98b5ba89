/**
 * Text in a value and back (HL7 v2, 2.7), in the standard delimiters. Escaping also keeps control characters out of a
 * message, so that no text can end a segment or a frame. A sequence that is not known is kept as it stands.
 */

const escapes: Readonly<Record<string, string>> = { '|': '\\F\\', '^': '\\S\\', '&': '\\T\\', '~': '\\R\\', '\\': '\\E\\', '\n': '\\.br\\' } // prettier-ignore
const texts: Readonly<Record<string, string>> = { F: '|', S: '^', T: '&', R: '~', E: '\\', '.br': '\n', P: '#', H: '', N: '' } // prettier-ignore
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A text as a value may hold it. */
export function escaped(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[|^&~\\\u0000-\u001f]/g, (char) => escapes[char] ?? `\\X${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}\\`) // prettier-ignore
}

/** The text that a value holds. */
export function unescaped(value: string): string {
  if (!value.includes('\\')) return value
  return value.replaceAll(/\\([^\\]*)\\/g, (whole, body: string) => {
    if (Object.hasOwn(texts, body)) return texts[body]!
    return /^X([0-9A-F]{2})+$/i.test(body) ? bytesAsText(Buffer.from(body.slice(1), 'hex')) : whole
  })
}

function bytesAsText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes)
  } catch {
    // Bytes of a character set of one byte a character.
    return Buffer.from(bytes).toString('latin1')
  }
}
