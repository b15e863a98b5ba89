/**
 * A site's Preferences > Synchronization as it keeps them: those that replicate in `preferences/<site>`, where this
 * site's own map decides whatever another replica writes; the local ones in the site's file, secrets sealed.
 */
import type { ByHand } from '../mirror/backup-windows.ts'
import {
  byHandField,
  byHandOf,
  changedTogether,
  isLocal,
  preferenceKey,
  preferenceKeys,
  preferencesOf,
  shown,
  synchronizationKey,
  textsOf,
  type PreferenceKey,
  type Preferences,
  type Texts,
} from '../mirror/preferences.ts'
import type { Clock } from '../replica/clock.ts'
import type { Json } from '../replica/json.ts'
import type { Replica } from '../replica/replica-face.ts'
import type { Changed } from '../server/console/console-site.ts'

export interface PreferencesOptions {
  readonly replica: Replica
  readonly site: string
  readonly clock: Clock
  /** The local texts as they were, and what keeps them. */
  readonly local: Texts
  readonly keepLocal: (texts: Texts) => void
  /** Called after every change. */
  readonly changed: () => void
}

export type SitePreferences = Awaited<ReturnType<typeof sitePreferences>>

export async function sitePreferences(options: PreferencesOptions) {
  const { replica, site, clock } = options
  const key = synchronizationKey(site)
  const facts = { patient: null, site, shown: false, reachable: false, startsAt: null }
  let local = options.local
  let own: Readonly<Record<string, Json>> = {}
  let texts: Texts = {}
  // What was said a moment ago and is not durable yet.
  let saying: ByHand | null = null
  let values: Preferences = preferencesOf(texts)
  const load = async (): Promise<void> => {
    own = await replica.written('preferences', key, replica.id)
    texts = { ...textsOf(own), ...local }
    values = preferencesOf(texts)
  }
  await load()
  // What a restore brings back is this site's own word again.
  replica.follow({
    name: 'preferences',
    collections: ['preferences'],
    async handle() {
      await load()
      options.changed()
      return []
    },
  })
  const write = (set: Readonly<Record<string, Json>>): Promise<void> =>
    replica.change([{ collection: 'preferences', key, facts, set, at: clock.now() }])
  let turn: Promise<unknown> = Promise.resolve()

  const change = async (given: Readonly<Partial<Record<PreferenceKey, string>>>): Promise<Changed[]> => {
    const before = texts
    const next = changedTogether(before, given)
    const keys = Object.keys(given) as PreferenceKey[]
    const some = (are: boolean): Texts => Object.fromEntries(keys.flatMap((one) => (isLocal(one) === are ? [[one, next[one]!]] : []))) // prettier-ignore
    const [locals, others] = [some(true), some(false)]
    if (Object.keys(locals).length > 0) options.keepLocal((local = { ...local, ...locals }))
    if (Object.keys(others).length > 0) await write(others)
    await load()
    options.changed()
    return keys.map((one) => ({ key: one, old: shown(before, one), new: shown(texts, one) }))
  }
  const inTurn = (given: () => Readonly<Partial<Record<PreferenceKey, string>>>): Promise<Changed[]> => {
    const next = turn.then(() => change(given()))
    turn = next.catch(() => {})
    return next
  }
  return {
    /** What is set, with the defaults of what is not. */
    values: () => values,
    /** All of them, or one, as people are shown them; throws a sentence where there is none of this name. */
    get: (name?: string): Record<PreferenceKey, string> => {
      const keys = name === undefined ? preferenceKeys : [preferenceKey(name)]
      return Object.fromEntries(keys.map((one) => [one, shown(texts, one)])) as Record<PreferenceKey, string>
    },
    /** Changes one; throws a sentence, and changes nothing, where it would be wrong. One after the other. */
    async set(name: string, value: string): Promise<Changed> {
      const [done] = await inTurn(() => ({ [preferenceKey(name)]: value }))
      return done!
    },
    /** Changes several at once; throws `WrongPreferences`, and changes none, where one would be wrong. */
    change: (given: Readonly<Partial<Record<PreferenceKey, string>>>) => inTurn(() => given),
    byHand: (): ByHand | null => saying ?? byHandOf(own),
    /** Holds from now on; resolves when it is durable. */
    async keepByHand(said: ByHand): Promise<void> {
      saying = said
      try {
        await write({ [byHandField]: { ...said } })
        await load()
      } finally {
        if (saying === said) saying = null
      }
    },
  }
}
