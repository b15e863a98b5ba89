/**
 * The one script of the pages, as browsers get it: bundled from `browser/page.ts` by esbuild when it is first asked for, so
 * that a checkout needs no step of building; at an address that holds a hash of it, compressed.
 */
import { buildSync } from 'esbuild'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { packed } from './packed.ts'

// In a checkout it is TypeScript; where it was built it is JavaScript already.
const entry = fileURLToPath(new URL(`./browser/page.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url))
let made: { readonly text: string; readonly path: string } | undefined

function bundle(): { readonly text: string; readonly path: string } {
  if (made) return made
  const { outputFiles } = buildSync({ entryPoints: [entry], bundle: true, minify: true, write: false, format: 'iife', target: 'es2022', platform: 'browser', legalComments: 'none' }) // prettier-ignore
  const { text } = outputFiles[0]!
  return (made = { text, path: `/scripts/${createHash('sha256').update(text).digest('base64url').slice(0, 12)}.js` })
}

export const pageScript = {
  get text(): string {
    return bundle().text
  },
  get path(): string {
    return bundle().path
  },
}

export const servePageScript = packed(() => pageScript.text, 'text/javascript; charset=utf-8')
