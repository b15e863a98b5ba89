/**
 * The mirror settings of a site for its people: what is set and what is in force, a change of them, and what would leave
 * of a real patient. Patients are named by InSched's local ids.
 */
import type { InSchedBridge } from '../bridges/insched/bridge.ts'
import { documentsOf } from '../mirror/documents-of.ts'
import { choosable, isWithheld, leavingFields, whyNeeded, type FieldGroup } from '../mirror/leaving-fields.ts'
import {
  dependenciesInWords,
  mirrorChanged,
  mirrorInForce,
  mirrorKeys,
  sameSettings,
  shareKey,
  shareOf,
  textOf,
  type MirrorTexts,
} from '../mirror/mirror-settings.ts'
import { isErased, isAlways, mayHold, type MirrorSettings } from '../mirror/policy.ts'
import { isShared, shareable, sharedBy, sharingInWords } from '../mirror/sharing.ts'
import { changeOf, previewOf, stopsInWords, type Sample } from '../mirror/preview.ts'
import type { Mirror, SiteMirror } from '../mirror/site-mirror.ts'
import type { Clock } from '../replica/clock.ts'
import { collections, shapeOf, type Collection, type RecordCollection } from '../replica/collections.ts'
import type { Json } from '../replica/json.ts'
import type { DocumentHead, Kinds } from '../replica/replica-face.ts'
import type { OpenReplica } from '../replica/replica.ts'
import type { MirrorChange } from '../server/console/console-site.ts'

const listOthers = 'List them with: patientconnection mirror show.'
/** Where entries are not records: what of them this version can show. */
const shownEntries = ['access', 'confirmations', 'requests', 'messages'] as const satisfies readonly (keyof Kinds)[]

export function mirrorOperations(options: {
  readonly mirror: Mirror
  readonly kept: SiteMirror
  readonly replica: OpenReplica
  readonly bridge: InSchedBridge
  readonly site: string
  readonly clock: Clock
}) {
  const { mirror, kept, replica, bridge, site, clock } = options
  const at = () => ({ site, now: clock.now() })
  /** What the settings would be after these changes; throws a sentence where one would be wrong. */
  const after = (changes: readonly MirrorChange[]) => {
    const { own, portals } = kept.texts()
    let texts: MirrorTexts = own
    const keys = new Set<string>()
    for (const { key, value, content } of changes) {
      const next = mirrorChanged(texts, key, value, content)
      const other = shareOf(next.key)?.other
      if (other !== undefined && next.texts[next.key] !== 'off' && !mirror.others().has(other))
        throw new Error(`There is no other site ${other} of this practice. ${listOthers} Nothing was changed.`)
      texts = next.texts
      keys.add(next.key)
    }
    const changed = [...keys].map((key) => ({ key, old: textOf(own, key), new: texts[key]! }))
    return { changed, settings: mirrorInForce(texts, portals) }
  }
  /** The documents that the portal may hold by `from` and may not by `to`, and those that begin to pass, by collection. */
  const effectOf = async (from: MirrorSettings, to: MirrorSettings) => {
    const erased: Record<string, number> = {}
    const begins: Record<string, number> = {}
    let withoutFields = 0
    const groups = Object.keys(leavingFields) as FieldGroup[]
    const lost = groups.some((group) => to.withheld[group].some((field) => !from.withheld[group].includes(field)))
    for await (const heads of documentsOf(replica, (head) => head.facts.site === site))
      for (const head of heads) {
        const change = changeOf(from, to, head, at())
        if (change === 'erased') erased[head.collection] = (erased[head.collection] ?? 0) + 1
        if (change === 'begins') begins[head.collection] = (begins[head.collection] ?? 0) + 1
        if (!lost || shapeOf(head.collection) !== 'record') continue
        const record = await replica.record(head.collection as RecordCollection, head.key)
        if (record && [...record.values.keys()].some((field) => isWithheld(to.withheld, head.collection, field)))
          withoutFields++
      }
    const says = [...stopsInWords(from, to, collections), ...dependenciesInWords(to), ...sharingInWords(to, mirror.others())] // prettier-ignore
    return { erased, begins, withoutFields, letGo: await letGoBy(from, to), says }
  }
  /** The documents of other sites that are here by `from` and would not be by `to`, by collection. */
  const letGoBy = async (from: MirrorSettings, to: MirrorSettings): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {}
    const [before, after] = [sharedBy(from, mirror.others()), sharedBy(to, mirror.others())]
    for (const { collection, facts } of await ofOthers())
      if (isShared(before, collection, facts) && !isShared(after, collection, facts)) counts[collection] = (counts[collection] ?? 0) + 1 // prettier-ignore
    return counts
  }
  /** The documents of other sites of which anything is here. */
  const ofOthers = async (): Promise<DocumentHead[]> => {
    const found: DocumentHead[] = []
    if (mirror.shared().size === 0) return found
    for (const collection of shareable) {
      const gone = new Set<string>()
      for await (const heads of receiptsIn(collection)) for (const { key } of heads) gone.add(key)
      for (let after: string | undefined; ;) {
        const heads = await replica.list(collection, after)
        if (heads.length === 0) break
        found.push(...heads.filter(({ key, facts }) => facts.site !== null && facts.site !== site && !gone.has(key)))
        after = heads.at(-1)!.key
      }
    }
    return found
  }
  /** What this site and each other share: what is chosen here and said there, and what is here of it. */
  const sites = async () => {
    const { own, portals } = kept.texts()
    const held = Map.groupBy(await ofOthers(), ({ facts }) => facts.site!)
    return Promise.all(
      [...mirror.others()].map(async ([other, { name, gives, takes }]) => ({
        site: other,
        name,
        items: await Promise.all(
          shareable.map(async (collection) => ({
            collection,
            key: shareKey(other, collection),
            value: textOf(own, shareKey(other, collection)),
            portal: portals[shareKey(other, collection)] ?? null,
            gives: gives.includes(collection),
            takes: takes.includes(collection),
            /** Documents of the other that are here, and of which this site let go. */
            held: held.get(other)?.filter((head) => head.collection === collection).length ?? 0,
            letGo: await receiptsOf(collection, other),
          })),
        ),
      })),
    )
  }
  /** All that is about a patient as its sources have it. */
  const samplesOf = async (patient: number): Promise<Sample[]> => {
    const key = await bridge.documentOf('patients', patient)
    if (!(await bridge.patient(patient)) || key === undefined)
      throw new Error(`There is no patient ${patient} in InSched. Look the number up in InSched; it is the patient_id.`)
    if (await bridge.isHeld(key))
      throw new Error(
        `Name and birth date of patient ${patient} were both changed, so nothing leaves before the review is resolved; list them with: patientconnection reviews`,
      )
    const samples = (await bridge.wouldSay(patient)).flatMap((edit): Sample[] =>
      'set' in edit && edit.facts ? [{ collection: edit.collection, facts: edit.facts, fields: { ...edit.set } }] : [],
    )
    for await (const heads of documentsOf(replica, (head) => head.facts.patient === key))
      for (const { collection, key: document, facts } of heads) {
        const kind = shownEntries.find((name) => name === collection)
        if (!kind) continue
        const entries = await replica.entries(kind, document)
        const fields = Object.fromEntries(entries.map(({ id, ...said }) => [id, said as unknown as Json]))
        if (entries.length > 0) samples.push({ collection, facts, fields })
      }
    return samples
  }
  /** Somebody of whom something leaves. */
  const anybody = async (): Promise<number> => {
    const passing = mirror.passes('up')
    for await (const heads of documentsOf(
      replica,
      ({ collection, facts }) => collection === 'patients' && passing(collection, facts),
    ))
      // prettier-ignore
      for (const { key } of heads) {
        const local = await bridge.localOf(key)
        if (local !== undefined && !(await bridge.isHeld(key))) return local
      }
    throw new Error('Nobody of whom anything would leave was found. Name a patient with --patient.')
  }

  /** Somebody of whom something would be erased or begin to go; undefined where there is nobody. */
  const concernedBy = async (changes: readonly MirrorChange[]): Promise<number | undefined> => {
    const [from, to] = [mirror.settings(), after(changes).settings]
    if (sameSettings(from, to)) return undefined
    const isConcerned = (head: DocumentHead): boolean => head.facts.site === site && head.facts.patient !== null && changeOf(from, to, head, at()) !== 'stays' // prettier-ignore
    for await (const heads of documentsOf(replica, isConcerned))
      for (const { facts } of heads) {
        const local = await bridge.localOf(facts.patient!)
        if (local !== undefined && !(await bridge.isHeld(facts.patient!))) return local
      }
    return undefined
  }

  const operations = {
    /** The settings, what of them is in force, and what the portal has erased because of them. */
    async show() {
      const { own, portals } = kept.texts()
      const settings = mirror.settings()
      const receipts: Record<string, number> = {}
      const erasing: Record<string, number> = {}
      for (const collection of collections) {
        if (isAlways(collection)) continue
        const count = await receiptsOf(collection, site)
        if (count > 0) receipts[collection] = count
        const waits = isErased(settings, collection) ? (await withheldOf(collection)) - count : 0
        if (waits > 0) erasing[collection] = waits
      }
      return {
        items: mirrorKeys.map((key) => ({
          key,
          value: textOf(own, key),
          portal: portals[key] ?? null,
        })),
        fields: (Object.keys(leavingFields) as FieldGroup[]).flatMap((group) =>
          Object.entries(leavingFields[group]).map(([field, sensitivity]) => ({
            of: group,
            field,
            sensitivity,
            leaves: !settings.withheld[group].includes(field),
            why: choosable(group).includes(field) ? null : whyNeeded(group, field)!,
          })),
        ),
        says: [...dependenciesInWords(settings), ...sharingInWords(settings, mirror.others())],
        sites: await sites(),
        /** Documents by collection of which the portal said that it holds no content of them any more. */
        receipts,
        /** Documents of collections that are to be erased, without such a receipt so far. */
        erasing,
        problem: kept.problem(),
      }
    },
    /** What this site and the portal have set, and what of it is in force; and the other sites of the practice. */
    standing: () => ({ ...kept.texts(), settings: mirror.settings(), others: mirror.others() }),
    /** The key of what is shared of a collection with another site, by its id or its name; throws a sentence where there is none. */
    shareKey(named: string, collection: string): string {
      const found = [...mirror.others()].filter(([id, { name }]) => id === named || name?.toLowerCase() === named.toLowerCase()) // prettier-ignore
      if (found.length > 1)
        throw new Error(
          `There are ${found.length} sites ${named}. Name one by its id. ${listOthers} Nothing was changed.`,
        )
      const [other] = found
      const name = shareable.find((one) => one === collection)
      if (!other)
        throw new Error(`There is no other site ${named} of this practice. ${listOthers} Nothing was changed.`)
      if (!name) throw new Error(`${collection} cannot be shared. There are: ${shareable.join(', ')}. Nothing was changed.`) // prettier-ignore
      return shareKey(other[0], name)
    },
    /** What changes would do, without making them: what they are, what would be in force, and what that erases and begins. */
    async effect(changes: readonly MirrorChange[]) {
      const { changed, settings } = after(changes)
      return { changed, settings, ...(await effectOf(mirror.settings(), settings)) }
    },
    /** Changes settings, all or none; throws a sentence where one would be wrong. Resolves when this site's documents follow them. */
    async change(changes: readonly MirrorChange[]) {
      const { changed, settings } = after(changes)
      const effect = await effectOf(mirror.settings(), settings)
      await kept.write(Object.fromEntries(changed.map((one) => [one.key, one.new])))
      // What waits for InSched's database goes on by itself; it is said.
      await kept.apply().catch(() => {})
      return { changed, ...effect, problem: kept.problem() }
    },
    /** Changes one setting, as `change` does. */
    async set(change: MirrorChange) {
      const { changed, ...effect } = await operations.change([change])
      return { ...changed[0]!, ...effect }
    },
    /** What of a patient leaves now, and what would after changes; by default of somebody of whom something leaves. */
    async sample(patient?: number, changes: readonly MirrorChange[] = []) {
      await bridge.readNow()
      const who = patient ?? (await concernedBy(changes)) ?? (await anybody())
      const samples = await samplesOf(who)
      const now = previewOf(mirror.settings(), samples, at())
      return {
        patient: who,
        now,
        afterwards: changes.length === 0 ? now : previewOf(after(changes).settings, samples, at()),
      }
    },
    /** What would leave of a patient, by the settings in force or as a change would make them, and what that would erase. */
    async preview({ patient, change }: { patient?: number | undefined; change?: MirrorChange | undefined }) {
      const sample = await operations.sample(patient, change && [change])
      const documents = sample.afterwards
      const bytes = documents.reduce((sum, document) => sum + document.bytes, 0)
      if (!change) return { patient: sample.patient, documents, bytes, change: null }
      const { changed, settings: _, ...effect } = await operations.effect([change])
      return { patient: sample.patient, documents, bytes, change: { ...changed[0]!, ...effect } }
    },
  }
  return operations

  async function* receiptsIn(collection: Collection): AsyncGenerator<DocumentHead[]> {
    for (let after: string | undefined; ;) {
      const heads = await replica.receipts(collection, after)
      if (heads.length === 0) return
      yield heads
      after = heads.at(-1)!.key
    }
  }
  async function receiptsOf(collection: Collection, owner: string): Promise<number> {
    let count = 0
    for await (const heads of receiptsIn(collection)) count += heads.filter(({ facts }) => facts.site === owner).length
    return count
  }
  async function withheldOf(collection: Collection): Promise<number> {
    let count = 0
    for await (const heads of documentsOf(
      replica,
      (head) => head.collection === collection && head.facts.site === site,
    ))
      count += heads.filter(({ facts }) => !mayHold(mirror.settings(), { collection, facts, now: clock.now() })).length
    return count
  }
}
