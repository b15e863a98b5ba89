/**
 * Answers with a text that never changes, compressed once. Only such texts: a page that holds a secret beside what others
 * can have written into it tells the secret by its compressed length (BREACH).
 */
import type { Handler } from 'hono'
import { brotliCompressSync, gzipSync } from 'node:zlib'

type Packing = 'br' | 'gzip'
const pack: Readonly<Record<Packing, (text: string) => Uint8Array>> = { br: (text) => brotliCompressSync(text), gzip: (text) => gzipSync(text, { level: 9 }) } // prettier-ignore

/** The text at an address that changes with it: browsers keep it for a year. */
export function packed(text: () => string, type: string): Handler {
  const made = new Map<Packing, Uint8Array>()
  return (c) => {
    const accepted = c.req.header('accept-encoding') ?? ''
    const packing = (['br', 'gzip'] as const).find((one) =>
      new RegExp(`\\b${one}\\b(?!\\s*;\\s*q=0(?:\\.0*)?\\b)`).test(accepted),
    )
    c.header('Content-Type', type)
    c.header('Cache-Control', 'public, max-age=31536000, immutable')
    c.header('Vary', 'Accept-Encoding')
    if (!packing) return c.body(text())
    const bytes = made.get(packing) ?? pack[packing](text())
    made.set(packing, bytes)
    c.header('Content-Encoding', packing)
    return c.body(bytes as Uint8Array<ArrayBuffer>)
  }
}
