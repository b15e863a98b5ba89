/** Authorities of a practice's own and certificates by them, made up on the spot. */
import { generate } from 'selfsigned'

export interface Issued { readonly key: string; readonly cert: string } // prettier-ignore
export async function authority(name: string): Promise<Issued> {
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  return { key: made.private, cert: made.cert }
}
export async function certificate(by: Issued, names: readonly string[], expired = false): Promise<Issued> {
  const day = 86_400_000
  const now = Date.now()
  const made = await generate([{ name: 'commonName', value: names[0]! }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { key: by.key, cert: by.cert },
    ...(expired ? { notBeforeDate: new Date(now - 9 * day), notAfterDate: new Date(now - day) } : {}),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'subjectAltName', altNames: names.map((name) => (/^[\d.]+$/.test(name) ? { type: 7, ip: name } : { type: 2, value: name })) }, // prettier-ignore
    ],
  })
  return { key: made.private, cert: made.cert }
}
