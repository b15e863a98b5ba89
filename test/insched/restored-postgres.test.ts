/** InSched in PostgreSQL put back to a backup while the site runs: the database is dropped and made anew from its copy (DOM-19). */
import pg from 'pg'
import { expect, it } from 'vitest'
import { bind } from '../../src/bridges/insched/binding.ts'
import { openInSched } from '../../src/bridges/insched/insched.ts'
import { keepInSched } from '../../src/bridges/insched/keeper.ts'
import type { Choice } from '../../src/bridges/insched/put-back.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica } from '../../src/replica/replica.ts'
import { clock, ulid } from '../replica/world.ts'
import { closers, factsAt, practice, say, site } from './office.ts'
import { databaseOf, staffOf } from './offices.ts'

const kind = { schema: 'reference', engine: 'PostgreSQL' } as const

it.each<Choice>(['write-back', 'trust'])(
  '[DOM-19] a database of a server that is put back is noticed at once, and what an admin chooses is done (%s)',
  async (choice) => {
    const url = await databaseOf(kind)
    const [name, server] = [new URL(url).pathname.slice(1), new URL('/postgres', url).href]
    const replica = await openReplica({ store: memoryStore(), practice, id: ulid(), clock })
    const insched = await openInSched(url, { clock })
    await bind(insched, { practice, site: site.key, replica: replica.id })
    await insched.close()
    const admin = new pg.Client(server)
    await admin.connect()
    closers.push(() => admin.end())
    const keeper = await keepInSched({ url, replica, practice, site, holder: 'here', station: 'TEST', clock, disconnectedUntil: undefined, say: String }) // prettier-ignore
    closers.push(() => keeper.stop())
    await keeper.readNow()
    // A backup needs the database to itself.
    await keeper.letGo(clock.now() + 60_000)
    await admin.query(`create database ${name}_backup template ${name}`)
    await keeper.takeBack()
    const [patient, event] = [(await keeper.documentOf('patients', 1))!, (await keeper.documentOf('events', 2))!]
    const startsAt = (await replica.record('events', event))!.fields['startsAt'] as string
    const answered = { kind: 'answered' as const, at: clock.now(), by: { role: 'patient' as const, id: 'a' }, channel: 'portal' as const, patient, startsAt } // prettier-ignore
    await replica.change([{ collection: 'confirmations', key: event, facts: await factsAt(replica, 'events', event), add: { [ulid()]: answered } }]) // prettier-ignore
    await say(replica, patient, 'm1')
    await keeper.written()
    await admin.query(`drop database ${name} with (force)`)
    await admin.query(`create database ${name} template ${name}_backup`)
    await expect.poll(() => keeper.holding().at, { timeout: 20_000 }).toBe('put back')
    expect(keeper.holding()).toMatchObject({ differs: { confirmations: 1, communications: 1 } })
    const staff = await staffOf(url, kind)
    expect(await staff.count('communications')).toBe(0)
    await keeper.settle(choice)
    await keeper.readNow()
    await keeper.written()
    const [there, type] = choice === 'trust' ? [0, null] : [1, 'Portal']
    expect(await staff.count('communications')).toBe(there)
    expect(await staff.row('events', 2)).toMatchObject({ confirmation_type: type })
    await say(replica, patient, 'm2')
    await keeper.written()
    expect(await staff.count('communications')).toBe(there + 1)
    expect(keeper.holding().at).toBe('connected')
  },
  60_000,
)
