/**
 * Which files may be attached: a short list, by what their content is and never by their name. HEIC is not on it: no free
 * library writes or reads it on every machine, and phones send JPEG where a form asks for that. Documents are not opened
 * here, and are served as downloads only.
 */
import { fileTypeFromBuffer } from 'file-type'
import { largestAttachment, mostAttachments } from '../../replica/kinds/attachments.ts'

export type FileKind = 'photo' | 'pdf' | 'word' | 'video'
interface Allowed { readonly kind: FileKind; readonly extension: string; readonly alike?: string } // prettier-ignore

/** By media type. */
export const allowed: Readonly<Record<string, Allowed>> = {
  'image/jpeg': { kind: 'photo', extension: 'jpg', alike: 'jpeg' },
  'image/png': { kind: 'photo', extension: 'png' },
  'application/pdf': { kind: 'pdf', extension: 'pdf' },
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': { kind: 'word', extension: 'docx' },
  'video/mp4': { kind: 'video', extension: 'mp4', alike: 'm4v' },
}
/** What a file field offers to choose: also what makes a phone turn its HEIC into JPEG. */
export const accepted = Object.entries(allowed).flatMap(([type, { extension }]) => [type, `.${extension}`]).join(',') // prettier-ignore

/** Why a file is not taken: a reason by name, so that pages say it in the reader's language, with the file's name. */
export type RefusalReason = 'type' | 'heic' | 'tooLarge' | 'tooMany' | 'empty' | 'damaged' | 'unsafe' | 'unscanned' | 'cut' | 'tooMuch' // prettier-ignore
export const refusals: Readonly<Record<RefusalReason, (file: string) => string>> = {
  type: (file: string) => `${file} is a kind of file that cannot be sent. Photos (JPEG or PNG), PDF, Word documents (docx) and MP4 videos can.`, // prettier-ignore
  heic: (file: string) => `${file} is a photo in Apple's HEIC format, which many machines cannot open. Send it as JPEG.`, // prettier-ignore
  tooLarge: (file: string) => `${file} is larger than ${largestAttachment / 2 ** 20} MB. Send a smaller one.`,
  tooMany: () => `A message takes at most ${mostAttachments} files. Send the others with another message.`,
  empty: (file: string) => `${file} is empty.`,
  damaged: (file: string) => `${file} cannot be read as a photo. It may be damaged, or larger than 60 megapixels.`,
  unsafe: (file: string) => `${file} was refused by the virus scanner.`,
  unscanned: (file: string) => `${file} could not be checked for viruses. Try again later.`,
  cut: () => 'The files did not arrive whole. Send the message again.',
  tooMuch: () => 'So many files were sent today that no more are taken. Try again tomorrow, or call the office.', // prettier-ignore
}

/** A file that is not taken, and so the message with it; the message is a sentence in English. */
export class FileRefused extends Error {
  override readonly name = 'FileRefused'
  readonly reason: RefusalReason
  readonly file: string
  constructor(reason: RefusalReason, file: string, options?: ErrorOptions) {
    super(refusals[reason](file), options)
    this.reason = reason
    this.file = file
  }
}

/** The media type of content by its first bytes (up to 256 KiB of them); throws FileRefused where it is not on the list. */
export async function typeOf(head: Uint8Array, file: string): Promise<string> {
  const found = (await fileTypeFromBuffer(head))?.mime
  if (found && Object.hasOwn(allowed, found)) return found
  throw new FileRefused(found === 'image/heic' || found === 'image/heif' ? 'heic' : 'type', file)
}

/** A file's name for the other side: no path, nothing that is not seen, and the extension of what it is. */
export function safeName(given: string, type: string): string {
  const { extension, alike } = allowed[type]!
  const last = given.normalize('NFC').split(/[/\\]/).at(-1)!
  const shown = last.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '').replaceAll(/[<>:"|?*]/g, '_').replace(/^[.\s]+|[.\s]+$/g, '') // prettier-ignore
  const dot = shown.lastIndexOf('.')
  const own = dot > 0 && [extension, alike].includes(shown.slice(dot + 1).toLowerCase())
  const stem = (own ? shown.slice(0, dot) : shown) || 'file'
  return `${stem.slice(0, 100).toWellFormed()}.${extension}`
}
