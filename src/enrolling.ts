/** Enrolment: how a folder becomes a site of a practice, by a one-time code, and the settings that it keeps from then on (local: they never replicate). */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { bind, checkUnbound } from './bridges/insched/binding.ts'
import { withoutPassword, withPassword } from './bridges/insched/database-address.ts'
import { parseMapping, type Mapping } from './bridges/insched/mapping.ts'
import type { Clock } from './replica/clock.ts'
import { mintKeyPair } from './replica/device.ts'
import { mintUlid } from './replica/ids.ts'
import { ulidSchema } from './replica/kinds/kind.ts'
import type { Sealer } from './replica/sealing.ts'
import { writeWhole } from './replica/whole-file.ts'
import { certificatesOf, dialing, whyUnreached } from './server/dialing.ts'
import { loopback } from './server/listen.ts'
import type { ProxyEnvironment } from './server/proxy.ts'

const settingsSchema = v.object({
  practice: ulidSchema,
  practiceName: v.string(),
  site: ulidSchema,
  siteName: v.string(),
  replica: ulidSchema,
  /** Where the site reaches the portal, and the authority of its certificate (PEM) where that is not one that the machine knows. */
  portal: v.string(),
  ca: v.optional(v.nullable(v.string()), null),
  /** Where patients reach it, where that is another address. */
  publicUrl: v.optional(v.nullable(v.pipe(v.string(), v.url())), null),
  portalReplica: ulidSchema,
  /** Where InSched's database is, without its password; that is sealed, base 64. */
  insched: v.string(),
  inschedPassword: v.optional(v.nullable(v.string()), null),
  certificate: v.string(),
  /** Sealed by the master key, base 64: the device's private key and the practice's HMAC key. */
  privateKey: v.string(),
  hmacKey: v.string(),
  /** The command of the practice's virus scanner for files of messages; off where it is null. */
  scan: v.optional(v.nullable(v.string()), null),
  /** Preferences that stay here, sealed, base 64. */
  local: v.optional(v.nullable(v.string()), null),
})
export type Settings = v.InferOutput<typeof settingsSchema>
const enrolledSchema = v.pick(v.object({ ...settingsSchema.entries, zone: v.string() }), [
  'practice',
  'practiceName',
  'site',
  'siteName',
  'portalReplica',
  'certificate',
  'hmacKey',
  'publicUrl',
])

export interface SiteOptions {
  readonly dir: string
  readonly master: Sealer
  readonly clock: Clock
  /** The proxy that the machine names. */
  readonly machine?: ProxyEnvironment | undefined
}
/** The settings of an enrolled folder; throws a sentence where it is none. */
export function settingsOf(dir: string): Settings {
  const file = join(dir, 'site.json')
  if (!existsSync(file))
    throw new Error(
      `${dir} is not enrolled. Run: patientconnection enroll --data ${dir} --portal URL --code CODE --insched sqlite:FILE`,
    )
  return v.parse(settingsSchema, JSON.parse(readFileSync(file, 'utf8')))
}

/** Beside the settings: how InSched's database is to be read, for the practice to edit. */
const mappingFile = 'mapping.json'
const inschedPassword = 'insched password'

/** Where a site's InSched database is, with its password, and how it is to be read; throws a sentence where the mapping is none. */
export function inschedOf(
  dir: string,
  master: Sealer,
): { readonly url: string; readonly mapping: Mapping | undefined } {
  const { insched, inschedPassword: sealed } = settingsOf(dir)
  const file = join(dir, mappingFile)
  const password = sealed === null ? undefined : Buffer.from(master.open(Buffer.from(sealed, 'base64'), inschedPassword)).toString() // prettier-ignore
  return {
    url: withPassword(insched, password),
    mapping: existsSync(file) ? parseMapping(readFileSync(file, 'utf8'), file) : undefined,
  }
}

/** Enrolls a folder as a site; throws a sentence where anything is wrong, and then nothing was bound. */
export async function enroll(
  options: SiteOptions & { portal: string; code: string; insched: string; mapping?: string | undefined; ca?: string | undefined }, // prettier-ignore
): Promise<{ practiceId: string; siteId: string; replicaId: string }> {
  const { dir, master, clock, portal, code, insched: url } = options
  const address = URL.canParse(portal) ? new URL(portal) : undefined
  if (!address || !['http:', 'https:'].includes(address.protocol))
    throw new Error(`${portal} is no address of a portal. Write it like https://portal.example.`)
  if (address.protocol === 'http:' && !loopback.has(address.hostname))
    throw new Error(`${portal} is not encrypted. Use the portal's https address; plain http is for this machine only.`)
  const file = join(dir, 'site.json')
  if (existsSync(file)) throw new Error(`${dir} is enrolled already. Use another folder for another site.`)
  if (options.ca !== undefined && !existsSync(options.ca))
    throw new Error(`There is no file ${options.ca}. --ca takes the authority's certificate as a PEM file.`)
  const ca = options.ca === undefined ? undefined : certificatesOf(readFileSync(options.ca, 'utf8'), options.ca)
  if (options.mapping !== undefined && !existsSync(options.mapping))
    throw new Error(`There is no file ${options.mapping}. --mapping takes the file that says how InSched’s database is to be read.`) // prettier-ignore
  const text = options.mapping === undefined ? undefined : readFileSync(options.mapping, 'utf8')
  const mapping = text === undefined ? undefined : parseMapping(text, options.mapping!)
  const { openInSched } = await import('./bridges/insched/insched.ts')
  const insched = await openInSched(url, { mapping, clock })
  try {
    const bound = await insched.agent()
    // Before the code is spent: the file that remembers the device, and that the database is free.
    mkdirSync(dir, { recursive: true })
    const pending = join(dir, 'enrolling.json')
    const seal = (text: string, what: string): string =>
      Buffer.from(master.seal(Buffer.from(text), what)).toString('base64')
    if (!existsSync(pending)) {
      await checkUnbound(insched, undefined)
      const keys = mintKeyPair()
      writeWhole(
        pending,
        JSON.stringify({
          replica: mintUlid(clock),
          publicKey: keys.publicKey,
          privateKey: seal(keys.privateKey, 'private key'),
        }),
      )
    }
    const device = v.parse(
      v.object({ replica: ulidSchema, publicKey: v.string(), privateKey: v.string() }),
      JSON.parse(readFileSync(pending, 'utf8')),
    )
    if (bound && bound.replica !== device.replica) await checkUnbound(insched, undefined)
    const request = { code, replica: device.replica, publicKey: device.publicKey }
    const answer = await dialing({ ca, machine: options.machine })
      .post(new URL('/enroll', address), request)
      .catch((cause: Error) => {
        throw new Error(`${portal}: ${whyUnreached(cause)} The code was not used.`, { cause })
      })
    const refused = v.safeParse(v.object({ error: v.string() }), answer.body)
    if (refused.success) throw new Error(refused.output.error)
    if (answer.status !== 200) throw new Error(`What answers at ${portal} is no portal (status ${answer.status}).`)
    const enrolled = v.parse(enrolledSchema, answer.body)
    await bind(insched, { practice: enrolled.practice, site: enrolled.site, replica: device.replica })
    const { password } = withoutPassword(url)
    if (text !== undefined) writeWhole(join(dir, mappingFile), text)
    const settings: Settings = {
      ...enrolled,
      replica: device.replica,
      portal: address.origin,
      ca: ca ?? null,
      scan: null,
      insched: withoutPassword(url).url,
      inschedPassword: password === undefined ? null : seal(password, inschedPassword),
      local: null,
      privateKey: device.privateKey,
      hmacKey: seal(enrolled.hmacKey, 'hmac key'),
    }
    writeWhole(file, JSON.stringify(settings, null, 2))
    return { practiceId: enrolled.practice, siteId: enrolled.site, replicaId: device.replica }
  } finally {
    await insched.close()
  }
}
