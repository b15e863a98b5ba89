/** The exchange's schema as libxml2 reads it: a validator that is not ours. */
import { readFileSync } from 'node:fs'
import { XmlDocument, XsdValidator } from 'libxml2-wasm'

const schema = XmlDocument.fromBuffer(readFileSync(new URL('../../docs/exchange.xsd', import.meta.url)))
const validator = XsdValidator.fromDoc(schema)

/** What is wrong with a document by the schema; null where it is valid. */
export function wrongBySchema(xml: string | Uint8Array): string | null {
  let document: XmlDocument
  try {
    document = typeof xml === 'string' ? XmlDocument.fromString(xml) : XmlDocument.fromBuffer(xml)
  } catch (error) {
    return (error as Error).message
  }
  try {
    validator.validate(document)
    return null
  } catch (error) {
    return (error as Error).message
  } finally {
    document.dispose()
  }
}
