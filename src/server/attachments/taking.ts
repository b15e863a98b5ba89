/**
 * Takes the files of a message: each is kept in chunks as it comes (in memory is never more than a few), found to be of an
 * allowed type, a photo written anew, scanned where there is a scanner. All of them, or the first reason why not.
 */
import { chunkBytes } from '../../replica/chunk-store.ts'
import type { Chunks, Upload } from '../../replica/chunks.ts'
import { largestAttachment, mostAttachments, type Attachment } from '../../replica/kinds/attachments.ts'
import { FileRefused, safeName, typeOf } from './file-kinds.ts'
import { writtenAnew } from './photos.ts'
import type { Scan } from './virus-scan.ts'

/** A file as it comes in. */
export interface IncomingFile {
  readonly name: string
  readonly content: AsyncIterable<Uint8Array>
}
export interface Taking {
  readonly chunks: Chunks
  readonly scan?: Scan | undefined
}

/**
 * Keeps the files and calls `commit` with what is to stand in the message of `patient`; what `commit` made durable keeps
 * them. Where a file is refused or `commit` throws, nothing of them stays. Rejects with FileRefused.
 */
export async function withFiles<T>(
  taking: Taking,
  files: AsyncIterable<IncomingFile>,
  patient: string,
  commit: (attachments: Attachment[]) => Promise<T>,
): Promise<T> {
  const upload = taking.chunks.upload()
  try {
    const attachments: Attachment[] = []
    for await (const file of files) {
      if (attachments.length === mostAttachments) throw new FileRefused('tooMany', file.name)
      attachments.push(await taken(taking, upload, file))
    }
    const result = await commit(attachments)
    await upload.settle(patient)
    return result
  } catch (error) {
    // Where the disk is full not even this may work: then it is swept later.
    await upload.giveUp().catch(() => {})
    throw error
  }
}

async function taken({ chunks, scan }: Taking, upload: Upload, file: IncomingFile): Promise<Attachment> {
  const { head, whole } = await peeked(limited(file.content, file.name))
  if (head.length === 0) throw new FileRefused('empty', file.name)
  const type = await typeOf(head, file.name)
  const isPhoto = type === 'image/jpeg' || type === 'image/png'
  const kept = isPhoto ? await photo(chunks, upload, whole, { type, name: file.name }) : await upload.write(whole)
  const found = scan ? await scan(upload.read(kept)) : 'clean'
  if (found !== 'clean') throw new FileRefused(found, file.name)
  return { name: safeName(file.name, type), type, ...kept }
}

/** The photo as it came is kept apart until it is written anew: a slow sender holds no memory, and nobody else's turn. */
async function photo(
  chunks: Chunks,
  upload: Upload,
  content: AsyncIterable<Uint8Array>,
  { type, name }: { type: 'image/jpeg' | 'image/png'; name: string },
): Promise<Pick<Attachment, 'size' | 'chunks'>> {
  const asItCame = chunks.upload()
  try {
    const raw = await asItCame.write(content)
    try {
      return await upload.write(limited(writtenAnew(asItCame.read(raw), type), name))
    } catch (cause) {
      throw cause instanceof FileRefused ? cause : new FileRefused('damaged', name, { cause })
    }
  } finally {
    await asItCame.giveUp()
  }
}

async function* limited(content: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const piece of content) {
    size += piece.length
    if (size > largestAttachment) throw new FileRefused('tooLarge', name)
    yield piece
  }
}

/** The first bytes of content, as many as tell its type, and all of it. */
async function peeked(
  content: AsyncGenerator<Uint8Array>,
): Promise<{ head: Uint8Array; whole: AsyncGenerator<Uint8Array> }> {
  const pieces: Uint8Array[] = []
  let length = 0
  while (length < chunkBytes) {
    const next = await content.next()
    if (next.done) break
    // Kept beyond this turn: its sender may use the memory again.
    pieces.push(Buffer.from(next.value))
    length += next.value.length
  }
  const head = Buffer.concat(pieces)
  const whole = async function* (): AsyncGenerator<Uint8Array> {
    yield head
    yield* content
  }
  return { head, whole: whole() }
}
