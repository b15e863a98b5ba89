/** Two sites edit one record while apart: both end with the same, and what lost is a review item once, by who lost. */
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import { fieldConflicts } from '../../src/mirror/field-conflicts.ts'
import { foldReview } from '../../src/replica/kinds/reviews.ts'
import { memoryStore } from '../../src/replica/memory-store.ts'
import { openReplica, type OpenReplica } from '../../src/replica/replica.ts'
import type { ReplicaId } from '../../src/replica/ids.ts'
import { clock, factsOf, fileReplica, folder, linkTo, portalFor, ulid } from '../replica/world.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const edit = (replica: OpenReplica, key: string, set: Record<string, string>, at: number) =>
  replica.change([{ collection: 'patients', key, facts: factsOf(key, 'S'), set, at }])
const openReviews = async (replica: OpenReplica) =>
  Promise.all(
    (await replica.list('reviews')).map(async (head) => ({
      ...foldReview(await replica.entries('reviews', head.key))!,
      site: head.facts.site,
    })),
  )

it('[DOM-18] two sites edit a record offline: other fields keep both, of the same field the newer stands and the loser is one review of its own replica', async () => {
  const practice = ulid()
  const dir = folder()
  const one = await fileReplica(join(dir, 'one.sqlite'), practice, ulid())
  const two = await fileReplica(join(dir, 'two.sqlite'), practice, ulid())
  const portal = await portalFor(() => one)
  const [siteOne, siteTwo] = [ulid(), ulid()]
  const followers = [one.follow(fieldConflicts(one, siteOne, clock)), two.follow(fieldConflicts(two, siteTwo, clock))]
  const link = linkTo(portal, two, one.id)
  closers.push(() => one.close(), () => two.close(), () => portal.close(), () => link.stop()) // prettier-ignore
  const patient = ulid()
  await edit(one, patient, { cellPhone: 'first', email: 'first', language: 'en' }, 1_000)
  await link.caughtUp()
  await link.stop()
  // The newer edit is made first: what counts is the time of the edit, not when it was read.
  await edit(two, patient, { cellPhone: 'of two' }, 9_000)
  await edit(two, patient, { email: 'of two' }, 3_000)
  await edit(one, patient, { cellPhone: 'of one' }, 4_000)
  await edit(one, patient, { cellPhone: 'of one again', language: 'es' }, 5_000)
  const again = linkTo(portal, two, one.id)
  closers.push(() => again.stop())
  await again.caughtUp()
  for (const follower of followers) await follower.caughtUp()
  await again.caughtUp()
  for (const replica of [one, two])
    expect((await replica.record('patients', patient))!.fields).toEqual({
      cellPhone: 'of two',
      email: 'of two',
      language: 'es',
    })
  for (const replica of [one, two]) {
    const reviews = await openReviews(replica)
    expect(reviews).toMatchObject([{ about: 'field conflict', patient, site: siteOne }])
    expect(reviews[0]!.why).toMatch(/“cellPhone” of a patient.*“of two” stands.*“of one again” of this site/)
  }
  // Seen again, it is not said again; corrected, it is over.
  await edit(one, patient, { cellPhone: 'settled' }, 10_000)
  await again.caughtUp()
  for (const follower of followers) await follower.caughtUp()
  expect(await openReviews(one)).toHaveLength(1)
  expect((await one.record('patients', patient))!.conflicts).toEqual([])
})

it('[DOM-18] whatever two sites do to a field while apart, both keep the same value, and a value that lost unseen is never silent', async () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 50 })), { minLength: 1, maxLength: 8 }) // prettier-ignore
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (list, met) => {
      const practice = ulid()
      const sites = await Promise.all(
        ['0', '1'].map(() => openReplica({ store: memoryStore(), practice, id: ulid() as ReplicaId, clock })),
      )
      const exchange = async () => {
        for (const [from, to] of [
          [sites[0]!, sites[1]!],
          [sites[1]!, sites[0]!],
        ] as const) {
          // prettier-ignore
          await to.replication.meet(from.replication.declared())
          await from.replication.meet(to.replication.declared())
          for (const collection of ['patients', 'reviews'] as const) {
            const out = await from.replication.outgoing(to.id, collection, { from: 0, complete: 0, maxBytes: 1e6 }, () => true) // prettier-ignore
            await to.replication.receive(from.id, { collection, from: 0, to: out.to, tail: true, epoch: from.replication.declared().epochs.at(-1)!.id, rows: out.rows }, () => true) // prettier-ignore
          }
        }
      }
      if (met) {
        await edit(sites[0]!, 'p', { phone: 'start' }, 1)
        await exchange()
      }
      const last = new Map<number, string>()
      for (const [which, value, at] of list) {
        await edit(sites[+which]!, 'p', { phone: value }, at)
        last.set(+which, (await sites[+which]!.record('patients', 'p'))!.fields['phone'] as string)
      }
      const edited = new Set(list.map(([which]) => +which))
      await exchange()
      const [a, b] = await Promise.all(sites.map(async (site) => (await site.record('patients', 'p'))!))
      expect(a).toEqual(b)
      const lost = [...last].filter(([, value]) => value !== a!.fields['phone'])
      const expected = edited.size === 2 ? lost.map(([site]) => sites[site]!.id) : []
      expect(a!.conflicts.map((conflict) => conflict.replica)).toEqual(expected)
      for (const site of sites) {
        await site.follow(fieldConflicts(site, ulid(), clock)).caughtUp()
        expect(await site.count('reviews')).toBe(expected.filter((id) => id === site.id).length)
        await site.close()
      }
    }),
    { numRuns: 100 },
  )
})
