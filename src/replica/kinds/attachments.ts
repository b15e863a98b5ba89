/**
 * Attachments of a message: what stands in its entry of each. The content is in chunks of its own (`chunk-store.ts`) that
 * come after the message; their names are made of what they say, so that what came is known to be what was sent.
 */
import * as v from 'valibot'
import { chunkBytes } from '../chunk-store.ts'

/** The largest file, in bytes, and the most files of one message. */
export const largestAttachment = 20 * 1024 * 1024
export const mostAttachments = 5

/** HMAC-SHA256 of a chunk's content, base64url. */
export const chunkNameSchema = v.pipe(v.string(), v.regex(/^[\w-]{43}$/, 'is not the name of a chunk'))

export const attachmentSchema = v.pipe(
  v.object({
    /** The file's name as the other side is shown it. */
    name: v.pipe(v.string(), v.minLength(1), v.maxLength(150)),
    /** The media type that its content was found to be. A version to come may know more of them. */
    type: v.pipe(v.string(), v.maxLength(100), v.regex(/^[\w.+-]+\/[\w.+-]+$/, 'is no media type')),
    /** In bytes. */
    size: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(largestAttachment)),
    chunks: v.array(chunkNameSchema),
  }),
  v.check(({ size, chunks }) => chunks.length === Math.ceil(size / chunkBytes), 'has not as many chunks as its size'),
)
export const attachmentsSchema = v.pipe(v.array(attachmentSchema), v.minLength(1), v.maxLength(mostAttachments))
export type Attachment = v.InferOutput<typeof attachmentSchema>
