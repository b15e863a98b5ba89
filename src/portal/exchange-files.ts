/** What the portal does for a station by files, as the command line asks for it: the same as over HTTP. */
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { rootOfFile, writeParts } from '../bridges/xml/exchange-file.ts'
import { downloadDocument } from '../bridges/xml/exchange-items.ts'
import type { Operations } from '../server/control.ts'
import type { Station } from '../station.ts'
import type { Stations } from './stations.ts'

const inputSchema = v.object({
  site: v.string(),
  file: v.string(),
  upload: v.optional(v.boolean(), false),
  since: v.optional(v.number()),
})

export function exchangeFiles(stations: Pick<Stations, 'of'>): Operations {
  const stationOf = (site: string): Station => {
    const station = stations.of(site)
    if (station) return station
    throw new Error(`There is no station ${site} at this portal. Make one with: patientconnection station add`)
  }
  return {
    async 'xml import'(input) {
      const { site, file } = v.parse(inputSchema, input)
      const station = stationOf(site)
      const root = await rootOfFile(file)
      if (root === 'acknowledgement') return { acknowledged: await station.acknowledge(await readFile(file)) }
      return station.upload(createReadStream(file))
    },
    async 'xml export'(input) {
      const { site, file, upload, since } = v.parse(inputSchema, input)
      if (upload) throw new Error('The records of a station are its own; --upload is for a site with an agent.')
      const download = await stationOf(site).download(since)
      let items = 0
      const counted = function* () {
        for (const item of download.items) {
          items++
          yield item
        }
      }
      await writeParts(file, downloadDocument({ ...download, items: counted() }))
      return { file, items, to: download.to, more: download.more }
    },
  }
}
