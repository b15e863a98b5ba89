/**
 * Serves an attachment as a download and nothing else: never shown within a page of ours, never guessed to be another type,
 * never run (ASVS 5.4, 3.2; RFC 6266 for its name). It is read chunk by chunk as fast as it is taken.
 */
import type { Context } from 'hono'
import { Readable } from 'node:stream'
import type { Chunks } from '../../replica/chunks.ts'
import type { Attachment } from '../../replica/kinds/attachments.ts'
import { allowed } from './file-kinds.ts'

/** The answer; undefined while something of the file is still on its way. */
export async function served(c: Context, chunks: Chunks, attachment: Attachment): Promise<Response | undefined> {
  if (!(await chunks.isHere(attachment))) return undefined
  const { name, type, size } = attachment
  const plain = `attachment.${allowed[type]?.extension ?? 'bin'}`
  return c.body(Readable.toWeb(Readable.from(chunks.read(attachment))) as ReadableStream, 200, {
    // A type that this version does not know (from a newer one) is only bytes.
    'Content-Type': Object.hasOwn(allowed, type) ? type : 'application/octet-stream',
    'Content-Length': String(size),
    'Content-Disposition': `attachment; filename="${plain}"; filename*=UTF-8''${encoded(name)}`,
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'Cross-Origin-Resource-Policy': 'same-origin',
  })
}

/** RFC 8187: what encodeURIComponent leaves and an extended value may not hold is written out as well. */
function encoded(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replaceAll(/['()*!]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`) // prettier-ignore
}
