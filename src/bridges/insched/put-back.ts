/**
 * InSched's database put back to a backup (DOM-19): what it lacks, and the two ways out that an admin has. "Write back"
 * applies the effects that it lacks again, in the order in which they were said and with their checks, and makes a review
 * of each record that is not there or is another. "Trust" says of every record what the restored database has, and marks
 * what was done as done. Both can be cut anywhere and begun again; only after them the anchor follows.
 */
import type { Clock } from '../../replica/clock.ts'
import { derivedUlid } from '../../replica/ids.ts'
import { sameJson } from '../../replica/json.ts'
import { foldCommunications } from '../../replica/kinds/communications.ts'
import { foldConfirmations, type Answer } from '../../replica/kinds/confirmations.ts'
import type { By } from '../../replica/kinds/kind.ts'
import { foldPayments } from '../../replica/kinds/payments.ts'
import { foldRequests } from '../../replica/kinds/requests.ts'
import { foldReview } from '../../replica/kinds/reviews.ts'
import type { DocumentHead, Edit, Replica } from '../../replica/replica-face.ts'
import type { OpenReplica } from '../../replica/replica.ts'
import type { BridgedTable, Identity } from './agent-rows.ts'
import { toldEffects } from './deposits.ts'
import { goneEdit, patientFields, planFields } from './documents.ts'
import type { InSched } from './insched.ts'
import { eventsOf } from './occurrences.ts'
import type { EventRow, PatientRow } from './rows.ts'
import { contextOf } from './site-context.ts'
import { writtenCollections } from './writer.ts'

export const choices = ['write-back', 'trust'] as const
/** What an admin chooses. */
export type Choice = (typeof choices)[number]

/** What the restored database lacks of what the portal and the site have. */
export interface Differs {
  /** The newest change in it, ISO 8601 UTC; null where it has none. */
  readonly newest: string | null
  readonly confirmations: number
  readonly communications: number
  readonly deposits: number
  /** Records whose rows it has not, and those whose rows are others. */
  readonly missing: number
  readonly other: number
}

/** What was done by effects of which at least one is not in InSched's database. */
interface Lost {
  readonly what: 'confirmation' | 'communication' | 'deposit'
  readonly effects: readonly string[]
  readonly at: number
  readonly head: DocumentHead
  readonly answer?: Answer
}
/** A record that the database has not, or has otherwise: `how` in words, undefined where there is no row. */
interface Differing {
  readonly table: BridgedTable
  readonly head: DocumentHead
  readonly how: string | undefined
}
const chunk = 500
/** Beside reviews this is what a person must know of them. */
const todo = 'If it is to be as it was, put it right in InSched. Then resolve this: from then on the portal has what InSched has.' // prettier-ignore

interface Parts {
  readonly insched: InSched
  readonly replica: Replica
  /** The key of the site. */
  readonly site: string
}

async function* headsOf({ replica, site }: Parts, collection: DocumentHead['collection']): AsyncGenerator<DocumentHead[]> {
  for (let after: string | undefined; ;) {
    const heads = await replica.list(collection, after, chunk)
    if (heads.length === 0) return
    yield heads.filter(({ facts }) => facts.site === site)
    after = heads.at(-1)!.key
  }
} // prettier-ignore

/** What was done of one document, by its entries. */
async function doneOf(replica: Replica, { collection, key }: DocumentHead): Promise<Omit<Lost, 'head'>[]> {
  const communication = (id: string, at: number, ...more: string[]): Omit<Lost, 'head'> =>
    ({ what: 'communication', effects: [`communication:${id}`, ...more], at }) // prettier-ignore
  switch (collection) {
    case 'confirmations':
      return foldConfirmations(await replica.entries(collection, key))
        .filter((answer) => answer.state === 'written')
        .map((answer) => ({ what: 'confirmation', effects: [`confirmation:${answer.id}`], at: answer.at, answer }))
    case 'messages':
      return (await replica.entries(collection, key))
        .filter((entry) => entry.kind === 'message')
        .map(({ id, at }) => communication(id, at))
    case 'requests':
      return foldRequests(await replica.entries(collection, key))
        .filter((one) => one.kind !== 'contact change' || one.state === 'accepted')
        .map(({ id, kind, at }) => (kind === 'contact change' ? { what: 'communication', effects: [`contact:${id}`], at } : communication(id, at))) // prettier-ignore
    case 'communications': {
      const { out, received } = foldCommunications(await replica.entries(collection, key))
      const left = out.filter(({ state }) => state !== 'queued' && state !== 'dropped')
      return [
        ...left.map(({ id, at, state }) => communication(id, at, `communication:${id}:${state}`)),
        ...received.map(({ id, at }) => communication(id, at)),
      ]
    }
    default:
      return foldPayments(await replica.entries('payments', key))
        .payments.filter((payment) => payment.posted !== null)
        .map((payment) => ({ what: 'deposit', effects: toldEffects(payment), at: payment.at }))
  }
}

/** What is not, or not all, in the database, in the order in which it was said. */
async function lostEffects(parts: Parts): Promise<Lost[]> {
  const { insched, replica, site } = parts
  const lost: Lost[] = []
  for (const collection of writtenCollections)
    for await (const heads of headsOf(parts, collection)) {
      const done: Lost[] = []
      for (const head of heads) done.push(...(await doneOf(replica, head)).map((one) => ({ ...one, head })))
      const there = await insched.effects(done.flatMap((one) => one.effects))
      for (const one of done) {
        if (one.effects.every((effect) => there.has(effect))) continue
        // What the front desk wrote itself has no effect of ours: it is missed where the row has less.
        const isDesks = one.answer?.by.role === 'staff' && one.answer.by.id === site
        if (isDesks && !(await isBehind(insched, one.head.key, one.answer))) continue
        lost.push(one)
      }
    }
  return lost.toSorted((a, b) => a.at - b.at)
}

async function isBehind(insched: InSched, event: string, answer: Answer): Promise<boolean> {
  const identity = await insched.identity(event)
  const row = identity && (await eventsOf(insched, [identity], () => contextOf(insched, '')))[0]
  return answer.state === 'written' && row !== undefined && (row.last_confirmed_date ?? '') < answer.lastConfirmed
}

/** The records of this site whose rows are not there, or are others than they say. */
async function differingRecords(parts: Parts): Promise<Differing[]> {
  const { insched, replica } = parts
  const differing: Differing[] = []
  for (const table of ['patients', 'plans', 'events'] as const)
    for await (const heads of headsOf(parts, table)) {
      const rows = new Map<string, Readonly<Record<string, unknown>>>()
      const identities = new Map<string, Identity>()
      for (const { key } of heads) {
        const identity = await insched.identity(key)
        if (identity?.gone === 0) identities.set(`${identity.local_id} ${identity.original_on}`, identity)
      }
      const keep = (id: number, originalOn: string, row: Readonly<Record<string, unknown>>) => rows.set(identities.get(`${id} ${originalOn}`)!.document, row) // prettier-ignore
      const ids = [...identities.values()].map((one) => one.local_id)
      if (table === 'patients') for (const row of await insched.patients(ids)) keep(row.patient_id, '', asSaid(row))
      else if (table === 'plans') {
        const [stages, keys] = [await insched.stagesOf(ids), await insched.stageKeys([...identities.values()].map((one) => one.document))] // prettier-ignore
        for (const row of await insched.plans(ids)) {
          const key = identities.get(`${row.plan_id} `)!.document
          const stageKey = (id: number): string => keys.find((one) => one.plan === key && one.local_id === id)?.stage ?? String(id) // prettier-ignore
          const { deleted: _, ...said } = planFields(row, stages.filter((stage) => stage.plan_id === row.plan_id), (await replica.record('plans', key))?.fields ?? {}, stageKey) // prettier-ignore
          keep(row.plan_id, '', said)
        }
      } else
        for (const row of await eventsOf(insched, [...identities.values()], () => contextOf(insched, parts.site)))
          keep(row.event_id, row.original_on, eventSaid(row))
      for (const head of heads) {
        const fields = (await replica.record(table, head.key))?.fields
        const row = rows.get(head.key)
        // What was deleted since the backup is there again.
        if (row && fields?.['deleted'] === true)
          differing.push({ table, head, how: 'it was deleted, in InSched it is there' })
        if (!fields || fields['deleted'] === true) continue
        const lines = Object.entries(row ?? {}).filter(([name, value]) => name in fields && fields[name] !== value)
        if (row && lines.length === 0) continue
        const said = (value: unknown): string => (value === null || value === '' ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value)) // prettier-ignore
        const how = lines
          .map(([name, value]) => `${name.replaceAll('/', ' ')}: ${said(fields[name])}, in InSched ${said(value)}`)
          .join('; ')
        differing.push({ table, head, how: row ? how : undefined })
      }
    }
  return differing
}

function asSaid(row: PatientRow): Record<string, unknown> {
  const { survivor: _, textConsent: __, deleted: ___, guarantor: ____, relatives: _____, ...fields } = patientFields(row) // prettier-ignore
  return fields
}

function eventSaid(row: EventRow): Record<string, unknown> {
  return { startsAt: row.starts_at, minutes: row.minutes, status: row.status }
}

function countsOf(lost: readonly Lost[]): Pick<Differs, 'confirmations' | 'communications' | 'deposits'> {
  const count = (what: Lost['what']): number => lost.filter((one) => one.what === what).length
  return {
    confirmations: count('confirmation'),
    communications: count('communication'),
    deposits: count('deposit'),
  }
}

/** What was written and is gone, as a part of a sentence. */
export function goneInWords({ confirmations, communications, deposits }: ReturnType<typeof countsOf>): string {
  const [first, second] = [`${confirmations} confirmations`, `${communications} communications`]
  return deposits === 0 ? `${first} and ${second}` : `${first}, ${second} and ${deposits} deposits`
}

/** What differs, in numbers. */
export async function differsOf(parts: Parts): Promise<Differs> {
  const [lost, records] = [await lostEffects(parts), await differingRecords(parts)]
  const last = await parts.insched.auditRow(await parts.insched.lastAuditId())
  return {
    newest: (last as { at_utc?: string } | undefined)?.at_utc ?? null,
    ...countsOf(lost),
    missing: records.filter((one) => one.how === undefined).length,
    other: records.filter((one) => one.how !== undefined).length,
  }
}

export interface SettleParts extends Parts {
  readonly replica: Replica & Pick<OpenReplica, 'remembered'>
  readonly clock: Clock
  /** The anchor that was missed: by it the reviews of one restore are known again. */
  readonly missed: number
  /** The name of the follower that writes. */
  readonly follower: string
  readonly confirm: (head: DocumentHead, answer: Answer) => Promise<void>
  readonly handle: (documents: readonly DocumentHead[]) => Promise<unknown>
  readonly accessEnds: (patient: string, at: number) => Promise<Edit[]>
  readonly sayAgain: () => Promise<void>
}

/** Does what an admin chose. */
export async function settle(parts: SettleParts, choice: Choice): Promise<void> {
  if (choice === 'trust') await trust(parts)
  else await writeBack(parts)
}

async function writeBack(parts: SettleParts): Promise<void> {
  // Rows that staff entered or changed since are read first, as ever; what is at the portal alone is told to a person.
  const records = await differingRecords(parts)
  const lost = await lostEffects(parts)
  await parts.replica.change(records.map((one) => reviewOf(parts, one)))
  for (const { head, answer } of lost) await (answer ? parts.confirm(head, answer) : parts.handle([head]))
}

function reviewOf({ missed, site, clock }: SettleParts, { table, head, how }: Differing): Edit {
  const by: By = { role: 'site', id: site, initials: 'PC' }
  const what = { patients: 'patient', plans: 'plan', events: 'event' }[table]
  return {
    collection: 'reviews',
    key: derivedUlid('lost in a restore', head.key, String(missed)),
    facts: { patient: head.facts.patient, site, shown: false, reachable: false, startsAt: null },
    add: {
      opened: {
        kind: 'opened',
        at: clock.now(),
        by,
        about: 'lost in a restore',
        why:
          how === undefined
            ? `InSched’s database was put back to a backup that has not this ${what}. The portal still has it.`
            : `InSched’s database was put back to a backup in which this ${what} is another. At the portal ${how}.`,
        todo,
        patient: head.facts.patient,
        event: table === 'events' ? head.key : null,
        ...(table === 'plans' ? { plan: head.key } : {}),
      },
    },
  }
}

/** Of rows that sites share, what this one said since the backup counts as agreed on: where the restored row has it otherwise, that is said. */
async function agreeOnOwn(parts: SettleParts): Promise<void> {
  const { insched, replica } = parts
  for (const table of ['patients', 'plans', 'events'] as const)
    for await (const heads of headsOf(parts, table))
      for (const [key, row] of await insched.sharedRows(heads.map((head) => head.key))) {
        const [record, own] = [await replica.record(table, key), await replica.written(table, key, replica.id)]
        const since = [...(record?.values ?? [])].flatMap(([field, value]) => {
          const at = record!.times.get(field)!
          const isOwn = Object.hasOwn(own, field) && sameJson(own[field]!, value)
          return isOwn && at > (row.agreed[field]?.[1] ?? 0) ? [[field, [value, at, value, true]] as const] : []
        })
        if (since.length > 0) await insched.write((change) => change.keepShared({ ...row, agreed: { ...row.agreed, ...Object.fromEntries(since) } }, null)) // prettier-ignore
      }
}

/** Patients who wait for a person to say who they are (DOM-17): the writer has passed over what is said to them, and wrote nothing of it since. */
async function heldPatients(parts: SettleParts): Promise<ReadonlySet<string | null>> {
  const held = new Set<string | null>()
  for await (const heads of headsOf(parts, 'reviews'))
    for (const { key, facts } of heads) {
      const review = foldReview(await parts.replica.entries('reviews', key))
      if (review?.about === 'identity changed' && !review.resolved) held.add(facts.patient)
    }
  return held
}

async function trust(parts: SettleParts): Promise<void> {
  const { insched, replica, clock, site } = parts
  const lost = await lostEffects(parts)
  // What is still to be written is no loss: the writer has not been there yet.
  const handled = await replica.remembered(parts.follower)
  const waiting = await heldPatients(parts)
  const done = lost.filter(({ head, answer, what }) => answer !== undefined || (head.seq <= handled && !(what === 'communication' && waiting.has(head.facts.patient)))) // prettier-ignore
  await insched.write(async (change) => {
    const now = new Date(clock.now()).toISOString()
    const effects = [...new Set(done.flatMap((one) => one.effects))]
    const there = await change.effects(effects)
    for (const effect of effects) if (!there.has(effect)) await change.addEffect(effect, now)
  })
  const gone = (await differingRecords(parts)).filter((one) => one.how === undefined)
  const now = clock.now()
  for (const { table, head } of gone)
    await replica.change([goneEdit(table, head.key, now), ...(table === 'patients' ? await parts.accessEnds(head.key, now) : [])]) // prettier-ignore
  await agreeOnOwn(parts)
  await parts.sayAgain()
  if (done.length === 0) return
  const by: By = { role: 'site', id: site, initials: 'PC' }
  await replica.change([
    {
      collection: 'reviews',
      key: derivedUlid('not in the restored database', site, String(parts.missed)),
      facts: { patient: null, site, shown: false, reachable: false, startsAt: null },
      add: {
        opened: {
          kind: 'opened',
          at: now,
          by,
          about: 'lost in a restore',
          why: `The restored InSched database was taken as right. ${goneInWords(countsOf(done))} that had been written are not in it, and are not written again.`,
          todo: 'Today shows who has confirmed at the portal. Recent Communications still has what was said, Payments what was paid.',
        },
      },
    },
  ])
}
