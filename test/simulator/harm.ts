/**
 * What no rule of the protocol can rule out, in some worlds: a peer that leaves rows out of what it says it covers, and a
 * disk that loses what a document deleted. Only a proof of equality finds these, so such a world proves before it is
 * checked. It draws from chance of its own: the other worlds stay what they are.
 */
import * as Y from 'yjs'
import { collectionNumber, shapeOf } from '../../src/replica/collections.ts'
import { openDocument } from '../../src/replica/document.ts'
import type { StoredRow } from '../../src/replica/store.ts'
import { chanceOf } from './chance.ts'
import { readFolder } from './contents.ts'
import { running, type World } from './world.ts'

export interface Harm {
  /** Whether anything is harmed in this world. */
  readonly on: boolean
  /** Set while everything comes to rest. */
  calm: boolean
  /** What is left of rows that a link reads. */
  lose(rows: StoredRow[]): StoredRow[]
  /** Makes a machine's disk say that a document deleted more than it did; what it shows and its vector stay. */
  damage(world: World): Promise<void>
}

export function harmOf(seed: number, possible: boolean): Harm {
  const chance = chanceOf(seed ^ 0x517cc1b7)
  const on = possible && chance.oneIn(3)
  const harm: Harm = {
    on,
    calm: false,
    lose(rows) {
      if (!on || harm.calm || rows.length === 0 || !chance.oneIn(20)) return rows
      const lost = chance.below(rows.length)
      return rows.filter((_, i) => i !== lost)
    },
    async damage(world) {
      const { machine } = chance.pick(running(world))
      for (const { head } of (await readFolder(machine.folder)).values()) {
        if (shapeOf(head.collection) !== 'record' || !chance.oneIn(2)) continue
        const number = collectionNumber(head.collection)
        const rows = await machine.folder.rowsOf(number, head.key)
        const damaged = rows.length > 0 && deletingMore(rows.map(({ update }) => update)) // prettier-ignore
        if (!damaged) continue
        await machine.folder.fold(number, head.key, rows.map(({ seq }) => seq), damaged) // prettier-ignore
        world.trace.note(`the disk of ${machine.name} loses what ${head.collection}/${head.key.slice(-3)} deleted`)
        world.count('damage')
        return
      }
    },
  }
  return harm
}

/** The document with one value deleted that does not stand, because a later process of its writer has set the field anew. */
function deletingMore(updates: readonly Uint8Array[]): Uint8Array | undefined {
  const doc = openDocument(updates)
  const newest = new Map<string, number>()
  const maps = [...doc.share.keys()].map((name) => ({ name, writer: name.split(':')[1]!, map: doc.getMap(name) }))
  const each = (run: (field: string, time: number, at: (typeof maps)[number]) => void): void => {
    for (const at of maps)
      for (const [key, value] of at.map.entries()) run(`${at.writer} ${key}`, (value as [unknown, number])[1], at)
  }
  each((field, time) => newest.set(field, Math.max(time, newest.get(field) ?? 0)))
  let found = false
  each((field, time, { map, writer }) => {
    if (found || time === newest.get(field)) return
    map.delete(field.slice(writer.length + 1))
    found = true
  })
  return found ? Y.encodeStateAsUpdate(doc) : undefined
}
