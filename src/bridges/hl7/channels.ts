/**
 * The channels of a site: each one peer, one direction, one way there. They stand in a file of the site, `hl7.json`, that is
 * checked against a schema as a whole, never replicates, and is whole or not there whenever the process dies.
 */
import { existsSync, readFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { join } from 'node:path'
import * as v from 'valibot'
import { writeWhole } from '../../replica/whole-file.ts'
import { characterSets } from './character-sets.ts'
import { triggers } from './profiles.ts'

const zone = v.pipe(v.string(), v.check((text) => isZone(text), 'is no IANA time zone, such as America/Phoenix')) // prettier-ignore
const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))
const text = v.pipe(v.string(), v.trim(), v.maxLength(200))
const file = v.pipe(v.string(), v.minLength(1))
const seconds = v.pipe(v.number(), v.minValue(0.1), v.maxValue(3_600))

/** Plain MLLP leaves this machine only where the practice says that its network is private (a VPN). */
const mllp = v.strictObject({
  by: v.literal('mllp'),
  host: v.pipe(v.string(), v.minLength(1)),
  port,
  tls: v.optional(v.strictObject({ cert: v.optional(file), key: v.optional(file), ca: v.optional(file), asksForCertificate: v.optional(v.boolean(), false) })), // prettier-ignore
  privateNetwork: v.optional(v.boolean(), false),
})
const folder = v.strictObject({ by: v.literal('folder'), path: file, everySeconds: v.optional(seconds, 2) })

/** What of a patient's record a channel may set over what InSched has; what is empty there it may always fill. */
export const overwritable = ['firstName', 'middleName', 'lastName', 'birthDate', 'homePhone', 'cellPhone', 'email', 'language'] as const // prettier-ignore
export type Overwritable = (typeof overwritable)[number]

const both = {
  name: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'takes small letters, digits and hyphens')),
  paused: v.optional(v.boolean(), false),
  to: v.variant('by', [mllp, folder]),
  /** Of messages whose MSH-18 is empty; and that ours are written in. */
  characterSet: v.optional(v.picklist(characterSets), 'UNICODE UTF-8'),
  /** Of times without an offset; the site's by default. */
  zone: v.optional(v.nullable(zone), null),
  /** Who assigned the patient ids of this peer (PID-3.4), where a message does not say. */
  authority: v.optional(text, ''),
  /** Under which authority InSched's own patient and event numbers go to this peer, and come back from it. */
  ownAuthority: v.optional(v.pipe(text, v.minLength(1)), 'INSCHED'),
  /**
   * Whether both sides speak MLLP release 2: whoever gets a frame says at once that it is kept (06) or could not be (15),
   * before any answer to what stands in it; and how often a frame goes again that was not said to be kept.
   */
  commitAcknowledgements: v.optional(v.boolean(), false),
  commitRetries: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(20)), 2),
  mostBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1_024), v.maxValue(256 * 1024 * 1024)), 16 * 1024 * 1024), // prettier-ignore
}
const inbound = v.strictObject({
  ...both,
  direction: v.literal('in'),
  /** When a message in original mode is answered: when it was applied, or, for peers that cannot wait, when it is stored. */
  answers: v.optional(v.picklist(['when applied', 'when stored']), 'when applied'),
  mostConnections: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000)), 10),
  versions: v.optional(v.array(text), ['2.1', '2.2', '2.3', '2.3.1', '2.4', '2.5', '2.5.1', '2.6', '2.7', '2.7.1', '2.8']),
  processing: v.optional(v.array(v.picklist(['P', 'T', 'D'])), ['P']),
  mayOverwrite: v.optional(v.array(v.picklist(overwritable)), []),
  /** Whether QRY^A19 is answered with a patient's details. */
  answersQueries: v.optional(v.boolean(), false),
  /** The peer's codes of places to InSched's location ids, its codes of appointments to InSched's event types, whose words patients see. */
  locations: v.optional(v.record(v.string(), text), {}),
  eventTypes: v.optional(v.record(v.string(), text), {}),
}) // prettier-ignore
const outbound = v.strictObject({
  ...both,
  direction: v.literal('out'),
  application: v.optional(text, 'PatientConnection'),
  facility: v.optional(text, ''),
  receivingApplication: v.optional(text, ''),
  receivingFacility: v.optional(text, ''),
  version: v.optional(v.picklist(['2.3', '2.3.1', '2.4', '2.5', '2.5.1', '2.6', '2.7', '2.7.1', '2.8']), '2.7'),
  testing: v.optional(v.boolean(), false),
  /** How messages are written: in HL7's own encoding, or as v2.xml. */
  form: v.optional(v.picklist(['text', 'xml']), 'text'),
  /** What is told to the peer, and what of the profiles it wants otherwise: fields by `SEGMENT-NUMBER`, and `kind`. */
  sends: v.optional(v.array(v.picklist(triggers)), []),
  profiles: v.optional(
    v.record(
      v.picklist(triggers),
      v.record(
        v.pipe(
          v.string(),
          v.regex(/^(kind|[A-Z][A-Z0-9]{2}-\d{1,3})$/, 'is kind, or a segment and the number of a field'),
        ),
        v.string(),
      ),
    ),
    {},
  ),
  /** Since when, milliseconds UTC: what stood before is not told. */
  since: v.optional(v.number()),
  /** Whether a connection is kept for the next message; some peers want a new one for each. */
  keepsConnection: v.optional(v.boolean(), true),
  responseSeconds: v.optional(seconds, 5),
  /** How often a message that is rejected (AR) is tried again. */
  rejectedRetries: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(20)), 3),
  /** At most so many messages a minute; 0: as fast as they are taken. */
  perMinute: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(60_000)), 0),
})
export const channelSchema = v.variant('direction', [inbound, outbound])
export type Channel = v.InferOutput<typeof channelSchema>
export type InboundChannel = v.InferOutput<typeof inbound>
export type OutboundChannel = v.InferOutput<typeof outbound>
const fileSchema = v.strictObject({ channels: v.array(channelSchema) })

function isZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** A channel as it is given; throws a sentence that names what is wrong. */
export function parseChannel(given: unknown): Channel {
  const read = v.safeParse(channelSchema, given)
  if (!read.success) {
    const [issue] = read.issues
    throw new Error(`The channel’s ${v.getDotPath(issue) ?? 'settings'} ${/^[a-z]/.test(issue.message) ? issue.message : `cannot be taken: ${issue.message}`}.`) // prettier-ignore
  }
  const channel = read.output
  const { to } = channel
  if (to.by === 'mllp') {
    if (!to.tls && !to.privateNetwork && !isThisMachine(to.host))
      throw new Error('Messages of patients leave this machine encrypted only. Give a certificate (TLS), or say that the network between is private.') // prettier-ignore
    if (channel.direction === 'in' && to.tls && !(to.tls.cert && to.tls.key)) throw new Error('A channel that listens needs a certificate and its key.') // prettier-ignore
  }
  if (to.by === 'folder' && channel.commitAcknowledgements) throw new Error('A folder has no commit acknowledgements. Leave commitAcknowledgements out, or give an address.') // prettier-ignore
  return channel
}

/** Who assigned an id of a channel that names nobody. */
export function authorityOf(channel: Pick<Channel, 'authority' | 'name'>): string {
  return channel.authority || `channel ${channel.name}`
}

/** Whether a message that came in is from the peer of this channel: by who sent it (`MSH-3|MSH-4`), or by who assigns its ids. */
export function isPeerOf(to: OutboundChannel, { sender }: { readonly sender: string }, from: Channel | undefined): boolean {
  const isNamed = to.receivingApplication !== '' && sender === `${to.receivingApplication}|${to.receivingFacility}`
  return isNamed || (to.authority !== '' && from?.authority === to.authority)
} // prettier-ignore

export function isThisMachine(host: string): boolean {
  return ['localhost', '::1'].includes(host) || (isIPv4(host) && host.startsWith('127.'))
}

/** The channels that a folder keeps; throws a sentence where the file is not as its schema demands. */
export function channelsOf(dir: string): Channel[] {
  const path = join(dir, 'hl7.json')
  if (!existsSync(path)) return []
  const read = v.safeParse(fileSchema, JSON.parse(readFileSync(path, 'utf8')))
  if (!read.success) throw new Error(`${path} cannot be used: ${v.getDotPath(read.issues[0]) ?? 'it'} ${read.issues[0].message}. Mend it, or take it away and add the channels again.`) // prettier-ignore
  return read.output.channels
}

/** Keeps the channels; they are in the file, whole, when it returns. */
export function keepChannels(dir: string, channels: readonly Channel[]): void {
  writeWhole(join(dir, 'hl7.json'), `${JSON.stringify({ channels }, null, 2)}\n`)
}
