/** XML of any length: what comes in pieces is read as if it came whole, in bounded memory, and what could do harm is refused. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { XmlRefused, readXml, type XmlElement } from '../../src/bridges/xml/xml-reader.ts'
import { readXmlStream, usualStream, type StreamLimits } from '../../src/bridges/xml/xml-stream.ts'

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
async function read(xml: string, size = 7, limits: StreamLimits = usualStream) {
  const children: XmlElement[] = []
  let root: XmlElement | undefined
  for await (const one of readXmlStream(pieces(Buffer.from(xml), size), limits))
    if ('root' in one) root = one.root
    else children.push(one.child)
  return { root, children }
}

const tricky = `\uFEFF<?xml version="1.0" encoding="UTF-8"?>
<!-- <upload> --><upload xmlns="urn:x" a="1 > 0">
  <p id="1" quote='"/>'><n>Ann &amp; Bé &#x1F600;</n><!-- </p> --></p> <q/>
  <p id="2"><n><![CDATA[</p><p>]]></n></p><?pi <p> ?>
</upload>  <!-- end -->
`

it('pieces of any size come to what the whole says', async () => {
  const whole = readXml(Buffer.from(tricky))
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 300 }), async (size) => {
      const { root, children } = await read(tricky, size)
      expect({ ...root, children: [] }).toEqual({ ...whole, children: [] })
      expect(children).toEqual(whole.children.filter((child) => typeof child !== 'string'))
    }),
  )
})

it.each([
  ['a DTD', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a><c>&b;</c></a>', 'DTD'],
  ['an entity of its own', '<a><c>&b;</c></a>', 'entity'],
  ['a billion laughs', '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a/>', 'DTD'],
  ['an element that never ends', '<a><c>', 'ends before it is whole'],
  ['a root that never ends', '<a><c/>', 'ends before it is whole'],
  ['a tag cut off', '<a><c/></a', 'ends before it is whole'],
  ['nothing', '', 'ends before it is whole'],
  ['two roots', '<a/><b/>', 'one root'],
  ['another end than its start', '<a><c></d></a>', 'well-formed'],
  ['another end of the root', '<a><c/></b>', 'well-formed'],
  ['text between records', '<a>hello<c/></a>', 'text between'],
  ['text behind the root', '<a/>hello', 'well-formed'],
  ['another encoding', '<?xml version="1.0" encoding="UTF-16"?><a/>', 'encoding'],
])('%s is refused with a sentence', async (_, xml, sentence) => {
  await expect(read(xml)).rejects.toThrow(sentence)
  await expect(read(xml, 10_000)).rejects.toThrow(XmlRefused)
})

it('bytes that are no UTF-8 are refused', async () => {
  const bytes = Buffer.concat([Buffer.from('<a><c>'), Buffer.of(0xff, 0xfe), Buffer.from('</c></a>')])
  const all = async () => {
    for await (const one of readXmlStream(pieces(bytes, 3))) expect(one).toBeDefined()
  }
  await expect(all()).rejects.toThrow('no characters of UTF-8')
})

it('depth, size and number of records are bounded', async () => {
  const limits = (more: Partial<StreamLimits>): StreamLimits => ({ ...usualStream, ...more })
  await expect(read(`<a>${'<b>'.repeat(20)}${'</b>'.repeat(20)}</a>`)).rejects.toThrow('deeper')
  await expect(read('<a><b/><b/><b/></a>', 9, limits({ mostChildren: 2 }))).rejects.toThrow('more records')
  await expect(read(`<a><b>${'x'.repeat(300_000)}</b></a>`, 64_000)).rejects.toThrow('larger')
  await expect(read(`<a>${'<b/>'.repeat(100)}</a>`, 9, limits({ mostBytes: 200 }))).rejects.toThrow('larger')
})
