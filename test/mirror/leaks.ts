/**
 * The leak test: an InSched database with canaries in every field of every table, a whole portal and a whole site of it,
 * and settings of the mirror that change at random. After each change what left over the wire, and what the portal's
 * files say when they are opened, is exactly what the settings pass, and a patient's pages say no more. What passes is said
 * here once more, by hand, from InSched's rows: it shares no code with the policy.
 */
import Database from 'better-sqlite3'
import { encoding } from 'lib0'
import { copyFileSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createAuditTriggers, createReferenceTables } from '../../src/bridges/insched/reference-sqlite.ts'
import { enroll } from '../../src/enrolling.ts'
import { mirrorKeys } from '../../src/mirror/mirror-settings.ts'
import { wallClockOf } from '../../src/mirror/wall-clock.ts'
import { openPortal } from '../../src/portal.ts'
import { systemClock as clock } from '../../src/replica/clock.ts'
import { readFrame } from '../../src/replica/codec.ts'
import { collections } from '../../src/replica/collections.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { openSite } from '../../src/site.ts'
import type { Chance } from '../faults/harness/chance.ts'
import { folder, master } from '../replica/world.ts'

const zone = 'America/Phoenix'
const day = 86_400_000
const ahead = [0.5, 5.5, 60.5, 200.5] as const

interface Canary {
  /** What is looked for: as text, and for a number as it is written in an update. */
  readonly text: string
  readonly bytes: Buffer
  readonly table: string
  readonly column: string
  readonly row: number
  readonly current: boolean
}

/** The field in which each column may leave, by hand; a column that is not here never leaves. */
const fieldOf: Readonly<Record<string, readonly [string, string]>> = {
  'practice.practice_name': ['practice', 'practiceName'],
  'practice.phone': ['practice', 'phone'],
  'practice.address': ['practice', 'address'],
  'locations.name': ['practice', 'location'],
  'locations.address': ['practice', 'location'],
  'locations.phone': ['practice', 'location'],
  'event_types.patient_words': ['events', 'words'],
  'patients.first_name': ['patients', 'firstName'],
  'patients.middle_name': ['patients', 'middleName'],
  'patients.last_name': ['patients', 'lastName'],
  'patients.birth_date': ['patients', 'birthDate'],
  'patients.home_phone': ['patients', 'homePhone'],
  'patients.cell_phone': ['patients', 'cellPhone'],
  'patients.email': ['patients', 'email'],
  'patients.language': ['patients', 'language'],
  'patients.balance_due_cents': ['patients', 'balanceDueCents'],
  'plans.patient_words': ['plans', 'words'],
  'plans.plan_status': ['plans', 'status'],
  'plans.starts_on': ['plans', 'startsOn'],
  'plans.ends_on': ['plans', 'endsOn'],
  'stages.patient_words': ['stages', 'words'],
  'stages.completed_on': ['stages', 'completedOn'],
  'events.starts_at': ['events', 'startsAt'],
  'events.minutes': ['events', 'minutes'],
  'events.last_confirmed_date': ['events', 'lastConfirmed'],
  'events.confirmation_type': ['events', 'confirmationType'],
  messages: ['messages', 'text'],
}

/** What leaves with its record whatever was chosen. */
const alwaysLeave: ReadonlySet<string> = new Set(['practiceName', 'location', 'firstName', 'lastName', 'birthDate', 'startsAt', 'text']) // prettier-ignore

/** Columns that hold ids and states, by which a row is what it is. */
const fixed = /_id$|^(time_zone|event_type|class|portal_enabled|text_consent|email_consent|completed|rank|relation)$/
/** What staff write where they confirm. */
const confirmed = /^(last_confirmed_date|confirmation_type)$/
const numbers = /^(balance_due_cents|minutes|default_minutes|amount_cents|units|refunded_cents|voided_cents)$/

/** Patients: who has the portal, who consents to texts, and who is reached by neither. */
const people = [
  { portal: 1, text: 1 },
  { portal: 1, text: null },
  { portal: 0, text: 1 },
  { portal: 0, text: 0 },
  { portal: 0, text: null },
] as const

export type LeakWorld = Awaited<ReturnType<typeof openLeakWorld>>

export async function openLeakWorld(chance: Chance) {
  const dir = folder()
  const file = join(dir, 'insched.db')
  const canaries: Canary[] = []
  let count = 0
  const insched = new Database(file)
  createReferenceTables(insched)
  createAuditTriggers(insched)
  /** A date that stands nowhere else, a day for each number: the mapping reads dates, and knows no others. */
  const dateOf = (number: number, column: string): string => {
    const date = new Date(Date.UTC(1800, 0, number)).toISOString().slice(0, 10)
    return column === 'last_confirmed_date' ? `${date}T11:11` : date
  }
  /** A value that stands nowhere else, of the kind that the column holds. */
  const canary = (table: string, column: string, row: number, given?: string): string | number => {
    const number = ++count
    const value = given ?? (numbers.test(column) ? 71_000_000 + number : /_on$|_date$/.test(column) ? dateOf(number, column) : `CANARY-${number}-OF-${table}-${column}`) // prettier-ignore
    canaries.push({ text: String(value), bytes: bytesOf(value), table, column, row, current: true })
    return value
  }
  const insert = (table: string, given: Readonly<Record<string, string | number | null>>, row: number): void => {
    const columns = (insched.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name)
    const set = columns.filter((name) => given[name] !== undefined || !fixed.test(name))
    const values = set.map((name) => (given[name] === undefined ? canary(table, name, row) : given[name]))
    insched.prepare(`insert into ${table}(${set.join(', ')}) values (${set.map(() => '?').join(', ')})`).run(...values)
  }
  insert('practice', { time_zone: zone }, 0)
  insert('locations', { location_id: 1, time_zone: zone }, 1)
  insert('event_types', { event_type: 'CONS', class: 'Consult' }, 0)
  const startOf = new Map<number, number>()
  people.forEach((person, index) => {
    const patient = index + 1
    insert('patients', { patient_id: patient, portal_enabled: person.portal, text_consent: person.text, email_consent: null }, patient) // prettier-ignore
    insert('relations', { patient_id: patient, related_id: 1, relation: 'parent' }, patient)
    insert('plans', { plan_id: patient, patient_id: patient }, patient)
    for (const stage of [1, 2])
      insert('stages', { stage_id: patient * 10 + stage, plan_id: patient, position: stage, completed: 1 }, patient)
    ahead.forEach((days, nth) => {
      const event = patient * 10 + nth
      const startsAt = clock.now() + days * day + event * 60_000
      startOf.set(event, startsAt)
      insert('events', { event_id: event, event_type: 'CONS', patient_id: patient, plan_id: patient, location_id: 1, starts_at: canary('events', 'starts_at', event, wallClockOf(startsAt, zone)) }, event) // prettier-ignore
    })
    insert('charges', { charge_id: patient, patient_id: patient }, patient)
    insert('insurances', { insurance_id: patient, patient_id: patient, rank: 1 }, patient)
    insert('deposits', { deposit_id: patient, patient_id: patient }, patient)
    insert('communications', { communication_id: patient, patient_id: patient }, patient)
  })
  insert('recurrences', { recurrence_id: 1 }, 1)
  insert('occurrences', { occurrence_id: 1 }, 1)
  insert('events', { event_id: 999, event_type: 'CONS', starts_at: wallClockOf(clock.now() + day, zone) }, 999)

  // What a site says leaves through the sockets that it opened.
  const wire: Buffer[] = []
  const send = WebSocket.prototype.send as (this: WebSocket, ...args: unknown[]) => void
  const spy = vi.spyOn(WebSocket.prototype, 'send').mockImplementation(function (this: WebSocket, ...args: unknown[]) {
    const [data] = args
    if (this.url && data instanceof Uint8Array) wire.push(Buffer.from(data))
    return send.apply(this, args)
  })
  const log: string[] = []
  const mails: unknown[] = []
  const deliver = async (mail: unknown): Promise<null> => (mails.push(mail), null)
  const mailer = { deliver, send: (mail: unknown) => void mails.push(mail), settled: async () => {}, close: async () => {} } // prettier-ignore
  const portal = await openPortal({
    dir: join(dir, 'portal'),
    master,
    clock,
    log: (line) => void log.push(line),
    mailer,
  })
  const url = await portal.listen({ port: 0, host: '127.0.0.1' })
  const { practiceId } = await portal.addPractice({ name: 'Desert Bloom', zone })
  const { siteId, enrollmentCode } = portal.addSite({ practice: practiceId, name: 'Mesa' })
  const where = { dir: join(dir, 'site'), master, clock }
  await enroll({ ...where, portal: url, code: enrollmentCode, insched: `sqlite:${file}` })
  const site = await openSite(where)
  /** What the first patient's pages say: signed in once, asked for anew each time. */
  const pages = ['/', '/appointments', '/messages', '/plan', '/contact', '/settings', '/people', '/account']
  let cookie = ''
  const pagesSay = async (): Promise<string> => {
    const texts = await Promise.all(
      pages.map(async (path) => (await fetch(url + path, { headers: { cookie } })).text()),
    )
    return texts.join('\n')
  }
  const signIn = async (): Promise<void> => {
    const invitation = (await site.invite(1)).url
    await site.upload()
    const date = canaries.find(({ table, column, row }) => table === 'patients' && column === 'birth_date' && row === 1)!.text // prettier-ignore
    await expect
      .poll(async () => {
        const answer = await fetch(invitation, { method: 'POST', body: new URLSearchParams({ date }), redirect: 'manual' }) // prettier-ignore
        cookie = answer.headers.getSetCookie().at(-1)!.split(';')[0]!
        return answer.status
      })
      .toBe(303)
    // Who sees nothing of their own here would find no leak either.
    const own = canaries.find(({ table, column, row }) => table === 'patients' && column === 'email' && row === 1)!
    await expect.poll(pagesSay).toContain(own.text)
  }
  const texts: Record<string, string> = {}
  let before = new Set<string>()
  /** What staff wrote where they confirm, while the settings let it leave. */
  const saidAtDesk = new Set<string>()
  let step = 0

  const text = (key: string): string => texts[key] ?? initial(key)
  const covers = (collection: string, patient: number): boolean => {
    const row = insched.prepare('select portal_enabled as portal, text_consent as text from patients where patient_id = ?').get(patient) as { portal: number; text: number | null } // prettier-ignore
    switch (text(`${collection}.patients`)) {
      case 'all':
        return true
      case 'reachable':
        return row.portal === 1 || row.text === 1
      case 'portal enabled':
        return row.portal === 1
      default:
        return false
    }
  }
  const needed: Readonly<Record<string, string>> = { plans: 'patients', events: 'patients', messages: 'patients' }
  const way = (collection: string): 'on' | 'off' | 'erased' => {
    const own = text(`${collection}.direction`)
    const of = collection in needed ? way(needed[collection]!) : 'on'
    if (own === 'erased' || of === 'erased') return 'erased'
    return of === 'on' && (own === 'up' || own === 'both') ? 'on' : 'off'
  }
  /** Whether a canary may leave now; 'either' where a day's tolerance of the horizon lets the portal keep it. */
  const passes = ({ table, column, row, text: value }: Canary): 'yes' | 'no' | 'either' | 'kept' | 'said' => {
    const field = fieldOf[`${table}.${column}`] ?? fieldOf[table]
    if (!field) return 'no'
    const [group, name] = field
    const chosen = text(`${group}.fields`)
    const leaves = alwaysLeave.has(name) || chosen === 'all' || chosen.split(', ').includes(name)
    if (group === 'practice') return leaves ? 'yes' : 'no'
    const collection = group === 'stages' ? 'plans' : group
    if (way(collection) === 'erased') return 'no'
    // What stopped stays as it was.
    if (way(collection) === 'off') return 'kept'
    // What the front desk confirmed while its fields left was said as a confirmation, and goes with those.
    const wasSaid = saidAtDesk.has(value) && way('confirmations') !== 'erased'
    if (!leaves && !wasSaid) return 'no'
    if (table === 'event_types') return people.some((_, i) => covers('events', i + 1)) ? 'yes' : 'no'
    const patient = table === 'events' ? Math.floor(row / 10) : row
    if (row === 999 || !covers(collection, patient)) return 'no'
    if (table !== 'events') return 'yes'
    const days = (startOf.get(row)! - clock.now()) / day
    const most = Number(text('events.daysAhead'))
    return days <= most ? (leaves ? 'yes' : 'said') : days <= most + 1 ? 'either' : 'no'
  }

  const searchable = (parts: readonly Buffer[]): Buffer => Buffer.concat(parts)
  const found = (said: Buffer, one: Canary): boolean => said.includes(one.bytes) || said.includes(one.text)
  const unpacked = (): Buffer =>
    searchable(
      wire.splice(0).flatMap((data) => {
        const frame = readFrame(data)
        if (frame.kind === 'batch' || frame.kind === 'documents')
          return frame.rows.map((row) => Buffer.from(row.update))
        return [Buffer.from(JSON.stringify(frame))]
      }),
    )
  /** All that the portal's files say to who has the key, and what they say to who has not. */
  const portalHolds = async (): Promise<Buffer> => {
    const copies = folder()
    const practices = join(dir, 'portal', 'practices')
    for (const name of readdirSync(practices)) copyFileSync(join(practices, name), join(copies, name))
    const store = await openSqliteStore({ file: join(copies, `${practiceId}.sqlite`), master })
    const replica = portal.replicaOf(practiceId)!
    await store.open({ practice: replica.practice, replica: replica.id })
    const parts: Buffer[] = []
    for (const [number] of collections.entries())
      for (const { key } of await store.list(number, undefined, 10_000))
        parts.push(...(await store.updatesOf(number, key)).map((update) => Buffer.from(update)))
    for (const view of [
      'practice',
      'patient',
      'plan',
      'event',
      'message',
      'communication',
      'request',
      'confirmation',
      'review',
    ])
      // prettier-ignore
      parts.push(Buffer.from(JSON.stringify(await store.index({ view }))))
    await store.close()
    return searchable(parts)
  }
  /** Whether a canary is of the first patient, or of the practice itself. */
  const isOfFirst = ({ table, row }: Canary): boolean =>
    ['practice', 'locations', 'event_types'].includes(table) || (table === 'events' ? Math.floor(row / 10) : row) === 1 // prettier-ignore
  const filesOf = (of: string): Buffer[] =>
    readdirSync(of).flatMap((name) => {
      const path = join(of, name)
      return statSync(path).isDirectory() ? filesOf(path) : [readFileSync(path)]
    })

  /** What is wrong now, in sentences: empty where what left is exactly what passes. */
  const leaks = async (): Promise<string[]> => {
    const held = await portalHolds()
    const wrong: string[] = []
    const now = new Set<string>()
    for (const one of canaries) {
      const verdict = passes(one)
      const has = found(held, one)
      if (has) now.add(one.text)
      const name = `${one.table}.${one.column} of ${one.row} (${one.text})`
      if (has && (verdict === 'no' || (verdict === 'kept' && !before.has(one.text)))) wrong.push(`the portal holds ${name}`) // prettier-ignore
      if (!has && verdict === 'yes' && one.current) wrong.push(`the portal lacks ${name}`)
    }
    const said = await pagesSay()
    for (const one of canaries)
      if (one.text.startsWith('CANARY') && said.includes(one.text) && !(isOfFirst(one) && found(held, one)))
        wrong.push(`a page of the first patient says ${one.table}.${one.column} of ${one.row} (${one.text})`)
    if (wrong.length === 0) before = now
    return wrong
  }
  const onTheWire = (): string[] => {
    const said = unpacked()
    return canaries.flatMap(
      (one) =>
      ['no', 'kept', 'either'].includes(passes(one)) && found(said, one) ? [`the wire carried ${one.table}.${one.column} of ${one.row} (${one.text})`] : [], // prettier-ignore
    )
  }
  const set = async (key: string, value: string): Promise<void> => {
    const off = key.endsWith('.direction') && (value === 'off' || value === 'erased')
    await site.mirror.set({ key, value: off ? 'off' : value, ...(off ? { content: value === 'off' ? 'keep' : 'erase' } : {}) }) // prettier-ignore
    texts[key] = value
  }
  /** A staff member changes something in InSched: a canary gives way to another. */
  const edit = (): void => {
    const able = canaries.filter(({ table, column, current }) => current && /^(patients|plans|events)$/.test(table) && !fixed.test(column) && !/^(starts_at|first_name|last_name|birth_date)$/.test(column)) // prettier-ignore
    const old = chance.pick(able)
    canaries[canaries.indexOf(old)] = { ...old, current: false }
    const key = `${old.table.slice(0, -1)}_id`
    insched.prepare(`update ${old.table} set ${old.column} = ? where ${key} = ?`).run(canary(old.table, old.column, old.row), old.row) // prettier-ignore
    if (old.table !== 'events' || !confirmed.test(old.column)) return
    const both = canaries.filter((one) => one.current && one.table === 'events' && one.row === old.row && confirmed.test(one.column)) // prettier-ignore
    const chosen = text('events.fields')
    if (chosen === 'all' || ['lastConfirmed', 'confirmationType'].every((name) => chosen.split(', ').includes(name)))
      for (const one of both) saidAtDesk.add(one.text)
  }

  const settled = async (): Promise<string[]> => {
    await site.upload()
    let wrong: string[] = []
    const ask = async (): Promise<string[]> => (wrong = await leaks())
    await expect.poll(ask, { timeout: 20_000, interval: 100 }).toEqual([]).catch(() => {}) // prettier-ignore
    return [...wrong, ...onTheWire()].map((one) => `step ${step}: ${one}; settings ${JSON.stringify(texts)}`)
  }
  /** A proof of equality compares what passes, and sends no more than that: what is wrong with it, in sentences. */
  const proven = async (): Promise<string[]> => {
    const { equal, collections: compared } = await site.verify()
    const differ = compared.flatMap(({ name, differing }) => (differing === 0 ? [] : [`${differing} ${name}`]))
    const unproven = equal && differ.length === 0 ? [] : [`the proof called ${differ.join(', ')} different`]
    return [...unproven, ...onTheWire()].map((one) => `step ${step}, proof: ${one}; settings ${JSON.stringify(texts)}`)
  }
  await signIn()
  return {
    site,
    canaries: () => canaries.length,
    settled,
    proven,
    /** Changes one to three settings, and now and then InSched; resolves with what left that should not have, or is missing. */
    async change(anyValue: (key: string) => string): Promise<string[]> {
      step++
      if (chance.once(3)) edit()
      if (chance.once(4)) {
        const patient = 1 + chance.below(people.length)
        insched
          .prepare('update patients set text_consent = ? where patient_id = ?')
          .run(chance.pick([0, 1, null]), patient)
      }
      // What staff changed leaves by the settings that stand, not by those that come.
      const wrong = await settled()
      if (chance.once(3)) {
        const message = canary('messages', 'text', 1, `CANARY-MESSAGE-${step}-`)
        await site.message({ patient: 1, subject: String(message), text: String(message) })
        wrong.push(...(await settled()))
      }
      const many = 1 + chance.below(3)
      for (let i = 0; i < many; i++) {
        const key = chance.pick(
          mirrorKeys.filter((name) => !/^(payments|communications|requests|confirmations)/.test(name)),
        )
        await set(key, anyValue(key))
      }
      // Between two of these settings what the first passed may have left already.
      if (many > 1) wire.length = 0
      return wrong
    },
    /** What of it is readable without the key, in whatever file of the portal and its log. */
    plain: (): string[] => {
      const bytes = Buffer.concat([...filesOf(join(dir, 'portal')), Buffer.from(log.join('\n')), Buffer.from(JSON.stringify(mails))]) // prettier-ignore
      return canaries.filter(({ text: name }) => name.startsWith('CANARY') && bytes.includes(name)).map(({ text: name }) => name) // prettier-ignore
    },
    async close(): Promise<void> {
      spy.mockRestore()
      insched.close()
      await site.close()
      await portal.close()
    },
    siteId,
  }
}

function initial(key: string): string {
  if (key.endsWith('.fields')) return 'all'
  if (key === 'events.daysAhead') return '365'
  if (key === 'plans.patients') return 'portal enabled'
  if (key.endsWith('.patients')) return 'reachable'
  return 'up'
}

/** A text is in an update as it is; a number as lib0 writes it. */
function bytesOf(value: string | number): Buffer {
  if (typeof value === 'string') return Buffer.from(value)
  const encoder = encoding.createEncoder()
  encoding.writeAny(encoder, value)
  return Buffer.from(encoding.toUint8Array(encoder))
}
