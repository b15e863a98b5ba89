/** A practice's InSched file with a bridge on it; what staff do is done by a second connection, as another program would. */
import Database from 'better-sqlite3'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { bind } from '../../src/bridges/insched/binding.ts'
import { startInSchedBridge, type BridgeOptions, type InSchedBridge } from '../../src/bridges/insched/bridge.ts'
import { createReferenceDatabase } from '../../src/bridges/insched/create-sqlite.ts'
import { openInSched } from '../../src/bridges/insched/insched.ts'
import type { ConfirmationEntry } from '../../src/replica/kinds/confirmations.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { clock, folder, ulid } from '../replica/world.ts'

export const closers: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

export const practice = ulid()
export const site = { key: ulid() as string, name: 'Mesa' }

export interface Office {
  readonly file: string
  readonly replica: OpenReplica
  /** Another program on the same file. */
  readonly staff: Database.Database
  readonly bridge: InSchedBridge
}

let people: Promise<string> | undefined

/** An InSched file of 20 synthetic people, bound to the site of `replica`. */
export async function boundFile(replica: OpenReplica): Promise<string> {
  people ??= (async () => {
    const made = join(folder(), 'people.db')
    await createReferenceDatabase(made, { patients: 20, now: clock.now() })
    return made
  })()
  const file = join(folder(), 'insched.db')
  copyFileSync(await people, file)
  const insched = await openInSched(`sqlite:${file}`, { clock })
  await bind(insched, { practice, site: site.key, replica: replica.id })
  await insched.close()
  return file
}

/** A bridge that has read everything. */
export async function openOffice(more: Partial<BridgeOptions> = {}): Promise<Office> {
  const replica = await openReplica({ store: memoryStore(), practice, id: ulid(), clock })
  const file = await boundFile(replica)
  const staff = new Database(file)
  const bridge = await start(file, replica, more)
  closers.push(
    () => bridge.stop(),
    () => void staff.close(),
  )
  await bridge.readNow()
  return { file, replica, staff, bridge }
}

export const start = (file: string, replica: OpenReplica, more: Partial<BridgeOptions> = {}): Promise<InSchedBridge> =>
  startInSchedBridge({
    url: `sqlite:${file}`,
    replica,
    practice,
    site,
    holder: 'here',
    station: 'TEST',
    clock,
    ...more,
  })

/** The facts of a document as an edit takes them. */
export async function factsAt(replica: OpenReplica, collection: 'patients' | 'events', key: string) {
  const { at: _, ...facts } = (await replica.head(collection, key))!.facts
  return facts
}

/** A patient writes a secure message. */
export async function say(replica: OpenReplica, patient: string, id: string, text = 'Is parking free?'): Promise<void> {
  const message = { kind: 'message' as const, at: clock.now(), by: { role: 'patient' as const, id: 'a' } }
  const add = { [id]: { ...message, thread: patient, subject: 'Hello', text } }
  await replica.change([
    { collection: 'messages', key: patient, facts: await factsAt(replica, 'patients', patient), add },
  ])
}

/** A patient confirms an event for the start that stands in InSched, or another. */
export async function confirm(
  at: Pick<Office, 'replica' | 'bridge' | 'staff'>,
  more: { startsAt?: string; at?: number; id?: string; event?: number; patient?: number } = {},
): Promise<string> {
  const local = more.event ?? 2
  const document = (await at.bridge.documentOf('events', local))!
  const entry: ConfirmationEntry = {
    kind: 'answered',
    at: more.at ?? clock.now(),
    by: { role: 'patient', id: 'a' },
    channel: 'portal',
    patient: (await at.bridge.documentOf('patients', more.patient ?? 1))!,
    startsAt:
      more.startsAt ??
      (at.staff.prepare('select starts_at from events where event_id = ?').pluck().get(local) as string),
  }
  const facts = await factsAt(at.replica, 'events', document)
  await at.replica.change([{ collection: 'confirmations', key: document, facts, add: { [more.id ?? ulid()]: entry } }])
  return document
}

/** A person resolves a review. */
export const resolve = (replica: OpenReplica, review: string): Promise<void> =>
  replica.change([
    {
      collection: 'reviews',
      key: review,
      add: { resolved: { kind: 'resolved', at: clock.now(), by: { role: 'staff', id: 's' }, note: 'same person' } },
    },
  ])
