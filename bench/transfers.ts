/**
 * Upload, catch-up and reconnect of one number of documents, by ours and by the floor: the same bytes, each side in a
 * fresh process, timed from the opened store and socket, the two in turns so that both meet the same machine. What a
 * measurement asks for is made once, with what it builds on.
 */
import { closeSync, copyFileSync, fsyncSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { changedOf } from './documents.ts'
import type { Memory } from './memory.ts'
import type { Processes } from './processes.ts'
import type { Distance } from './sides/distance.ts'
import type { FloorSide } from './sides/floor-side.ts'
import { newPair, type Pair } from './sides/ours-pair.ts'
import type { OursPortal } from './sides/ours-portal.ts'
import type { OursSite } from './sides/ours-site.ts'
import type { OursStore } from './sides/ours-store.ts'
import type { Traffic } from './sides/traffic.ts'

/** Seconds, the median of the runs. */
export interface Times {
  readonly ours: number
  readonly floor: number
}
export interface CaughtUp extends Times {
  /** Of the portal when it is done. */
  readonly memory: { readonly ours: Memory; readonly floor: Memory }
  readonly traffic: Traffic
  /** The bytes of all updates that had changed, on both sides. */
  readonly changedBytes: number
}
export interface Reconnected extends Times {
  readonly traffic: Traffic
  /** How often the sides wait for each other: what a distance between them adds, over the distance there and back. */
  readonly roundTrips: number
}
/** A pair of files of ours that have met and are equal. */
export interface Files {
  readonly pair: Pair
  readonly site: string
  readonly portal: string
}

export interface Transfers {
  upload(documents: number): Promise<Times>
  catchUp(documents: number): Promise<CaughtUp>
  reconnect(documents: number): Promise<Reconnected>
  /** Files of `documents` that have met; for reading and copying. */
  met(documents: number): Promise<Files>
  /** Rows of the floor that both sides have; for copying. */
  plain(documents: number): Promise<string>
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

/** Syncs what stands there to disk: what the making of a file leaves to write must not fall into a measurement. */
function settle(path: string): void {
  const file = openSync(path, 'r+')
  fsyncSync(file)
  closeSync(file)
}

export function copyFile(from: string, to: string): void {
  copyFileSync(from, to)
  settle(to)
}

/** Milliseconds in each direction: so far that all else is small beside it. */
const distance = 100

/** Runs of each: what takes long is run once. */
const runsOf = (documents: number): number => (documents > 100_000 ? 1 : 3)

export function transfers(dir: string, processes: Processes): Transfers {
  const made = new Map<string, Promise<unknown>>()
  const once =
    <T>(what: string, make: (documents: number) => Promise<T>): ((documents: number) => Promise<T>) =>
    (documents) => {
      const name = `${what} ${documents}`
      const promise = (made.get(name) ?? make(documents)) as Promise<T>
      made.set(name, promise)
      return promise
    }
  const file = (documents: number, name: string): string => join(dir, `${documents}-${name}.sqlite`)
  const store = async <T>(work: (side: ReturnType<typeof startStore>) => Promise<T>): Promise<T> => {
    const side = startStore()
    const result = await work(side)
    await side.end()
    return result
  }
  const startStore = () => processes.start<OursStore>('sides/ours-store.ts', 'store')

  /** One run of ours; both sides are closed when it is over. */
  const ours = async <T>(
    label: string,
    files: Files,
    run: (site: ReturnType<typeof startSite>, portal: ReturnType<typeof startPortal>) => Promise<T>,
    distance?: number,
  ): Promise<T> => {
    const [site, portal] = [startSite(label), startPortal(label)]
    const between = distance === undefined ? undefined : processes.start<Distance>('sides/distance.ts', 'distance')
    const port = await portal.call('open', files.pair, files.portal)
    await site.call('open', files.pair, files.site, between ? await between.call('before', port, distance!) : port)
    const result = await run(site, portal)
    await site.call('close')
    await portal.call('close')
    await Promise.all([site.end(), portal.end(), between?.end()])
    return result
  }
  const startSite = (label: string) => processes.start<OursSite>('sides/ours-site.ts', `${label}-site`)
  const startPortal = (label: string) => processes.start<OursPortal>('sides/ours-portal.ts', `${label}-portal`)
  /** One run of the floor; of each side the rows beyond `after` are what the other lacks. */
  const floor = async <T>(
    files: { site: string; portal: string; after: number },
    run: (site: ReturnType<typeof startFloor>, portal: ReturnType<typeof startFloor>) => Promise<T>,
  ): Promise<T> => {
    const [site, portal] = [startFloor(), startFloor()]
    await site.call('open', files.site, files.after, await portal.call('serve', files.portal, files.after))
    const result = await run(site, portal)
    await site.call('close')
    await portal.call('close')
    await Promise.all([site.end(), portal.end()])
    return result
  }
  const startFloor = () => processes.start<FloorSide>('sides/floor-side.ts', 'floor')

  const written = once('written', async (documents) => {
    const pair = newPair()
    const [site, plain] = [file(documents, 'written'), file(documents, 'plain')]
    await store(async (side) => {
      await side.call('write', pair, site, documents)
      await side.call('copyUpdates', site, 0, plain)
    })
    return { pair, site, plain }
  })

  const uploaded = once('uploaded', async (documents) => {
    const { pair, site, plain } = await written(documents)
    const times: { ours: number[]; floor: number[] } = { ours: [], floor: [] }
    let files: Files | undefined
    for (let run = 0; run < runsOf(documents); run++) {
      const empty = file(documents, `floor-empty-${run}`)
      const source = file(documents, 'floor-full')
      copyFile(plain, source)
      times.floor.push(await floor({ site: source, portal: empty, after: 0 }, (side) => side.call('catchUp')))
      rmSync(empty)
      files = { pair, site: file(documents, 'site'), portal: file(documents, 'portal') }
      rmSync(files.portal, { force: true })
      copyFile(site, files.site)
      times.ours.push(await ours(`upload-${documents}`, files, (side) => side.call('catchUp')))
    }
    return { files: files!, times: { ours: median(times.ours), floor: median(times.floor) } }
  })

  const changed = once('changed', async (documents) => {
    const { files } = await uploaded(documents)
    const { plain } = await written(documents)
    const made = {
      ours: { pair: files.pair, site: file(documents, 'site-changed'), portal: file(documents, 'portal-changed') },
      floor: {
        site: file(documents, 'floor-site-changed'),
        portal: file(documents, 'floor-portal-changed'),
        after: documents,
      },
      bytes: 0,
    }
    for (const role of ['site', 'portal'] as const) {
      copyFile(files[role], made.ours[role])
      copyFile(plain, made.floor[role])
      await store(async (side) => {
        const head = await side.call('change', files.pair, role, made.ours[role], changedOf(documents))
        made.bytes += await side.call('copyUpdates', made.ours[role], head, made.floor[role])
      })
    }
    return made
  })

  return {
    upload: async (documents) => (await uploaded(documents)).times,
    met: async (documents) => (await uploaded(documents)).files,
    plain: async (documents) => (await written(documents)).plain,
    catchUp: once('catch-up', async (documents): Promise<CaughtUp> => {
      const made = await changed(documents)
      const times: { ours: number[]; floor: number[] } = { ours: [], floor: [] }
      let memory: { ours: Memory; floor: Memory } | undefined
      let traffic: Traffic | undefined
      for (let run = 0; run < 3; run++) {
        const plain = { ...made.floor, site: file(documents, 'floor-site'), portal: file(documents, 'floor-portal') }
        const files = { ...made.ours, site: file(documents, 'again-site'), portal: file(documents, 'again-portal') }
        for (const role of ['site', 'portal'] as const) {
          copyFile(made.floor[role], plain[role])
          copyFile(made.ours[role], files[role])
        }
        const floorMemory = await floor(plain, async (site, portal) => {
          times.floor.push(await site.call('catchUp'))
          return portal.call('memory')
        })
        const oursMemory = await ours(`catch-up-${documents}`, files, async (site, portal) => {
          const { seconds, ...seen } = await site.call('catchUpCounted')
          times.ours.push(seconds)
          traffic = seen
          return portal.call('memory')
        })
        memory = { ours: oursMemory, floor: floorMemory }
      }
      return {
        ours: median(times.ours),
        floor: median(times.floor),
        memory: memory!,
        traffic: traffic!,
        changedBytes: made.bytes,
      }
    }),
    reconnect: once('reconnect', async (documents): Promise<Reconnected> => {
      const { files } = await uploaded(documents)
      const { plain } = await written(documents)
      const rows = {
        site: file(documents, 'floor-still-site'),
        portal: file(documents, 'floor-still-portal'),
        after: documents,
      }
      for (const role of ['site', 'portal'] as const) {
        copyFile(plain, rows[role])
        settle(files[role])
      }
      const times: { ours: number[]; floor: number[] } = { ours: [], floor: [] }
      let traffic: Traffic | undefined
      for (let run = 0; run < 5; run++) {
        times.floor.push(await floor(rows, (site) => site.call('catchUp')))
        await ours(`reconnect-${documents}`, files, async (site) => {
          const { seconds, ...seen } = await site.call('catchUpCounted')
          times.ours.push(seconds)
          traffic = seen
        })
      }
      const far: number[] = []
      for (let run = 0; run < 3; run++)
        far.push(await ours(`far-${documents}`, files, (site) => site.call('catchUp'), distance))
      // The quickest of each: what only a busy machine adds is no round trip.
      const roundTrips = ((Math.min(...far) - Math.min(...times.ours)) * 1000) / (2 * distance)
      return { ours: median(times.ours), floor: median(times.floor), traffic: traffic!, roundTrips }
    }),
  }
}
