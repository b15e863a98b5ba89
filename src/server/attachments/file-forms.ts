/** Which forms may bring files, and each such form of a request, read once whoever asks for it. All other bodies are small. */
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { isFileForm, readFileForm, type FileForm } from './multipart.ts'

const forms = new WeakMap<Request, () => Promise<FileForm | undefined>>()

/** Refuses a body over 256 KiB, but for a form with files that is sent to one of these paths. */
export function boundedBodies(options: { readonly filesTo: readonly string[] }): MiddlewareHandler {
  const small = bodyLimit({ maxSize: 256 * 1024 })
  return async (c, next) => {
    // What has no body is not asked for one: that alone makes another request of it.
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next()
    const takesFiles = c.req.method === 'POST' && options.filesTo.includes(c.req.path) && isFileForm(c.req.raw)
    if (!takesFiles) return small(c, next)
    let form: Promise<FileForm | undefined> | undefined
    forms.set(c.req.raw, () => (form ??= readFileForm(c.req.raw)))
    await next()
    // What nobody read (a form that was refused) passes, so that its sender gets to read why.
    const left = await form
    if (left) await left.files[Symbol.asyncIterator]().return?.()
  }
}

/** The form with files of a request; undefined where it is none. It is read up to its first file when it is asked for. */
export function fileFormOf(c: Context): Promise<FileForm | undefined> | undefined {
  return forms.get(c.req.raw)?.()
}
