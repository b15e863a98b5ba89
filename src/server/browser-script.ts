/** The one script of the pages, as browsers get it, at an address that holds a hash of it. */
import { createHash } from 'node:crypto'
import type { Handler } from 'hono'
import { inBrowser } from './browser/sign-in.ts'

// The types are gone from what runs, here and where it was built.
const text = `(${inBrowser
  .toString()
  .replaceAll(/^\s*\/\/.*$|\/\*\*[\s\S]*?\*\//gm, '')
  .replaceAll(/\n\s*/g, '\n')})()`

export const signInScript = {
  text,
  path: `/scripts/${createHash('sha256').update(text).digest('base64url').slice(0, 12)}.js`,
} as const

export const serveSignInScript: Handler = (c) =>
  c.body(signInScript.text, 200, {
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
  })
