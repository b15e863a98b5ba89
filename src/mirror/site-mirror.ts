/**
 * The mirror as a site keeps it: which settings are in force, and that its documents follow them. A change holds at once
 * for what is written and sent from then on; what stands already is brought after it: fields that leave no more are taken
 * out of their documents, those that leave again are asked of the source, and what begins to pass is logged anew. Which
 * settings the documents follow is kept with them, so that this goes on where a crash left it. What comes of other sites
 * is read from the start when more of it is shared, and let go of when it is not.
 */
import type { Clock } from '../replica/clock.ts'
import { collections, type Passes, type RecordCollection } from '../replica/collections.ts'
import { derivedUlid } from '../replica/ids.ts'
import type { Json } from '../replica/json.ts'
import type { DocumentHead, Edit, Erasure } from '../replica/replica-face.ts'
import type { OpenReplica } from '../replica/replica.ts'
import { documentsOf } from './documents-of.ts'
import { isWithheld, leavingFields, onlyLeaving, type FieldGroup, type Withheld } from './leaving-fields.ts'
import {
  appliedField,
  mirrorInForce,
  mirrorKey,
  mirrorSettingsOf,
  mirrorTextsOf,
  narrower,
  sameSettings,
  type MirrorTexts,
} from './mirror-settings.ts'
import { givenTo, isShared, isSharedRecord, linkVersion, othersIn, othersKey, shareable, sharedBy, sourcesOf, type Others, type Shared } from './sharing.ts' // prettier-ignore
import {
  defaultSettings,
  isAtBoth,
  passes,
  passesByFacts,
  type Direction,
  type MirrorSettings,
  type PatientCollection,
} from './policy.ts'

/** The settings that documents follow, and when they were looked at last. */
interface Applied {
  readonly settings: MirrorSettings
  readonly at: number
}

/** The settings of a site as they stand before its replica is open, and then as it reads them. */
export function mirrorOf(site: string, clock: Clock) {
  let settings = defaultSettings
  /** Without what the portal has narrowed. */
  let chosen = defaultSettings
  let others: Others = new Map()
  let shared: Shared = new Map()
  let version = 0
  let applied: Applied = { settings, at: 0 }
  const listeners = new Set<() => void>()
  const byFacts =
    (of: () => Applied): Passes =>
    (collection, facts, erasure = false) => {
      const { settings: by, at: now } = of()
      return passesByFacts(by, { collection, facts, site, now, erasure })
    }
  return {
    settings: () => settings,
    /** What other sites of the practice say to this one. */
    others: () => others,
    /** What of them comes down. */
    shared: () => shared,
    /** Whether anything is shared with any other site, in either direction. */
    isSharing: (): boolean => shared.size > 0 || [...others].some(([other, { takes }]) => givenTo(settings, other).some((name) => takes.includes(name))), // prettier-ignore
    /** For links. */
    version: () => version,
    applied: () => applied,
    /** For links. */
    passes:
      (direction: Direction): Passes =>
      (collection, facts, erasure = false) =>
        passes(settings, { collection, facts, direction, site, now: clock.now(), erasure, arrives: true }).passes ||
        (direction === 'down' && isShared(shared, collection, facts)),
    /** For links, up: also what was changed here of the records that others share. */
    goesUp: ((collection, facts, erasure = false) =>
      passes(settings, { collection, facts, direction: 'up', site, now: clock.now(), erasure }).passes ||
      (!erasure && isSharedRecord(shared, collection, facts))) as Passes,
    /** For links: what a proof of equality compares. */
    atBoth: ((collection, facts, erasure = false) => isAtBoth(settings, { collection, facts, site, now: clock.now(), erasure })) as Passes, // prettier-ignore
    /** For the replica. */
    replicaPasses: {
      passes: byFacts(() => ({ settings, at: clock.now() })),
      chosen: byFacts(() => ({ settings: chosen, at: clock.now() })),
      passedBefore: byFacts(() => applied),
      returns: ((collection, facts) =>
        passes(settings, { collection, facts, direction: 'up', site, now: clock.now() }).passes) as Passes,
    },
    become(next: MirrorSettings, of: Others = others, own: MirrorSettings = next): void {
      chosen = own
      if (!sameSettings(next, settings)) settings = next
      others = of
      shared = sharedBy(settings, others)
      const before = version
      version = linkVersion(settings, shared)
      if (version !== before) for (const run of [...listeners]) run()
    },
    hasApplied: (next: Applied): void => void (applied = next),
    onChange(run: () => void): () => void {
      listeners.add(run)
      return () => void listeners.delete(run)
    },
  }
}
export type Mirror = ReturnType<typeof mirrorOf>

/** The replica as a source of records sees it: only fields that may leave come in. */
export function leavingOnly<R extends Pick<OpenReplica, 'change'>>(replica: R, withheld: () => Withheld): R {
  return { ...replica, change: (edits) => replica.change(edits.map((edit) => onlyLeaving(edit, withheld()))) }
}

export interface SiteMirrorOptions {
  readonly mirror: Mirror
  readonly replica: OpenReplica
  readonly site: string
  /** The replica of the portal. */
  readonly portal: string
  readonly clock: Clock
  /** Asks the source to say all its records again; resolves when they are in the replica. */
  readonly sayAgain: () => Promise<void>
}
export type SiteMirror = Awaited<ReturnType<typeof keepSiteMirror>>

/** Reads the settings and keeps the documents to them. */
export async function keepSiteMirror(options: SiteMirrorOptions) {
  const { mirror, replica, site, clock } = options
  const key = mirrorKey(site)
  const facts = { patient: null, site, shown: false, reachable: false, startsAt: null }
  let own: MirrorTexts = {}
  let portals: MirrorTexts = {}
  let problem: string | null = null
  let isKept = false
  let stopped = false

  /** What was read first must not be taken for what stands. */
  let loading: Promise<void> = Promise.resolve()
  const load = (): Promise<void> => {
    const next = loading.then(loadOnce)
    loading = next.catch(() => {})
    return next
  }
  const loadOnce = async (): Promise<void> => {
    const map = await replica.written('preferences', key, replica.id)
    const theirs = await replica.written('preferences', key, options.portal)
    const others = othersIn(await replica.written('preferences', othersKey(site), options.portal))
    const next = mirrorInForce(mirrorTextsOf(map), mirrorTextsOf(theirs))
    const { names, done } = await sharing(next, sharedBy(next, others))
    // All at once from here on: what is in force is always what these say.
    own = mirrorTextsOf(map)
    portals = mirrorTextsOf(theirs)
    const kept = appliedIn(map)
    // Where nothing was chosen yet, documents followed the defaults from the start.
    mirror.hasApplied(kept ?? { settings: defaultSettings, at: clock.now() })
    isKept = kept !== undefined
    mirror.become(next, others, mirrorSettingsOf(own))
    if (names.length === 0) return
    // In the same turn: nothing that comes by the new settings is taken before.
    await replica.replication.readAnew(options.portal, names)
    await replica.letGo(names, (collection, facts) => isShared(mirror.shared(), collection, facts))
    await done()
  }
  /** By collection the number for which documents come down (SHARE-2), as it was kept when that was brought about. */
  let sources: Map<PatientCollection, number> | undefined
  /**
   * The collections of which others come down from here on; `done` keeps it. That they change is kept
   * first, so that what is to be done for it is done again after a crash.
   */
  const sharing = async (
    settings: MirrorSettings,
    shared: Shared,
  ): Promise<{ names: PatientCollection[]; done: () => Promise<void> }> => {
    const keep = async (name: PatientCollection, number: number): Promise<void> => {
      await replica.remember(`shared ${name}`, number)
      sources!.set(name, number)
    }
    sources ??= new Map(await Promise.all(shareable.map(async (name) => [name, await replica.remembered(`shared ${name}`)] as const))) // prettier-ignore
    const names = shareable.filter((name) => sources!.get(name) !== sourcesOf(settings, shared, name))
    for (const name of names) await keep(name, isChanging)
    return {
      names,
      async done() {
        for (const name of names) await keep(name, sourcesOf(settings, shared, name))
      },
    }
  }
  const write = (set: Readonly<Record<string, Json>>): Promise<void> =>
    replica.change([{ collection: 'preferences', key, facts, set, at: clock.now() }])

  /** Brings what stands to the settings in force; one after the other. */
  let turn: Promise<void> = Promise.resolve()
  const apply = (): Promise<void> => {
    const next = turn.then(applyOnce)
    turn = next.then(
      () => void (problem = null),
      (error: unknown) => void (problem = (error as Error).message),
    )
    return next
  }
  const applyOnce = async (): Promise<void> => {
    if (stopped) return
    const before = mirror.applied()
    const now = { settings: mirror.settings(), at: clock.now() }
    const said = { site: own, portal: portals, at: now.at }
    const [was, is] = [before.settings.withheld, now.settings.withheld]
    const isSame = before.settings.version === now.settings.version
    // What was on its way when the settings changed is in the documents by then.
    await replica.change([])
    if (groups.some((group) => is[group].some((field) => !was[group].includes(field)))) await withoutFields(is)
    if (groups.some((group) => was[group].some((field) => !is[group].includes(field)))) await options.sayAgain()
    // Without a change of settings only time makes documents pass, and only events and what hangs on them have one.
    await replica.passAnew(isSame ? ['events', 'confirmations'] : collections)
    await replica.withdraw()
    // They changed meanwhile: the next turn goes on from what is kept.
    if (mirror.settings() !== now.settings) return
    if (!isSame || !isKept || now.at - before.at > atMostOld) await write({ [appliedField]: said })
    mirror.hasApplied(now)
  }
  /** Writes anew, without these fields, all records that hold one: as after an erasure, so that no peer carries a value over. */
  const withoutFields = async (withheld: Withheld): Promise<void> => {
    const records = new Set<string>(groups.map((group) => (group === 'stages' ? 'plans' : group)))
    for await (const heads of documentsOf(replica, (head) => records.has(head.collection) && head.facts.site === site))
      for (let from = 0; from < heads.length; from += 100) {
        const anew = await Promise.all(heads.slice(from, from + 100).map((head) => writtenAnew(head, withheld)))
        if (anew.some((edits) => edits.length > 0)) await replica.change(anew.flat())
      }
  }
  const writtenAnew = async (head: DocumentHead, withheld: Withheld): Promise<(Erasure | Edit)[]> => {
    const collection = head.collection as RecordCollection
    const record = await replica.record(collection, head.key)
    if (!record) return []
    const left = [...record.values].filter(([field]) => !isWithheld(withheld, collection, field))
    if (left.length === record.values.size) return []
    const { at: _, ...same } = head.facts
    const set = Object.assign(Object.create(null) as Record<string, Json>, Object.fromEntries(left))
    const at = Math.max(...record.times.values())
    return [
      { collection, key: head.key, erase: true },
      { collection, key: head.key, facts: same, set, at },
    ]
  }

  await load()
  const isBehind = (): boolean => mirror.settings().version !== mirror.applied().settings.version
  // A crash may have left documents behind their settings, also behind the first that were chosen, and time has passed.
  if (isKept || isBehind()) apply().catch(() => {})
  replica.follow({
    name: 'mirror',
    collections: ['preferences'],
    async handle(heads) {
      if (!heads.some((head) => head.key === key || head.key === othersKey(site))) return []
      const before = mirror.settings().version
      await load()
      await openConflicts()
      // What comes back to a folder that was put back tells that documents follow already what they followed before that.
      if (isBehind() || mirror.settings().version !== before) apply().catch(() => {})
      return []
    },
  })
  /** One review for each setting that this site and the portal changed without knowing of each other. */
  const openConflicts = async (): Promise<void> => {
    const contested = (await replica.contested('preferences', [key])).get(key)
    const between = contested?.conflicts.filter(
      (conflict) => conflict.field !== appliedField && own[conflict.field] !== undefined && portals[conflict.field] !== undefined, // prettier-ignore
    )
    if (!between || between.length === 0) return
    await replica.change(between.map((conflict) => conflictReview(conflict.field, { own, portals, site, now: clock.now() }, conflict.time))) // prettier-ignore
  }

  return {
    texts: () => ({ own, portals }),
    write: async (set: MirrorTexts): Promise<void> => {
      await write(set)
      await load()
    },
    apply,
    /** Why documents do not follow the settings yet. */
    problem: () => problem,
    /** What is under way is the last. */
    stop: (): void => void (stopped = true),
  }
}

const groups = Object.keys(leavingFields) as FieldGroup[]
/** In the place of `sourcesOf` while that changes. */
const isChanging = 1
/** How old what is kept of the last look may be, milliseconds: what began to pass since is logged anew after a start. */
const atMostOld = 6 * 3_600_000

function appliedIn(map: Readonly<Record<string, Json>>): Applied | undefined {
  const kept = map[appliedField] as { site: MirrorTexts; portal: MirrorTexts; at: number } | undefined
  return kept && { settings: mirrorInForce(kept.site, kept.portal), at: kept.at }
}

function conflictReview(
  field: string,
  { own, portals, site, now }: { own: MirrorTexts; portals: MirrorTexts; site: string; now: number },
  time: number,
): Edit {
  const [mine, theirs] = [own[field]!, portals[field]!]
  const one = mirrorSettingsOf({ [field]: mine })
  const stands = sameSettings(narrower(one, mirrorSettingsOf({ [field]: theirs })), one) ? mine : theirs
  return {
    collection: 'reviews',
    key: derivedUlid('mirror conflict', site, field, String(time)),
    facts: { patient: null, site, shown: false, reachable: false, startsAt: null },
    add: {
      opened: {
        kind: 'opened',
        at: now,
        by: { role: 'site', id: site, initials: 'PC' },
        about: 'mirror conflict',
        why: `The setting ${field} of the mirror was changed here to “${mine}” and at the portal to “${theirs}”, without knowing of each other. The narrower holds: “${stands}”.`,
        todo: 'Agree on one value and set it on both sides.',
        patient: null,
        event: null,
      },
    },
  }
}
