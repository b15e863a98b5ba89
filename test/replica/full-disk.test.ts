/** A disk without room: changes are refused with a sentence, nothing acknowledged is lost, and work resumes when there is room. */
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import { openSqliteStore } from '../../src/replica/sqlite-store.ts'
import { StoreFull } from '../../src/replica/store.ts'
import { clock, factsOf, folder, linkTo, master, portalFor, ulid } from './world.ts'

const practice = ulid()
const site = ulid()
const small = 512 * 1024

async function replicaIn(file: string, id: ReturnType<typeof ulid>, mostBytes?: number): Promise<OpenReplica> {
  const store = await openSqliteStore({ file, master, ...(mostBytes === undefined ? {} : { mostBytes }) })
  const replica = await openReplica({ store, practice, id, clock })
  onTestFinished(() => replica.close())
  return replica
}
/** A message of text that does not compress. */
const say = (replica: OpenReplica, patient: string, id: string) =>
  replica.change([
    {
      collection: 'messages',
      key: patient,
      facts: factsOf(patient, site),
      add: {
        [id]: {
          kind: 'message',
          at: 1,
          by: { role: 'staff', id: 's' },
          thread: patient as never,
          subject: 'x',
          text: Buffer.from(clock.bytes(6_000)).toString('base64'),
        },
      },
    },
  ])
const idsIn = async (replica: OpenReplica, patient: string) =>
  (await replica.entries('messages', patient)).map((entry) => entry.id)

it('[LOG-3] a change that finds no room is refused whole with a sentence, and what was acknowledged is there after it and after a restart', async () => {
  const [file, id] = [join(folder(), 'site.sqlite'), ulid()]
  const replica = await replicaIn(file, id, small)
  const acknowledged: string[] = []
  let refusal: unknown
  for (let i = 0; refusal === undefined; i++) {
    const patient = ulid()
    await say(replica, patient, 'm').then(
      () => acknowledged.push(patient),
      (error: unknown) => (refusal = error),
    )
    expect(i).toBeLessThan(1_000)
  }
  expect(refusal).toBeInstanceOf(StoreFull)
  expect((refusal as Error).message).toMatch(/The disk is full\. Nothing of this was saved/)
  expect(acknowledged.length).toBeGreaterThan(20)
  expect(await replica.count('messages')).toBe(acknowledged.length)
  await replica.close()
  const again = await replicaIn(file, id)
  for (const patient of acknowledged) expect(await idsIn(again, patient)).toEqual(['m'])
  await say(again, acknowledged[0]!, 'after')
  expect((await idsIn(again, acknowledged[0]!)).toSorted()).toEqual(['after', 'm'])
})

it('[LINK-4] a peer whose disk is full acknowledges nothing that it could not keep, and gets the rest when it has room', async () => {
  const dir = folder()
  const hubId = ulid()
  let hub = await replicaIn(join(dir, 'hub.sqlite'), hubId, small)
  const own = await replicaIn(join(dir, 'site.sqlite'), ulid())
  const portal = await portalFor(() => hub)
  onTestFinished(() => portal.close())
  const patients = Array.from({ length: 120 }, () => ulid())
  await Promise.all(patients.map((patient) => say(own, patient, 'm')))
  const link = linkTo(portal, own, hubId)
  onTestFinished(() => link.stop())
  await expect.poll(async () => (await link.status()).sent).toBeGreaterThan(0)
  await expect.poll(async () => (await link.status()).state).toBe('connecting')
  expect((await link.status()).behind).toBeGreaterThan(0)
  portal.acceptor.disconnect()
  await hub.close()
  hub = await replicaIn(join(dir, 'hub.sqlite'), hubId)
  await link.caughtUp()
  for (const patient of patients) expect(await idsIn(hub, patient)).toEqual(['m'])
})
