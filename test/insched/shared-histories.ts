/**
 * Random histories of two InSched databases that share their records: staff edit, book, delete and combine in either by
 * plain SQL, patients write, confirm and pay at the portal, which is out of reach now and then, the agents die at any
 * durable step, and either database is put back to a backup, with what an admin chooses. What is wrong at the end is told
 * in sentences: both must be equal where mirrored, what was said be there once or in the reviews, the trail be whole and
 * free of echoes, and nothing be deleted or doubled that nobody chose.
 */
import type { Choice } from '../../src/bridges/insched/put-back.ts'
import { foldConfirmations } from '../../src/replica/kinds/confirmations.ts'
import { cents } from '../../src/replica/kinds/money.ts'
import type { PaymentEntry } from '../../src/replica/kinds/payments.ts'
import { foldReview } from '../../src/replica/kinds/reviews.ts'
import type { Chance } from '../faults/harness/chance.ts'
import { clock, ulid } from '../replica/world.ts'
import { resolve } from './office.ts'
import type { Kind } from './offices.ts'
import {
  names,
  openSharedWorld,
  tables,
  type Name,
  type Placed,
  type SharedWorld,
  type Table,
} from './shared-offices.ts'

/** What is compared of rows of two databases, in any schema. */
const compared: Readonly<Record<Table, readonly string[]>> = {
  patients: ['first_name', 'last_name', 'birth_date', 'cell_phone', 'email', 'portal_enabled'],
  plans: ['patient_words'],
  events: ['starts_at', 'minutes', 'status', 'last_confirmed_date', 'confirmation_type'],
}
/** What was said at the portal, and which site is to write it. */
interface Said { readonly what: 'message' | 'answer' | 'payment'; readonly id: string; readonly key: string; readonly site: Name; refunded: number } // prettier-ignore
interface Counts { changes: number; said: number; crashes: number; restores: number } // prettier-ignore

export async function playShared(
  kinds: Readonly<Record<Name, Kind>>,
  chance: Chance,
): Promise<Counts & { deeds: string[]; faults: string[] }> {
  const world = await openSharedWorld(kinds)
  const { hub, sites } = world
  const counts: Counts = { changes: 0, said: 0, crashes: 0, restores: 0 }
  const ledger: Said[] = []
  /** Documents whose rows staff deleted, and transactions whose deposits they deleted. */
  const deleted = new Set<string>()
  const depositsGone = new Set<string>()
  /** What an admin gave up by taking a restored database as right, and sites that were put back. */
  const givenUp = new Set<string>()
  const putBack = new Set<Name>()
  const faults: string[] = []
  /** What staff touched, in order, and how much of it there was when all had come to rest last. */
  const touched: { readonly name: Name; readonly document: string }[] = []
  let rested = 0
  /** What was done, for who looks for a fault. */
  const deeds: string[] = []
  let nth = 0
  /** A start that no other event ever had: what was there before begins on a multiple of five minutes. */
  const newStart = (): string => new Date(Date.UTC(2027, 5, 1, 8, 1) + nth++ * 65 * 60_000).toISOString().slice(0, 16)
  const canWrite = (name: Name): boolean => sites[name].kind.schema === 'reference'
  const settled = async (): Promise<void> => {
    await world.settled()
    rested = touched.length
  }
  const ofTable = (placed: readonly Placed[], table: Table, ownOnly: boolean, by?: Name): Placed | undefined => {
    const some = placed.filter((one) => one.table === table && (one.own || !ownOnly))
    if (some.length === 0) return undefined
    const one = chance.pick(some)
    deeds.push(`${one.table} ${one.id} ${one.document}`)
    if (by) touched.push({ name: by, document: one.document })
    return one
  }
  const kept = async (name: Name, column: 'transaction_id' | 'external_id'): Promise<string[]> =>
    (await sites[name].staff.rows(column === 'external_id' ? 'communications' : 'deposits')).flatMap((row) => (row[column] === null ? [] : [row[column] as string])) // prettier-ignore

  const edits: Readonly<Record<string, (name: Name, placed: readonly Placed[], ownOnly: boolean) => Promise<void>>> = {
    async 'edit patient'(name, placed, ownOnly) {
      const one = ofTable(placed, 'patients', ownOnly, name)
      const set = chance.pick([{ cell_phone: `+1 480 555 0${100 + (nth++ % 99)}` }, { email: `p${nth++}@example.test` }, { portal_enabled: chance.below(2) }, { last_name: `Name${nth++}` }]) // prettier-ignore
      if (one) await sites[name].staff.set('patients', one.id, set)
    },
    async 'edit event'(name, placed, ownOnly) {
      const one = ofTable(placed, 'events', ownOnly, name)
      const set = chance.pick([{ starts_at: newStart() }, { minutes: chance.pick([15, 25, 40]) }, { status: chance.pick(['None', 'Checked In', 'No Show', 'Canceled']) }]) // prettier-ignore
      if (one) await sites[name].staff.set('events', one.id, set)
    },
    async 'edit plan'(name, placed, ownOnly) {
      const one = ofTable(placed, 'plans', ownOnly, name)
      if (one) await sites[name].staff.set('plans', one.id, { patient_words: `Plan ${nth++}` })
    },
    async book(name, placed, ownOnly) {
      const one = ofTable(placed, 'patients', ownOnly, name)
      if (one) await sites[name].staff.add('events', { event_type: 'CONS', patient_id: one.id, location_id: 1, starts_at: newStart(), minutes: 30, status: 'None' }) // prettier-ignore
    },
    async 'delete event'(name, placed, ownOnly) {
      const one = ofTable(placed, 'events', ownOnly, name)
      if (one) deleted.add(one.document)
      if (one) await sites[name].staff.remove('events', one.id)
    },
    async 'delete plan'(name, placed, ownOnly) {
      const one = chance.once(3) ? ofTable(placed, 'plans', ownOnly, name) : undefined
      if (one) deleted.add(one.document)
      if (one) await sites[name].staff.remove('plans', one.id)
    },
    async 'delete patient'(name, placed, ownOnly) {
      const one = chance.once(3) ? ofTable(placed, 'patients', ownOnly, name) : undefined
      if (one) deleted.add(one.document)
      if (one) await sites[name].staff.remove('patients', one.id)
    },
    async combine(name, placed) {
      const [donor, survivor] = [ofTable(placed, 'patients', true, name), ofTable(placed, 'patients', true, name)]
      if (donor && survivor && donor !== survivor) await sites[name].staff.set('patients', donor.id, { survivor_id: survivor.id }) // prettier-ignore
    },
    async uncombine(name, placed) {
      for (const one of placed)
        if (one.table === 'patients' && one.own && chance.once(2)) await sites[name].staff.set('patients', one.id, { survivor_id: null }) // prettier-ignore
    },
    async 'another person'(name, placed) {
      const one = chance.once(3) ? ofTable(placed, 'patients', true, name) : undefined
      if (one) await sites[name].staff.set('patients', one.id, { first_name: `First${nth++}`, last_name: 'Last', birth_date: '1970-01-02' }) // prettier-ignore
    },
    async 'delete deposit'(name) {
      const all = await sites[name].staff.rows('deposits')
      if (all.length === 0) return
      const one = chance.pick(all)
      depositsGone.add(String(one['transaction_id']))
      await sites[name].staff.remove('deposits', Number(one['deposit_id']))
    },
  }
  const portalSays = async (): Promise<void> => {
    const what = chance.pick(['message', 'answer', 'answer', 'payment', 'refund'] as const)
    const by = { role: 'patient' as const, id: 'a' }
    const id = ulid() as string
    const of = chance.pick(names)
    const one = ofTable(await world.rows(of), what === 'answer' ? 'events' : 'patients', true)
    const head = one && (await hub.head(one.table, one.document))
    if (!head) return
    const { at: _, ...facts } = head.facts
    const record = await hub.record(head.collection as 'events', head.key)
    if (!record || record.fields['deleted'] === true || facts.patient === null) return
    if (what === 'message')
      await hub.change([{ collection: 'messages', key: head.key, facts, add: { [id]: { kind: 'message', at: clock.now(), by, thread: head.key, subject: 'Hello', text: 'Is parking free?' } } }]) // prettier-ignore
    else if (what === 'answer')
      await hub.change([{ collection: 'confirmations', key: head.key, facts, add: { [id]: { kind: 'answered', at: clock.now(), by, channel: 'portal', patient: facts.patient, startsAt: record.fields['startsAt'] as string } } }]) // prettier-ignore
    else if (what === 'payment') {
      const portal = { role: 'portal' as const, id: 'p' }
      const add: Record<string, PaymentEntry> = {
        [id]: { kind: 'started', at: clock.now(), by: { ...by, name: 'Pat' }, amount: cents(5_000) },
        [`paid:${id}`]: { kind: 'paid', at: clock.now(), by: portal, payment: id, amount: cents(5_000), transaction: `pi_${id}`, brand: 'visa', last4: '4242', authorization: 'A1' }, // prettier-ignore
      }
      await hub.change([{ collection: 'payments', key: head.key, facts, add }])
    } else {
      const paid = ledger.filter((one) => one.what === 'payment' && one.refunded < 5_000)
      if (paid.length === 0) return
      const payment = chance.pick(paid)
      payment.refunded += 500
      const refund: PaymentEntry = { kind: 'refunded', at: clock.now(), by: { role: 'portal', id: 'p' }, payment: payment.id, refund: `re_${id}`, amount: cents(500), state: 'done' } // prettier-ignore
      await hub.change([{ collection: 'payments', key: payment.key, add: { [`refunded:re_${id}:done`]: refund } }])
      return
    }
    counts.said++
    ledger.push({ what, id, key: head.key, site: of, refunded: 0 })
  }
  const doubleBook = async (): Promise<void> => {
    const both = names.every(canWrite) ? (await world.rows('mesa')).filter((one) => one.table === 'patients') : []
    const there = await world.rows('tempe')
    const shared = both.filter((one) => there.some((other) => other.document === one.document))
    if (shared.length === 0) return
    const [one, at] = [chance.pick(shared), newStart()]
    for (const name of names) {
      const id = (await world.rows(name)).find(({ document }) => document === one.document)!.id
      const starts_at = name === 'mesa' ? at : `${at.slice(0, -1)}${Number(at.slice(-1)) + 1}`
      await sites[name].staff.add('events', { event_type: 'CONS', patient_id: id, location_id: 1, starts_at, minutes: 30, status: 'None' }) // prettier-ignore
    }
  }
  /** Documents that are deleted by what the portal has. */
  const gone = async (): Promise<Set<string>> => {
    const found = new Set<string>()
    for (const table of tables)
      for (const { key } of await hub.list(table)) if ((await hub.record(table, key))?.fields['deleted'] === true) found.add(key) // prettier-ignore
    return found
  }
  /** What is gone although nobody deleted it, neither its row nor its patient's. */
  const wronglyGone = async (allowed: ReadonlySet<string>): Promise<string[]> => {
    const wrong: string[] = []
    for (const table of tables)
      for (const { key, facts } of await hub.list(table))
        if ((await hub.record(table, key))?.fields['deleted'] === true && !allowed.has(key) && !deleted.has(key) && !(facts.patient !== null && (deleted.has(facts.patient) || allowed.has(facts.patient)))) wrong.push(`${table}/${key}`) // prettier-ignore
    return wrong
  }
  const reviewsAbout = async (...about: string[]) => {
    const all = await Promise.all((await hub.list('reviews')).map(async ({ key }) => ({ key, ...foldReview(await hub.entries('reviews', key)) }))) // prettier-ignore
    return all.filter((one) => one.about !== undefined && about.includes(one.about))
  }
  const allowedGone = new Set<string>()
  type Copy = { readonly copy: string; readonly since: number; readonly rows: ReadonlyMap<string, Placed & { readonly row: string }> } // prettier-ignore
  /** How the rows of a site's own stand there, by their documents. */
  const ownRows = async (name: Name): Promise<Copy['rows']> => {
    const byId = new Map(await Promise.all(tables.map(async (table) => [table, await world.byId(sites[name].staff, table)] as const))) // prettier-ignore
    // Whether an answer is there is another matter.
    const columns = (table: Table): string[] => compared[table].filter((column) => !/confirm/.test(column))
    const own = (await world.rows(name)).filter((one) => one.own)
    return new Map(own.flatMap((one) => {
      const row = byId.get(one.table)!.get(one.id)
      return row ? [[one.document, { ...one, row: JSON.stringify(columns(one.table).map((column) => row[column])) }] as const] : []
    })) // prettier-ignore
  }
  const backUp = async (name: Name): Promise<Copy> => {
    const copy = await world.backUp(name)
    return { copy, since: rested, rows: await ownRows(name) }
  }
  /** What the admin took as right and is otherwise, though no other site touched it since. */
  const notAsInCopy = async (name: Name, then: Copy['rows'], others: ReadonlySet<string>): Promise<string[]> => {
    const now = await ownRows(name)
    return [...then].flatMap(([document, { table, row }]) => (others.has(document) || now.get(document)?.row === row ? [] : [`Taken as right, ${table}/${document} of ${row} at ${name} is ${now.get(document)?.row ?? 'gone'}`])) // prettier-ignore
  }
  const restore = async (name: Name, copies: Readonly<Record<Name, Copy>>): Promise<void> => {
    const { copy, since, rows: then } = copies[name]
    const choice = chance.pick<Choice>(['write-back', 'trust'])
    await settled()
    deeds.push(`put back ${name} ${choice}`)
    const [had, saidBefore] = [await gone(), [...ledger]]
    const wrote = new Set([...(await kept(name, 'external_id')), ...(await kept(name, 'transaction_id'))])
    counts.restores++
    putBack.add(name)
    let inCopy: Placed[] = []
    await world.putBack(name, copy, choice, chance.once(2) ? 1 + chance.below(30) : Infinity, async () => {
      inCopy = await world.rows(name)
      const there = new Set([...(await kept(name, 'external_id')), ...(await kept(name, 'transaction_id'))])
      if (choice === 'trust') for (const id of wrote) if (!there.has(id)) givenUp.add(id)
      if (choice === 'trust') for (const one of saidBefore) if (one.what === 'answer' && one.site === name) givenUp.add(one.id) // prettier-ignore
      // What was deleted since may be there again, and what was made since may be missing: a person has to say.
      if (choice === 'trust') for (const table of tables) for (const { key, facts } of await hub.list(table)) if (facts.site === sites[name].key && !inCopy.some(({ document }) => document === key)) allowedGone.add(key) // prettier-ignore
    })
    await settled()
    const othersTouched = new Set(touched.slice(since).flatMap((one) => (one.name === name ? [] : [one.document])))
    if (choice === 'trust') faults.push(...(await notAsInCopy(name, then, othersTouched)))
    const now = await wronglyGone(new Set([...had, ...allowedGone]))
    if (now.length > 0) faults.push(`Put back (${choice}) at ${name}, ${now.join(', ')} counts as deleted`)
  }
  const resolveAll = async (): Promise<void> => {
    for (const one of await reviewsAbout('identity changed', 'lost in a restore')) {
      const lost = one.about === 'lost in a restore' ? (one.event ?? one.plan ?? one.patient) : undefined
      if (lost) allowedGone.add(lost)
      if (one.resolved === null) await resolve(hub, one.key)
    }
  }

  for (const name of names) await world.begin(name, Infinity)
  await settled()
  const copies: Record<Name, Copy> = { mesa: await backUp('mesa'), tempe: await backUp('tempe') }
  for (const name of names) await world.revive(name)
  for (let phase = 0; phase < 3; phase++) {
    const isOffline = chance.once(2)
    deeds.push(`phase ${phase} ${isOffline ? 'offline' : 'online'}`)
    world.setOffline(isOffline)
    for (let step = 3 + chance.below(7); step > 0; step--) {
      counts.changes++
      const name = chance.pick(names)
      const [site, what] = [sites[name], chance.below(20)]
      if (site.death.dead || !site.life) await world.revive(name)
      if (chance.once(3)) site.death.left = 1 + chance.below(40)
      if (what < 6) await portalSays()
      else if (what === 6) await doubleBook()
      else if (what === 7) {
        await world.revive(name)
        copies[name] = await backUp(name)
        deeds.push(`back up ${name}`)
      } else {
        const [deed, edit] = chance.pick(Object.entries(edits))
        deeds.push(`${deed} at ${name}`)
        await edit(name, await world.rows(name), !canWrite(name === 'mesa' ? 'tempe' : 'mesa'))
      }
      if (chance.once(2)) await world.during(name, async ({ keeper }) => void (await keeper.readNow()))
      if (!isOffline && chance.once(3)) await world.during(name, ({ link }) => link.caughtUp())
      if (chance.once(3)) await world.during(name, ({ keeper }) => keeper.written())
      if (site.death.dead) counts.crashes++
    }
    world.setOffline(false)
    for (const name of names) {
      if (sites[name].death.dead) counts.crashes++
      await world.revive(name)
    }
    const then = chance.below(4)
    if (then < 2) await restore(chance.pick(names), copies)
    else if (then === 2) await settled()
  }
  await settled()
  await resolveAll()
  await settled()

  faults.push(...(await unequal(world)))
  const wrong = await wronglyGone(allowedGone)
  if (wrong.length > 0) faults.push(`Nobody deleted ${wrong.join(', ')}`)
  for (const one of ledger) faults.push(...(await notOnce(one)))
  for (const name of names) faults.push(...(await trailOf(world, name)))
  const before = await world.marks()
  await world.round()
  const after = await world.marks()
  if (before !== after) faults.push(`With nothing changed, logs and trails went from ${before} to ${after}`)
  return { ...counts, deeds, faults }

  /** What is wrong with what became of one thing that was said. */
  async function notOnce({ what, id, key, site, refunded }: Said): Promise<string[]> {
    if (what === 'answer') {
      const outcomes = (await hub.entries('confirmations', key)).filter((entry) => entry.kind !== 'answered' && entry.answer === id) // prettier-ignore
      const effects = (await Promise.all(names.map((name) => sites[name].staff.run(`select 1 as one from pc_effects where effect_id = 'confirmation:${id}'`)))).flat() // prettier-ignore
      const answer = foldConfirmations(await hub.entries('confirmations', key)).find((one) => one.id === id)!
      if (outcomes.length < 1 || (outcomes.length > 1 && !putBack.has(site))) return [`The answer ${id} has ${outcomes.length} outcomes`] // prettier-ignore
      if (effects.length > 1) return [`The answer ${id} was written ${effects.length} times`]
      if (answer.state === 'set aside') return (await hub.entries('reviews', answer.review)).some((entry) => entry.kind === 'opened') ? [] : [`The answer ${id} was set aside and nobody told`] // prettier-ignore
      if (answer.state !== 'written' || givenUp.has(id)) return []
      const placed = (await world.rows(site)).find((one) => one.document === key)
      const row = placed && (await sites[site].staff.row('events', placed.id))
      if (effects.length === 0 && outcomes.length === 1) return [`The answer ${id} counts as written and was not`]
      return row && outcomes.length === 1 && ((row['last_confirmed_date'] as string | null) ?? '') < answer.lastConfirmed ? [`The answer ${id} of ${answer.lastConfirmed} is not in the event, which says ${String(row['last_confirmed_date'])}`] : [] // prettier-ignore
    }
    const column = what === 'message' ? 'external_id' : 'transaction_id'
    const name = what === 'message' ? id : `pi_${id}`
    const there = (await Promise.all(names.map((of) => kept(of, column)))).flat().filter((one) => one === name).length
    if (there > 1) return [`The ${what} ${id} is there ${there} times`]
    const told = await reviewsAbout(what === 'message' ? 'message not written' : 'payment not posted')
    const isTold = told.some((one) => (what === 'message' ? one.patient === key : one.why?.includes(name)))
    const isExcused = givenUp.has(name) || depositsGone.has(name) || isTold
    if (there === 0) return isExcused ? [] : [`The ${what} ${id} is nowhere`]
    if (what === 'message' || isExcused || putBack.has(site)) return []
    const row = (await sites[site].staff.rows('deposits')).find((one) => one['transaction_id'] === name)
    return Number(row?.['refunded_cents']) === refunded ? [] : [`Of the payment ${id} ${String(row?.['refunded_cents'])} are refunded in InSched and ${refunded} were`] // prettier-ignore
  }
}

/** Where the two databases are not the same though mirrored, and which rows are there twice. */
async function unequal(world: SharedWorld): Promise<string[]> {
  const { hub, sites } = world
  const faults: string[] = []
  const placed = { mesa: await world.rows('mesa'), tempe: await world.rows('tempe') }
  const away = new Set<unknown>()
  for (const name of names) for (const row of await sites[name].staff.run("select document from pc_identity where table_name = 'patients' and gone = 1")) away.add(row['document']) // prettier-ignore
  for (const table of tables) {
    const rows = { mesa: await world.byId(sites.mesa.staff, table), tempe: await world.byId(sites.tempe.staff, table) }
    for (const { key, facts } of await hub.list(table)) {
      const fields = (await hub.record(table, key))?.fields
      const mayStand = names.filter((name) => sites[name].key === facts.site || sites[name].kind.schema === 'reference')
      if (!fields || away.has(facts.patient)) continue
      const found = mayStand.map((name) => {
        const one = placed[name].find(({ document }) => document === key)
        const row = one && rows[name].get(one.id)
        return [name, row && Object.fromEntries(compared[table].map((column) => [column, row[column] === '' ? null : row[column]]))] as const // prettier-ignore
      })
      for (const [name, row] of found)
        if ((row === undefined) !== (fields['deleted'] === true)) faults.push(`${table}/${key} of ${facts.site === sites[name].key ? 'its own' : 'the other'} site is ${row ? 'there' : 'not there'} at ${name}`) // prettier-ignore
      const said = new Set(found.flatMap(([, row]) => (row ? [JSON.stringify(row)] : [])))
      if (said.size > 1) faults.push(`${table}/${key} of ${names.find((name) => sites[name].key === facts.site)} is ${found.map(([name, row]) => `${JSON.stringify(row)} at ${name}`).join(' and ')}`) // prettier-ignore
    }
    if (table !== 'events') continue
    for (const name of names) {
      const starts = [...rows[name].values()].map((row) => String(row['starts_at'])).filter((at) => /[1267]$/.test(at))
      const twice = starts.filter((at, i) => starts.indexOf(at) !== i)
      if (twice.length > 0) faults.push(`Events of ${twice.join(', ')} are there twice at ${name}`)
    }
  }
  return faults
}

/** What is wrong with the audit trail of a database: each row of it goes on from the last one, and what the agent did is stamped. */
async function trailOf({ sites }: SharedWorld, name: Name): Promise<string[]> {
  const { staff, kind } = sites[name]
  if (kind.schema !== 'reference') return []
  const faults: string[] = []
  const last = new Map<string, string | null>()
  const text = (json: unknown): string | null => (json === null || json === undefined ? null : JSON.stringify(typeof json === 'string' ? JSON.parse(json) : json)) // prettier-ignore
  const effects = new Set((await staff.run('select effect_id from pc_effects')).map((row) => row['effect_id']))
  const written = new Map<string, number>()
  for (const row of await staff.run('select * from audit_trail order by audit_id')) {
    const of = `${String(row['table_name'])} ${String(row['row_id'])}`
    if (last.has(of) && last.get(of) !== text(row['before_json']))
      faults.push(`The trail of ${of} at ${name} has a gap`)
    last.set(of, text(row['after_json']))
    if (row['initials'] !== 'PC') continue
    const checkpoint = String(row['checkpoint'])
    if (!effects.has(checkpoint)) faults.push(`${checkpoint} at ${name} is in the trail and has no effect`)
    if (!checkpoint.startsWith('shared:')) written.set(checkpoint, (written.get(checkpoint) ?? 0) + 1)
  }
  for (const [checkpoint, rows] of written) if (rows > 1) faults.push(`${checkpoint} changed ${rows} rows at ${name}`)
  return faults
}
