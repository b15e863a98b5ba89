/** InSched on a PostgreSQL server: who commits late is not missed, what passes is tried again and said, and nothing is half written. */
import pg from 'pg'
import { expect, it } from 'vitest'
import { openInSched, type Changes } from '../../src/bridges/insched/insched.ts'
import { keepInSched } from '../../src/bridges/insched/keeper.ts'
import { clock, ulid } from '../replica/world.ts'
import { closers, factsAt, practice, say, site } from './office.ts'
import { openAnyOffice, type AnyOffice } from './offices.ts'

const reference = { schema: 'reference', engine: 'PostgreSQL' } as const
const phones = {
  reference: (phone: string, patient: number) =>
    `update patients set cell_phone = '${phone}' where patient_id = ${patient}`,
  different: (phone: string, patient: number) =>
    `update persons set tel_mobile = '${phone}' where person_no = ${patient}`,
}

async function clientOf(at: Pick<AnyOffice, 'url'>): Promise<pg.Client> {
  const client = new pg.Client(at.url)
  client.on('error', () => {})
  await client.connect()
  closers.push(() => client.end())
  return client
}
const sessions = async (client: pg.Client): Promise<number> => {
  const { rows } = await client.query("select count(*)::int as open from pg_stat_activity where application_name = 'patientconnection' and datname = current_database()") // prettier-ignore
  return (rows[0] as { open: number }).open
}
const endSessions = (client: pg.Client) =>
  client.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'patientconnection' and datname = current_database()") // prettier-ignore
const phoneOf = async ({ bridge, replica }: AnyOffice, patient: number) =>
  (await replica.record('patients', (await bridge.documentOf('patients', patient))!))!.fields['cellPhone']

async function confirms(at: AnyOffice): Promise<string> {
  const document = (await at.bridge.documentOf('events', 2))!
  const patient = (await at.bridge.documentOf('patients', 1))!
  const startsAt = (await at.staff.row('events', 2))!['starts_at'] as string
  const answered = { kind: 'answered' as const, at: clock.now(), by: { role: 'patient' as const, id: 'a' }, channel: 'portal' as const, patient, startsAt } // prettier-ignore
  await at.replica.change([{ collection: 'confirmations', key: document, facts: await factsAt(at.replica, 'events', document), add: { [ulid()]: answered } }]) // prettier-ignore
  return document
}

it.each(['reference', 'different'] as const)(
  '[DOM-8] a change that commits after a later one was read is read too (%s schema)',
  async (schema) => {
    const at = await openAnyOffice({ schema, engine: 'PostgreSQL' })
    const [late, quick] = [await clientOf(at), await clientOf(at)]
    await late.query('begin')
    await late.query(phones[schema]('+1 480 555 0111', 1))
    // A savepoint has a transaction number of its own.
    await late.query('savepoint s')
    await late.query(phones[schema]('+1 480 555 0112', 2))
    await late.query('release savepoint s')
    for (const phone of ['+1 480 555 0121', '+1 480 555 0122', '+1 480 555 0123', '+1 480 555 0124']) {
      await quick.query(phones[schema](phone, 3))
      await at.bridge.readNow()
      expect(await phoneOf(at, 3)).toBe(phone)
    }
    await late.query('commit')
    await expect.poll(() => phoneOf(at, 1)).toBe('+1 480 555 0111')
    await expect.poll(() => phoneOf(at, 2)).toBe('+1 480 555 0112')
    expect(await at.bridge.readNow()).toEqual({ patients: 0, plans: 0, stages: 0, events: 0 })
  },
)

it('[DOM-8] a change that ends between the agent’s look and its own write is not passed over', async () => {
  let ends = async (): Promise<void> => {}
  const open: typeof openInSched = async (...given) => {
    const insched = await openInSched(...given)
    const capture = async (): Promise<void> => {
      await insched.capture()
      await ends()
    }
    return { ...insched, capture }
  }
  const at = await openAnyOffice(reference, { polls: () => false, open })
  const late = await clientOf(at)
  await late.query('begin')
  await late.query(phones.reference('+1 480 555 0113', 1))
  ends = async () => {
    ends = async () => {}
    await late.query('commit')
  }
  await confirms(at)
  await at.bridge.written()
  await at.bridge.readNow()
  expect(await phoneOf(at, 1)).toBe('+1 480 555 0113')
})

it('[DOM-15] sessions that the server ends again and again: every message is written once, and all is well after', async () => {
  const at = await openAnyOffice(reference)
  const client = await clientOf(at)
  const patient = (await at.bridge.documentOf('patients', 1))!
  const said = Array.from({ length: 12 }, () => ulid() as string)
  for (const [i, id] of said.entries()) {
    await say(at.replica, patient, id)
    if (i % 3 === 0) await endSessions(client)
  }
  await at.bridge.written()
  const { rows } = await client.query('select external_id from communications order by 1')
  expect((rows as { external_id: string }[]).map((row) => row.external_id)).toEqual(said.toSorted())
  await client.query(phones.reference('+1 480 555 0131', 1))
  await expect.poll(() => phoneOf(at, 1)).toBe('+1 480 555 0131')
  await expect.poll(() => at.bridge.status().problem).toBeNull()
})

it('[DOM-16] a row that staff hold is waited for, in words, and written when it is free', async () => {
  const at = await openAnyOffice(reference)
  const client = await clientOf(at)
  await client.query('begin')
  await client.query('select * from events where event_id = 2 for update')
  await confirms(at)
  await expect.poll(() => at.bridge.status().problem).toMatch(/locked by another program; trying again/)
  expect((await at.staff.row('events', 2))!['confirmation_type']).toBeNull()
  await client.query('rollback')
  await at.bridge.written()
  expect((await at.staff.row('events', 2))!['confirmation_type']).toBe('Portal')
  await expect.poll(() => at.bridge.status().problem).toBeNull()
})

it('[DOM-16] a database that can only be read says so, and what waited is written once when it can be written again', async () => {
  const at = await openAnyOffice(reference)
  const client = await clientOf(at)
  const database = new URL(at.url).pathname.slice(1)
  await client.query(`alter database ${database} set default_transaction_read_only = on`)
  await endSessions(client)
  await confirms(at)
  await expect.poll(() => at.bridge.status().problem).toMatch(/can only be read at present/)
  await client.query('set transaction_read_only = off')
  await client.query(`begin read write; alter database ${database} reset default_transaction_read_only; commit`)
  await endSessions(client)
  await at.bridge.written()
  expect((await at.staff.row('events', 2))!['confirmation_type']).toBe('Portal')
  await expect.poll(() => at.bridge.status().problem).toBeNull()
})

/** A database on which something happens once, in the middle of a confirmation. */
const inTheMiddle = (happens: () => Promise<void>): { open: typeof openInSched } => {
  let once = true
  return {
    async open(...given) {
      const insched = await openInSched(...given)
      const confirm =
        (change: Changes): Changes['confirm'] =>
        async (...what) => {
          if (once) {
            once = false
            await happens()
          }
          return change.confirm(...what)
        }
      return { ...insched, write: (work) => insched.write((change) => work({ ...change, confirm: confirm(change) })) }
    },
  }
}

it('[DOM-3] staff move an event in the middle of the agent’s transaction: the move stands, and the answer is for another time', async () => {
  let move = async (): Promise<void> => {}
  const at = await openAnyOffice(
    reference,
    inTheMiddle(() => move()),
  )
  move = () => at.staff.set('events', 2, { starts_at: '2027-01-05T10:00' })
  const document = await confirms(at)
  await at.bridge.written()
  expect(await at.staff.row('events', 2)).toMatchObject({ starts_at: '2027-01-05T10:00', last_confirmed_date: null, confirmation_type: null }) // prettier-ignore
  expect((await at.replica.entries('confirmations', document)).map((one) => one.kind).toSorted()).toEqual(['answered', 'set aside']) // prettier-ignore
})

it.each(['40P01', '40001', '53300', '57P01', 'ECONNRESET', 'SQLITE_BUSY'])(
  '[DOM-16] %s in the middle of a write leaves nothing half written, and the next try writes it once',
  async (code) => {
    let fail = async (): Promise<void> => {}
    const at = await openAnyOffice(
      reference,
      inTheMiddle(() => fail()),
    )
    fail = () => Promise.reject(Object.assign(new Error('at this moment'), { code }))
    const document = await confirms(at)
    await at.bridge.written()
    expect(await at.staff.row('events', 2)).toMatchObject({ confirmation_type: 'Portal' })
    expect((await at.replica.entries('confirmations', document)).map((one) => one.kind).toSorted()).toEqual(['answered', 'written']) // prettier-ignore
    expect(await at.staff.run('select count(*) as rows from pc_effects')).toEqual([{ rows: 1 }])
    expect(await at.staff.run("select count(*) as rows from audit_trail where initials = 'PC'")).toEqual([{ rows: 1 }])
  },
)

it('during a backup window the server knows no session of ours, and afterwards all arrives', async () => {
  const at = await openAnyOffice(reference)
  await at.bridge.stop()
  const client = await clientOf(at)
  const keeper = await keepInSched({ url: at.url, replica: at.replica, practice, site, holder: 'here', station: 'TEST', clock, disconnectedUntil: undefined, say: String }) // prettier-ignore
  closers.push(() => keeper.stop())
  await keeper.readNow()
  expect(await sessions(client)).toBeGreaterThan(0)
  const patient = (await keeper.documentOf('patients', 1))!
  await keeper.letGo(clock.now() + 60_000)
  // The server takes a moment to see that a client is gone.
  await expect.poll(() => sessions(client)).toBe(0)
  await say(at.replica, patient, 'm')
  await client.query(phones.reference('+1 480 555 0141', 1))
  expect(await sessions(client)).toBe(0)
  await keeper.takeBack()
  await keeper.readNow()
  await keeper.written()
  expect(await phoneOf({ ...at, bridge: keeper }, 1)).toBe('+1 480 555 0141')
  expect(await at.staff.count('communications')).toBe(1)
})

it('a password is in no sentence: of an address that is none, of a user who is not let in, of a server that is not there', async () => {
  const at = await openAnyOffice(reference)
  const right = new URL(at.url).password
  const said: string[] = []
  for (const [from, to] of [
    [`${right}@`, 'Wr0ng-Secret@'],
    [/:\d+\//, ':1/'],
    [/\/office_\d+$/, '/nowhere'],
    ['postgres://', 'postgre://'],
    [/@.*/, '@'],
  ] as const) {
    // prettier-ignore
    const refused = await openInSched(at.url.replace(from, to), { clock }).catch((error: Error) => error)
    expect(refused).toBeInstanceOf(Error)
    said.push((refused as Error).message)
  }
  expect(said).toEqual([
    expect.stringMatching(/does not let this user in/),
    expect.stringMatching(/cannot be reached/),
    expect.stringMatching(/There is no database nowhere/),
    expect.stringMatching(/names no InSched database/),
    expect.stringMatching(/names no PostgreSQL database/),
  ])
  expect(said.join()).not.toMatch(new RegExp(`${right}|Wr0ng-Secret`))
})
