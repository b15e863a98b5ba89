/**
 * A form with files, read as it comes: its fields, which stand before its files on our pages, are known before the first
 * byte of a file is taken; the files come one after the other, each no faster than it is kept.
 */
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy'
import { Readable } from 'node:stream'
import { largestAttachment, mostAttachments } from '../../replica/kinds/attachments.ts'
import { FileRefused } from './file-kinds.ts'
import type { IncomingFile } from './taking.ts'

export interface FileForm {
  readonly fields: Readonly<Record<string, string>>
  /** To be read once. Who leaves it early lets the rest pass unread. */
  readonly files: AsyncIterable<IncomingFile>
}

/** More than all files of a message and its fields. */
const mostBytes = (mostAttachments + 1) * largestAttachment
const limits = { fields: 20, fieldNameSize: 100, fieldSize: 128 * 1024, files: 2 * mostAttachments, parts: 40, headerPairs: 20, headerSize: 8 * 1024 } // prettier-ignore

export function isFileForm(request: Request): boolean {
  return /^multipart\/form-data\s*;/i.test(request.headers.get('content-type') ?? '')
}

/** Reads a form up to its first file; undefined where the body is no such form. */
export async function readFileForm(request: Request): Promise<FileForm | undefined> {
  if (!request.body || !isFileForm(request)) return undefined
  const source = Readable.fromWeb(request.body as never)
  const waiting: { name: string; stream: BusboyFileStream }[] = []
  const open = new Set<BusboyFileStream>()
  const fields: Record<string, string> = {}
  let over: { readonly error: Error | null } | undefined
  let left = false
  let wake = (): void => {}
  let size = 0
  const ended = (error: Error | null): void => {
    over ??= { error }
    // A file that is being read ends with it: nothing more of it comes.
    if (error) for (const stream of open) stream.destroy(error)
    wake()
  }
  let busboy: BusboyInstance
  try {
    busboy = new Busboy({ headers: { 'content-type': request.headers.get('content-type')! }, limits })
  } catch {
    // A form whose parts cannot be told apart is none; the caller says so.
    source.destroy()
    return undefined
  }
  const cut = (cause?: unknown): void => ended(new FileRefused('cut', '', { cause }))
  busboy.on('field', (name, value) => void (fields[name] = value))
  busboy.on('file', (_, stream, name) => {
    stream.on('error', cut)
    // A file field in which nothing was chosen comes as a file without a name.
    if (left || name === undefined || name === '') return void stream.resume()
    open.add(stream)
    stream.on('close', () => void open.delete(stream))
    waiting.push({ name, stream })
    wake()
  })
  busboy.on('filesLimit', () => ended(new FileRefused('tooMany', '')))
  busboy.on('finish', () => ended(null))
  busboy.on('error', cut)
  source.on('error', cut)
  source.on('data', (piece: Buffer) => {
    size += piece.length
    if (size > mostBytes) source.destroy(new Error('A form is larger than all that it may hold'))
  })
  source.on('close', () => {
    if (!source.readableEnded) cut()
  })
  source.pipe(busboy)

  const next = async (): Promise<{ name: string; stream: BusboyFileStream } | undefined> => {
    while (waiting.length === 0 && !over) await new Promise<void>((resolve) => void (wake = resolve))
    if (waiting.length > 0) return waiting.shift()
    if (over?.error) throw over.error
    return undefined
  }
  const first = await next().catch((error: unknown) => {
    if (error instanceof FileRefused) return undefined
    throw error
  })
  const known = { ...fields }
  const files = async function* (): AsyncGenerator<IncomingFile> {
    try {
      for (let file = first; file; file = await next()) {
        yield { name: file.name, content: wholeOf(file.stream) }
        file.stream.resume()
      }
      if (over?.error) throw over.error
    } finally {
      left = true
      for (const { stream } of waiting) stream.resume()
      source.unpipe(busboy)
      source.resume()
    }
  }
  return { fields: known, files: files() }
}

/** A stream as pieces; where the form ends before it, what came is not taken for a whole file. */
async function* wholeOf(stream: BusboyFileStream): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of stream) yield piece as Uint8Array
  } catch (cause) {
    throw new FileRefused('cut', '', { cause })
  }
}
