/** The exchange XML in files: read as they come, written beside and put in place whole, readable by their owner only. */
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { XmlRefused } from './xml-reader.ts'
import { readXmlStream } from './xml-stream.ts'

/** What a file is: the name of its root element. Throws a sentence where there is no such file, or it is no XML. */
export async function rootOfFile(file: string): Promise<string> {
  if (!existsSync(file)) throw new Error(`There is no file ${file}.`)
  for await (const one of readXmlStream(createReadStream(file))) if ('root' in one) return one.root.name
  throw new XmlRefused('This is no well-formed XML.')
}

/** Writes a file part by part; resolves when it is whole and synced. */
export async function writeParts(file: string, parts: Iterable<string> | AsyncIterable<string>): Promise<void> {
  const beside = `${file}.${process.pid}.new`
  try {
    await pipeline(Readable.from(parts), createWriteStream(beside, { mode: 0o600, flush: true }))
    await rename(beside, file)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}
