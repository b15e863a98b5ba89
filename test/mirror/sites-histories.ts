/**
 * Random histories of two sites that share their records: staff of either edit, book and delete by plain SQL, patients
 * answer at the portal, and the portal is away now and then. After each, all that is wrong with what it came to.
 */
import type { Chance } from '../faults/harness/chance.ts'
import { ulid } from '../replica/world.ts'
import { localOf, names, rowsIn, twoDatabases, type Name } from './two-databases.ts'

const values = {
  patients: { cell_phone: ['+1 480 555 0171', '+1 480 555 0172', null], middle_name: ['Q', 'R', null], email: ['q@example.test', 'r@example.test'], language: ['en', 'es'] }, // prettier-ignore
  events: { minutes: [15, 25, 40], status: ['None', 'Check Back', 'No Show'], starts_at: ['2027-06-07T09:00', '2027-06-08T10:30', '2027-06-09T14:15'] }, // prettier-ignore
  plans: { plan_status: ['Active', 'Done', 'Waiting'], ends_on: ['2027-08-01', null] },
} as const
const keys = { patients: 'patient_id', plans: 'plan_id', events: 'event_id' } as const

export async function openSitesWorld(chance: Chance, atEnd?: (close: () => Promise<void>) => void) {
  const world = await twoDatabases(6, true, atEnd)
  const portal = () => world.portal.replicaOf(world.practiceId)!
  const of = <T>(list: readonly T[]): T => list[chance.below(list.length)]!
  const answers = new Map<string, string>()
  let changes = 0

  const edit = (name: Name, table: keyof typeof values): void => {
    const rows = [...rowsIn(world.staff[name])].filter(([, row]) => row['table'] === table)
    if (rows.length === 0) return
    const [document] = of(rows)
    const fields = values[table] as Readonly<Record<string, readonly (string | number | null)[]>>
    const field = of(Object.keys(fields))
    const id = localOf(world.staff[name], document)
    world.staff[name].prepare(`update ${table} set ${field} = ? where ${keys[table]} = ?`).run(of(fields[field]!), id)
  }
  const editStage = (name: Name): void => {
    const [flag, stages] = [chance.below(2), world.staff[name].prepare('select stage_id from stages order by stage_id').pluck().all() as number[]] // prettier-ignore
    world.staff[name].prepare('update stages set completed = ? where stage_id = ?').run(flag, of(stages))
  }
  const book = (name: Name): void => {
    const patients = [...rowsIn(world.staff[name])].filter(([, row]) => row['table'] === 'patients' && row['portal_enabled'] === 1) // prettier-ignore
    if (patients.length === 0) return
    const [document] = of(patients)
    const type = world.staff[name].prepare("select event_type from event_types where patient_words <> '' order by event_type limit 1").pluck().get() // prettier-ignore
    world.staff[name].prepare("insert into events(event_type, patient_id, starts_at, minutes, status) values (?, ?, ?, 20, 'None')").run(type, localOf(world.staff[name], document), of(values.events.starts_at)) // prettier-ignore
  }
  const remove = (name: Name): void => {
    const events = [...rowsIn(world.staff[name])].filter(([, row]) => row['table'] === 'events')
    if (events.length < 4) return
    world.staff[name].prepare('delete from events where event_id = ?').run(localOf(world.staff[name], of(events)[0]))
  }
  const answer = async (): Promise<void> => {
    const head = of(await portal().list('events'))
    const record = await portal().record('events', head.key)
    if (!record || record.fields['deleted'] === true || head.facts.patient === null) return
    const { at: _, ...facts } = head.facts
    const id = ulid()
    const answered = { kind: 'answered' as const, at: Date.now(), by: { role: 'patient' as const, id: 'a' }, channel: 'portal' as const, patient: head.facts.patient, startsAt: record.fields['startsAt'] as string } // prettier-ignore
    await portal().change([{ collection: 'confirmations', key: head.key, facts, add: { [id]: answered } }])
    answers.set(id, head.key)
  }
  const step = async (isOffline: boolean): Promise<void> => {
    changes++
    const name = of(names)
    const kind = chance.below(isOffline ? 9 : 11)
    if (kind < 3) edit(name, 'events')
    else if (kind < 5) edit(name, 'patients')
    else if (kind === 5) edit(name, 'plans')
    else if (kind === 6) editStage(name)
    else if (kind === 7) book(name)
    else if (kind === 8) remove(name)
    else await answer()
  }
  const trails = (): number[] => names.map((name) => world.staff[name].prepare('select count(*) from audit_trail').pluck().get() as number) // prettier-ignore
  const heads = (): number[] => [...names.map((name) => world.sites[name].replica.replication.declared().head), portal().replication.declared().head] // prettier-ignore

  /** What is wrong, in sentences. */
  const faults = async (): Promise<string[]> => {
    const found: string[] = []
    await world.expectEqual().catch((error: Error) => found.push(`The databases are not the same: ${error.message}`))
    for (const [id, event] of answers) {
      const done = names.filter((name) => world.staff[name].prepare('select 1 from pc_effects where effect_id = ?').get(`confirmation:${id}`)) // prettier-ignore
      const said = (await portal().entries('confirmations', event)).filter((one) => one.kind !== 'answered' && one.answer === id) // prettier-ignore
      if (done.length > 1 || said.length !== 1) found.push(`The answer ${id} was written at ${done.join(' and ') || 'no site'} and has ${said.length} outcomes`) // prettier-ignore
    }
    const before = JSON.stringify([trails(), heads()])
    await world.settled()
    const after = JSON.stringify([trails(), heads()])
    if (before !== after) found.push(`With nothing changed, trails and logs went from ${before} to ${after}`)
    return found
  }

  return {
    ...world,
    changes: () => changes,
    answers: () => answers.size,
    /** Some steps with the portal, some without; then all meets, and what is wrong is told. */
    async history(): Promise<string[]> {
      for (let phase = 0; phase < 3; phase++) {
        const steps = 2 + chance.below(6)
        const isOffline = chance.below(3) > 0
        const work = async (): Promise<void> => {
          for (let i = 0; i < steps; i++) {
            await step(isOffline)
            if (chance.below(3) === 0) await world.sites[of(names)].bridge.readNow()
          }
        }
        await (isOffline ? world.offline(work) : work())
      }
      await world.settled()
      return faults()
    },
  }
}
