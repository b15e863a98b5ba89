/** The preferences that stay at a site, in its own file: sealed as a whole, since a proxy's password is among them. */
import { join } from 'node:path'
import * as v from 'valibot'
import { settingsOf, type Settings } from '../enrolling.ts'
import type { Texts } from '../mirror/preferences.ts'
import type { Sealer } from '../replica/sealing.ts'
import { writeWhole } from '../replica/whole-file.ts'

const what = 'local preferences'

/** The texts as they were kept. */
export function localTexts(settings: Settings, master: Sealer): Texts {
  if (settings.local === null) return {}
  const opened = Buffer.from(master.open(Buffer.from(settings.local, 'base64'), what)).toString()
  return v.parse(v.record(v.string(), v.string()), JSON.parse(opened))
}

/** Keeps the texts; they are in the file, whole, when it returns. */
export function keepLocalTexts(dir: string, master: Sealer, texts: Texts): void {
  const local = Buffer.from(master.seal(Buffer.from(JSON.stringify(texts)), what)).toString('base64')
  writeWhole(join(dir, 'site.json'), JSON.stringify({ ...settingsOf(dir), local }, null, 2))
}
