/** The commands of the exchange XML: stations of a portal, and what a site or a station takes and gives as files. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { need, optional, Usage, wholeNumber, type Command, type Given } from './command.ts'
import { operation } from './operation.ts'
import { operate } from './portal-commands.ts'

const string = { type: 'string' } as const

function fileOf(given: Given): string {
  const [file] = given.positionals
  if (file === undefined) throw new Usage('Name the file.')
  return resolve(file)
}

/** A command that a site does for itself, and a portal for one of its stations. */
function ofEither(own: Command, input: (given: Given) => Record<string, unknown>): Command {
  const name = own.usage.split(' ', 2).join(' ')
  return {
    ...own,
    options: { ...own.options, site: string },
    async run(given, context) {
      const station = optional(given, 'site')
      const isSite = existsSync(join(need(given, 'data'), 'site.json'))
      if (isSite === (station !== undefined)) throw new Usage('--data names a site, or a portal together with --site.')
      if (isSite) return own.run(given, context)
      const result = await operate(name, { ...input(given), site: station }, given, context)
      context.print(result, Object.entries(result).map(([key, value]) => `${key}: ${String(value)}`).join('  ')) // prettier-ignore
    },
  }
}

export const stationAdd: Command = {
  usage: 'station add --data DIR --practice ID --name NAME',
  about: 'add a site without an agent, which speaks the exchange XML with the portal; prints its token, this once',
  options: { data: string, practice: string, name: string },
  async run(given, context) {
    const result = await operate('station add', { practice: need(given, 'practice'), name: need(given, 'name') }, given, context) // prettier-ignore
    context.print(result, `Station ${String(result['siteId'])} is added. Its token, which is not shown again: ${String(result['token'])}`) // prettier-ignore
  },
}
export const stationToken: Command = {
  usage: 'station token --data DIR --site ID',
  about: 'another token for a station; the one before is worth nothing from then on',
  options: { data: string, site: string },
  async run(given, context) {
    const result = await operate('station token', { site: need(given, 'site') }, given, context)
    context.print(result, `The token of station ${String(result['siteId'])}, which is not shown again: ${String(result['token'])}`) // prettier-ignore
  },
}

const imported = (given: Given) => {
  const [channel, from] = [optional(given, 'channel'), optional(given, 'from')]
  if (optional(given, 'site') !== undefined && (channel !== undefined || from !== undefined))
    throw new Usage('--channel and --from are for a site with an agent; a station has numbers of its own.')
  return { file: fileOf(given), channel, from }
}
export const xmlImport = ofEither(
  operation(
    'xml import',
    'take an upload or an acknowledgement of a station from a file, all of it or none; at a site with an agent the patients and events of an upload, by the rules of an HL7 channel',
    'xml import FILE [--site STATION | --channel NAME] [--from SYSTEM]',
    { channel: string, from: string },
    imported,
  ),
  imported,
)
const exported = (given: Given) => ({
  file: fileOf(given),
  upload: given.values['upload'] === true,
  since: wholeNumber(optional(given, 'since'), 'since'),
})
export const xmlExport = ofEither(
  operation(
    'xml export',
    'write a file of what is to be downloaded behind an item, of a station by default behind what it acknowledged; with --upload the records that leave a site',
    'xml export FILE [--upload] [--since ITEM] [--site STATION]',
    { upload: { type: 'boolean' }, since: string },
    exported,
  ),
  exported,
)
