/** The one script of the pages, as browsers get it: its types taken out, at an address that holds a hash of it. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import type { Handler } from 'hono'

// In a checkout it is TypeScript; where it was built it is JavaScript already.
const typed = import.meta.url.endsWith('.ts')
const source = readFileSync(new URL(`./browser/sign-in.${typed ? 'ts' : 'js'}`, import.meta.url), 'utf8')
const text = (typed ? stripTypeScriptTypes(source) : source).replaceAll(/^\s*\/\/.*$|\/\*\*[\s\S]*?\*\//gm, '').replaceAll(/\n\s*\n/g, '\n') // prettier-ignore

export const signInScript = {
  text,
  path: `/scripts/${createHash('sha256').update(text).digest('base64url').slice(0, 12)}.js`,
} as const

export const serveSignInScript: Handler = (c) =>
  c.body(signInScript.text, 200, {
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
  })
