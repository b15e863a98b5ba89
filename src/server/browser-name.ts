/** Which browser on which device, of a closed list, as a person knows them again; nothing else of a User-Agent is kept. */

const browsers = [
  ['Edge', /\bEdg(e|A|iOS)?\//],
  ['Samsung Internet', /SamsungBrowser\//],
  ['Firefox', /\b(Firefox|FxiOS)\//],
  ['Chrome', /\b(Chrome|CriOS)\//],
  ['Safari', /\bSafari\//],
] as const
const devices = [
  ['iPhone', /iPhone/],
  ['iPad', /iPad/],
  ['Android', /Android/],
  ['Windows', /Windows/],
  ['Mac', /Macintosh/],
  ['Chromebook', /CrOS/],
  ['Linux', /Linux/],
] as const

/** `Chrome, Android`; what is not known is left out, and an empty text is nothing known. */
export function browserName(userAgent: string | undefined): string {
  const of = (list: readonly (readonly [string, RegExp])[]) => list.find(([, says]) => says.test(userAgent ?? ''))?.[0]
  return [of(browsers), of(devices)].filter((one) => one !== undefined).join(', ')
}
