/** The commands of the HL7 bridge: channels, the queue of messages, what is sent and done again by hand. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { optional, Usage, wholeNumber, type Command, type Given } from './command.ts'
import { operation } from './operation.ts'

const string = { type: 'string' } as const

function named(given: Given, missing: string): string {
  const [name] = given.positionals
  if (name === undefined) throw new Usage(missing)
  return name
}

/** `HOST:PORT`, or a port of this machine. */
function address(text: string): { host: string; port: number } {
  const found = /^(?:(?<host>.+):)?(?<port>\d{1,5})$/.exec(text)
  if (!found) throw new Usage(`Write HOST:PORT, not ${text}.`)
  return { host: found.groups!['host'] ?? '127.0.0.1', port: Number(found.groups!['port']) }
}

const ways = { listen: 'in', connect: 'out', read: 'in', write: 'out' } as const

function channelGiven(given: Given): object {
  const name = named(given, 'Name the channel.')
  const [way, ...more] = (Object.keys(ways) as (keyof typeof ways)[]).filter(
    (one) => optional(given, one) !== undefined,
  )
  if (way === undefined || more.length > 0) throw new Usage('Give one of --listen, --connect, --read and --write.')
  const at = optional(given, way)!
  const [cert, key, ca] = ['tls-cert', 'tls-key', 'tls-ca'].map((one) => optional(given, one)).map((file) => file && resolve(file)) // prettier-ignore
  const tls = cert || key || ca || given.values['tls'] === true
  const to =
    way === 'read' || way === 'write'
      ? { by: 'folder', path: resolve(at) }
      : { by: 'mllp', ...address(at), ...(tls ? { tls: { ...(cert ? { cert } : {}), ...(key ? { key } : {}), ...(ca ? { ca } : {}), ...(given.values['ask-certificate'] === true ? { asksForCertificate: true } : {}) } } : {}), ...(given.values['private-network'] === true ? { privateNetwork: true } : {}) } // prettier-ignore
  return { ...settingsIn(optional(given, 'settings')), name, direction: ways[way], to }
}

/** More settings, as JSON in a file. */
function settingsIn(file: string | undefined): object {
  if (file === undefined) return {}
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Error(`The file ${file} cannot be read. The channel was not added.`, { cause })
  }
  try {
    const read = JSON.parse(text) as unknown
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new Error(`The file ${file} is no JSON object. The channel was not added.`)
}

const ofName = (what: string, about: string): Command =>
  operation(`hl7 channel ${what}`, about, `hl7 channel ${what} NAME`, {}, (given) => ({ name: named(given, 'Name the channel.') })) // prettier-ignore

export const hl7ChannelAdd = operation(
  'hl7 channel add',
  'a channel to another system: a port to listen at, an address to connect to, or a folder to read or write; --settings FILE has more, as JSON',
  'hl7 channel add NAME (--listen HOST:PORT | --connect HOST:PORT | --read FOLDER | --write FOLDER) [--tls] [--tls-cert F --tls-key F] [--tls-ca F] [--ask-certificate] [--private-network] [--settings FILE]',
  {
    listen: string,
    connect: string,
    read: string,
    write: string,
    tls: { type: 'boolean' },
    'tls-cert': string,
    'tls-key': string,
    'tls-ca': string,
    'ask-certificate': { type: 'boolean' },
    'private-network': { type: 'boolean' },
    settings: string,
  },
  (given) => ({ channel: channelGiven(given) }),
)
export const hl7ChannelList = operation('hl7 channel list', 'the channels: how each is, and what waits', 'hl7 channel list', {}, () => ({})) // prettier-ignore
export const hl7ChannelPause = ofName('pause', 'stop a channel; what comes waits at the peer, what goes waits here')
export const hl7ChannelResume = ofName('resume', 'go on with a channel')
export const hl7ChannelRemove = ofName('remove', 'remove a channel; its messages are kept for a while')

export const hl7Verbose = operation(
  'hl7 verbose',
  'say more of a channel in the log for so many minutes, for support: sizes, times, ids and codes, no content; it ends by itself, or now with 0',
  'hl7 verbose --channel NAME --minutes N',
  { channel: string, minutes: string },
  (given) => {
    const name = optional(given, 'channel')
    const minutes = wholeNumber(optional(given, 'minutes'), 'minutes')
    if (name === undefined || minutes === undefined) throw new Usage('Give --channel and --minutes.')
    return { name, minutes }
  },
)

export const hl7Queue = operation(
  'hl7 queue',
  'messages, the newest first',
  'hl7 queue [--channel NAME] [--state S] [--kind ADT^A08] [--patient LOCAL_ID] [--since T]',
  { channel: string, state: string, kind: string, patient: string, since: string },
  (given) => ({
    channel: optional(given, 'channel'),
    state: optional(given, 'state'),
    kind: optional(given, 'kind'),
    patient: wholeNumber(optional(given, 'patient'), 'patient'),
    since: instant(optional(given, 'since')),
  }),
)
export const hl7Show = operation('hl7 show', 'a message and its answer', 'hl7 show ID', {}, (given) => ({ id: named(given, 'Name the message by its id.') }), (result) => [result['message'], result['answer']].filter((one) => typeof one === 'string').map((one) => one.replaceAll('\r', '\n')).join('\n')) // prettier-ignore
export const hl7Send = operation(
  'hl7 send',
  'queue the messages of a file for a channel',
  'hl7 send FILE --channel NAME',
  { channel: string },
  (given) => {
    const name = optional(given, 'channel')
    if (name === undefined) throw new Usage('--channel is missing.')
    return { name, file: resolve(named(given, 'Name the file.')) }
  },
)
export const hl7Link = operation(
  'hl7 link',
  'say for which patient of InSched an id of another system stands',
  'hl7 link ID --channel NAME --patient LOCAL_ID [--authority A]',
  { channel: string, patient: string, authority: string },
  (given) => {
    const [name, patient] = [optional(given, 'channel'), wholeNumber(optional(given, 'patient'), 'patient')]
    if (name === undefined || patient === undefined) throw new Usage('Give --channel and --patient.')
    return { name, id: named(given, 'Name the id.'), authority: optional(given, 'authority'), patient }
  },
)
export const hl7Replay = operation(
  'hl7 replay',
  'apply or send a message once more; with --file what stands there, under a new control id',
  'hl7 replay ID [--file EDITED]',
  { file: string },
  (given) => {
    const file = optional(given, 'file')
    return { id: named(given, 'Name the message by its id.'), ...(file === undefined ? {} : { file: resolve(file) }) }
  },
)

function instant(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw new Usage(`--since takes a time such as 2026-11-24T08:00Z, not ${text}.`)
  return at
}
