/**
 * Photos are written anew: the picture alone, upright, without the place where it was taken or anything else that the
 * camera wrote beside it. Only the two loaders that are needed may run, one photo at a time.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type Sharp from 'sharp'

/** Bounds the memory that a photo takes once it is unpacked. */
const mostPixels = 60_000_000

let loaded: Promise<typeof Sharp> | undefined
let last: Promise<unknown> = Promise.resolve()

/** Loaded with the first photo: most processes never see one. */
async function load(): Promise<typeof Sharp> {
  const { default: sharp } = await import('sharp')
  sharp.concurrency(1)
  sharp.cache(false)
  sharp.block({ operation: ['VipsForeignLoad'] })
  sharp.unblock({ operation: ['VipsForeignLoadJpeg', 'VipsForeignLoadPng'] })
  return sharp
}

/** The photo in `content`, a JPEG or PNG, written anew in its format; throws where it is not whole or too large. */
export async function* writtenAnew(
  content: AsyncIterable<Uint8Array>,
  type: 'image/jpeg' | 'image/png',
): AsyncGenerator<Uint8Array> {
  const sharp = await (loaded ??= load())
  const before = last
  const { promise: done, resolve } = Promise.withResolvers<void>()
  last = done
  await before
  try {
    const photo = sharp({ limitInputPixels: mostPixels, failOn: 'error', sequentialRead: true }).autoOrient()
    const written = type === 'image/jpeg' ? photo.jpeg({ quality: 88 }) : photo.png()
    const fed = pipeline(Readable.from(content), written)
    // What is wrong with it comes out where it is read.
    fed.catch(() => {})
    for await (const piece of written) yield piece as Uint8Array
    await fed
  } finally {
    resolve()
  }
}
