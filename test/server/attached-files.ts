/** Files as people attach them, made up on the spot: a photo that says where it was taken, documents, a video, and what is none. */
import sharp from 'sharp'
import { crc32 } from 'node:zlib'

/** A JPEG that says where it was taken, and by which camera. */
export async function photoWithPlace(width = 320, height = 240): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#c86432' } })
    .withExif({
      IFD0: { Make: 'Telltale Camera' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '33/1 24/1 0/1', GPSLongitudeRef: 'W', GPSLongitude: '111/1 49/1 0/1' },
    })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer()
}
export const picture = (): Promise<Buffer> => sharp({ create: { width: 40, height: 30, channels: 3, background: 'green' } }).png().toBuffer() // prettier-ignore

export const pdf = (size = 2_000): Buffer => Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(size, 'lorem ')])
export const video = (): Buffer => Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypisom\0\0\x02\0isommp41'), Buffer.alloc(900, 7)]) // prettier-ignore
export const heic = (): Buffer => Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic\0\0\0\0mif1heic'), Buffer.alloc(900, 7)]) // prettier-ignore
const contentTypes = (main: string): Buffer => Buffer.from(`<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="${main}"/></Types>`) // prettier-ignore
export const docx = (): Buffer => zip({ '[Content_Types].xml': contentTypes('application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml'), 'word/document.xml': Buffer.from('<w:document/>') }) // prettier-ignore
export const docm = (): Buffer => zip({ '[Content_Types].xml': contentTypes('application/vnd.ms-word.document.macroEnabled.main+xml'), 'word/vbaProject.bin': Buffer.from('macro') }) // prettier-ignore
export const archive = (): Buffer => zip({ 'a.exe': Buffer.from('MZ') })

/** A zip file of entries that are not compressed (APPNOTE 4.3). */
function zip(entries: Readonly<Record<string, Buffer>>): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, content] of Object.entries(entries)) {
    const facts = Buffer.alloc(26)
    facts.writeUInt16LE(20, 0)
    facts.writeUInt32LE(crc32(content), 10)
    facts.writeUInt32LE(content.length, 14)
    facts.writeUInt32LE(content.length, 18)
    facts.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), facts, Buffer.from(name), content])
    const where = Buffer.alloc(14)
    where.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), facts, where, Buffer.from(name)]))
    locals.push(local)
    offset += local.length
  }
  const list = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(directory.length, 4)
  end.writeUInt16LE(directory.length, 6)
  end.writeUInt32LE(list.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...locals, list, Buffer.from('PK\x05\x06'), end])
}
