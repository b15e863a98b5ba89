/** Forms come from our own pages alone: what another site makes a browser send is refused before anything is looked up (ASVS 3.5). */
import type { Context, MiddlewareHandler } from 'hono'
import { fileFormOf } from './attachments/file-forms.ts'

/**
 * Refuses a POST that a browser says comes from elsewhere: by Origin, which every browser sends with a form, and where
 * there is none by Sec-Fetch-Site. `origin` is what ours are; where it is undefined, the host that was asked for.
 */
export function ownFormsOnly(
  origin: string | undefined,
  refuse: (c: Context) => Response | Promise<Response>,
): MiddlewareHandler {
  return async (c, next) => (c.req.method !== 'POST' || isOwn(c, origin) ? next() : refuse(c))
}

function isOwn(c: Context, ours: string | undefined): boolean {
  const origin = c.req.header('origin')
  if (origin !== undefined) return isOwnOrigin(origin, ours, c.req.header('host'))
  const site = c.req.header('sec-fetch-site')
  // Neither: no browser of these years; without one there is no cookie to ride on but by its owner.
  return site === undefined || site === 'same-origin' || site === 'none'
}

/** Whether a header Origin names us: our origin where it is known, else whatever host was asked for. */
export function isOwnOrigin(origin: string, ours: string | undefined, host: string | undefined): boolean {
  return ours === undefined ? URL.canParse(origin) && new URL(origin).host === host : origin === ours
}

/** The fields of a form, of one with files those before its files; undefined where the body is no form. A field that comes twice counts by its last. */
export async function formOf(c: Context): Promise<Readonly<Record<string, unknown>> | undefined> {
  const withFiles = fileFormOf(c)
  if (withFiles) return (await withFiles)?.fields
  try {
    return await c.req.parseBody()
  } catch {
    // A body that is no form is told so by the caller, whatever it is.
    return undefined
  }
}
