/**
 * What a practice site is: a replica with its index, the InSched bridge, and the link to the portal, with the operations
 * that the command line and the console offer. Local ids of InSched in and out.
 */
import { realpathSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { settingsOf, type SiteOptions } from './enrolling.ts'
import { startInSchedBridge, type InSchedBridge } from './bridges/insched/bridge.ts'
import { isReachable } from './bridges/insched/documents.ts'
import { fieldConflicts } from './mirror/field-conflicts.ts'
import { erasePatient } from './mirror/erasing.ts'
import { keepToSettings } from './mirror/keeping-to-settings.ts'
import { defaultSettings, isSent, passes } from './mirror/policy.ts'
import { keepChunks } from './replica/chunks.ts'
import { keepLink, type Link, type Restore } from './replica/connection.ts'
import { mintUlid, type Ulid } from './replica/ids.ts'
import { foldAccess } from './replica/kinds/access.ts'
import type { Attachment } from './replica/kinds/attachments.ts'
import type { Answer } from './replica/kinds/confirmations.ts'
import type { PracticeFields } from './replica/kinds/fields.ts'
import type { By } from './replica/kinds/kind.ts'
import type { Review } from './replica/kinds/reviews.ts'
import type { Waiting } from './replica/quarantine.ts'
import { openReplica } from './replica/replica.ts'
import { weeklyProof } from './replica/weekly-proof.ts'
import type { Passes } from './replica/collections.ts'
import { openSqliteStore } from './replica/sqlite-store.ts'
import { withFiles, type IncomingFile } from './server/attachments/taking.ts'
import { virusScan } from './server/attachments/virus-scan.ts'
import { hashOf } from './server/control-store-sqlite.ts'
import { dialing, whyUnreached } from './server/dialing.ts'
import { indexedCollections, pageIndex } from './server/page-index.ts'

/** The most that Recent Communications gives at once. */
const mostRecent = 500

export type Site = Awaited<ReturnType<typeof openSite>>

/** What a restore was, for the status. */
function inWords({ which, at, rows }: Restore): string {
  const changes = `${rows.toLocaleString('en-US')} ${rows === 1 ? 'change' : 'changes'}`
  const when = new Date(at).toISOString()
  return which === 'here'
    ? `This replica was restored (noticed at ${when}); ${changes} came back from the portal.`
    : `The portal was restored (noticed at ${when}); ${changes} went back to it.`
}

/** What waits because it builds on what did not arrive (LINK-12), for the status. */
function waitingInWords({ changes, since }: Waiting): string {
  const what = changes === 1 ? '1 change' : `${changes.toLocaleString('en-US')} changes`
  return `${what} from the portal ${changes === 1 ? 'waits' : 'wait'} since ${new Date(since).toISOString()}: what they build on did not arrive. They are tried again by themselves; see the reviews.`
}

/** Opens an enrolled site and starts its bridge and link; throws a sentence where it cannot. `mostBytes` bounds the replica's file. */
export async function openSite(options: SiteOptions & { readonly mostBytes?: number | undefined }) {
  const { dir, master, clock } = options
  const settings = settingsOf(dir)
  const site = { key: settings.site, name: settings.siteName }
  const may =
    (direction: 'up' | 'down'): Passes =>
    (collection, facts, erasure = false) =>
      passes(defaultSettings, { collection, facts, direction, site: settings.site as Ulid, now: clock.now(), erasure })
        .passes
  const store = await openSqliteStore({ file: join(dir, 'replica.sqlite'), master, mostBytes: options.mostBytes })
  const replica = await openReplica({
    store,
    practice: settings.practice as Ulid,
    id: settings.replica as Ulid,
    clock,
    passes: may('up'),
    site: settings.site,
  })
  let bridge: InSchedBridge
  try {
    bridge = startInSchedBridge({
      url: settings.insched,
      replica,
      practice: settings.practice,
      site,
      holder: `${hostname()}:${realpathSync(dir)}`,
      station: hostname(),
      clock,
    })
  } catch (error) {
    await replica.close()
    throw error
  }
  const key = master.open(Buffer.from(settings.hmacKey, 'base64'), 'hmac key')
  const chunks = keepChunks({ replica, store: store.chunks, key: Buffer.from(key.toString(), 'base64'), clock })
  const scan = settings.scan ? virusScan(settings.scan, clock) : undefined
  const index = replica.follow({ name: 'index', collections: indexedCollections, handle: pageIndex(replica) })
  replica.follow(fieldConflicts(replica, site.key, clock))
  const link: Link = keepLink({
    replica,
    peer: settings.portalReplica,
    url: `${settings.portal.replace(/^http/, 'ws')}/link`,
    dial: dialing(settings.ca ?? undefined).dial,
    whyUnreached,
    device: {
      certificate: settings.certificate,
      privateKey: Buffer.from(master.open(Buffer.from(settings.privateKey, 'base64'), 'private key')).toString(),
    },
    passesOut: may('up'),
    passesIn: may('down'),
    // What should be at the portal is what may go there: an owner's own records, withheld, are not missing.
    shared: may('up'),
    chunks,
    settings: { version: () => defaultSettings.version, sends: (name) => isSent(defaultSettings, name, 'up') },
    clock,
  })
  const proofs = weeklyProof({ replica, link, clock })
  const stopKeeping = keepToSettings(replica, clock)

  /** Does what needs the portal; gives up with a sentence where it is not connected. */
  const reachPortal = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const give = Promise.withResolvers<never>()
    const cancel = clock.after(8_000, () => {
      void link.status().then((now) => {
        if (now.state !== 'connected')
          give.reject(
            new Error(
              `${what} waits: ${now.problem ?? 'the portal is not connected.'} Nothing is lost; it goes on by itself when the portal answers.`,
            ),
          )
      })
    })
    try {
      return await Promise.race([work(), give.promise])
    } finally {
      cancel()
    }
  }
  /** The keys of the records that the policy passes to the portal. */
  const atPortal = async (collection: 'patients' | 'plans' | 'events'): Promise<string[]> => {
    const keys: string[] = []
    for (let after: string | undefined; ;) {
      const heads = await replica.list(collection, after, 2_000)
      for (const { key, facts } of heads) if (may('up')(collection, facts)) keys.push(key)
      if (heads.length === 0) return keys
      after = heads.at(-1)!.key
    }
  }
  const patientKey = (localId: number): string => {
    const row = bridge.patient(localId)
    const key = row && bridge.documentOf('patients', localId)
    if (!row || key === undefined)
      throw new Error(`There is no patient ${localId} in InSched. Look the number up in InSched; it is the patient_id.`)
    if (row.survivor_id !== null)
      throw new Error(`Patient ${localId} was combined into patient ${row.survivor_id}. Use that number.`)
    if (row.portal_enabled !== 1)
      throw new Error(`Patient ${localId} has no portal access. Enable the portal for this patient in InSched first.`)
    if (bridge.isHeld(key))
      throw new Error(
        `Name and birth date of patient ${localId} were both changed, so this may be another person. Resolve the review first; list them with: patientconnection reviews`,
      )
    return key
  }
  const factsOfPatient = async (key: string) => {
    const head = await replica.head('patients', key)
    if (!head) throw new Error('This patient was not read from InSched yet. Try again in a moment.')
    const { at: _, ...facts } = head.facts
    return facts
  }
  const agent: By = { role: 'site', id: settings.site, initials: 'PC' }
  const localOf = (key: string | null | undefined): number | null => (key ? (bridge.localOf(key) ?? null) : null)

  return {
    settings: {
      practiceName: settings.practiceName,
      siteName: settings.siteName,
      siteId: settings.site as string,
      portal: settings.portal,
    },
    bridge,
    replica,
    chunks,
    /** The attachments of a message; none where there is no such message, or it was retracted. */
    async attachmentsOf(entry: string): Promise<readonly Attachment[]> {
      const { attachments = [] } = ((await replica.indexed('message', entry))?.body ?? {}) as {
        attachments?: Attachment[]
      }
      return attachments
    },
    /** The IANA zone of the site, as InSched has it. */
    async zone(): Promise<string> {
      const { zone } = ((await replica.indexed('practice', settings.site))?.body ?? {}) as Partial<PracticeFields>
      return zone ?? 'UTC'
    },
    /**
     * Upload Records: reads what is unread and waits until the portal has it. The counts are of all that the portal holds
     * by then, whenever it was uploaded: records that the policy passes, and the stages of such plans.
     */
    async upload(progress: (line: string) => void = () => {}) {
      const began = clock.now()
      await bridge.readNow((now) =>
        progress(`read ${now.patients} patients, ${now.plans} plans, ${now.stages} stages, ${now.events} events`),
      )
      await reachPortal('Upload Records', link.caughtUp)
      const [patients, plans, events] = [await atPortal('patients'), await atPortal('plans'), await atPortal('events')]
      return {
        patients: patients.length,
        plans: plans.length,
        stages: bridge.stagesOf(plans),
        events: events.length,
        documents: patients.length + plans.length + events.length,
        seconds: (clock.now() - began) / 1000,
      }
    },
    /** Download Online Communications: takes what the portal has and waits until InSched has it. */
    async download() {
      const began = clock.now()
      const views = { messages: 'message', confirmations: 'confirmation', communications: 'communication' } as const
      const count = async (): Promise<Record<keyof typeof views, number>> => {
        await index.caughtUp()
        const rows = async (view: string): Promise<number> =>
          (await replica.index({ view })).filter((row) => row.state !== 'out').length
        return {
          messages: await rows(views.messages),
          confirmations: await rows(views.confirmations),
          communications: await rows(views.communications),
        }
      }
      const before = await count()
      await reachPortal('Download Online Communications', link.caughtUp)
      await bridge.written()
      const after = await count()
      return {
        messages: after.messages - before.messages,
        confirmations: after.confirmations - before.confirmations,
        payments: 0,
        communications: after.communications - before.communications,
        seconds: (clock.now() - began) / 1000,
      }
    },
    /** A sign-in invitation; an earlier one that is open ends. */
    async invite(patient: number, by: By = agent) {
      await bridge.readNow()
      const key = patientKey(patient)
      const token = Buffer.from(clock.bytes(24)).toString('base64url')
      const expiresAt = clock.now() + 72 * 3_600_000
      const now = clock.now()
      const { invitations } = foldAccess(await replica.entries('access', key))
      const revokes = invitations.map((invitation) => invitation.id)
      await replica.change([
        {
          collection: 'access',
          key,
          facts: await factsOfPatient(key),
          add: {
            ...(revokes.length > 0
              ? {
                  [mintUlid(clock)]: { kind: 'revoked' as const, at: now, by, revokes, why: 'new invitation' as const },
                }
              : {}),
            [mintUlid(clock)]: { kind: 'invited', at: now, by, tokenHash: hashOf(token), until: expiresAt },
          },
        },
      ])
      return {
        url: `${settings.publicUrl ?? settings.portal}/invitation/${settings.practice}.${token}`,
        expiresAt: new Date(expiresAt).toISOString(),
      }
    },
    /** Send Secure Portal Message; `files` become its attachments. Rejects with FileRefused where one is not taken. */
    async message(
      message: {
        patient: number
        event?: number | undefined
        subject: string
        text: string
        files?: AsyncIterable<IncomingFile> | undefined
      },
      by: By = agent,
    ) {
      await bridge.readNow()
      const key = patientKey(message.patient)
      const event = message.event === undefined ? null : bridge.documentOf('events', message.event)
      if (event === undefined)
        throw new Error(
          `There is no event ${message.event} with a patient in InSched's horizon. Look the number up in InSched; it is the event_id.`,
        )
      if (message.subject.trim() === '' || message.text.trim() === '')
        throw new Error('A message needs a subject and a text.')
      const entryId = mintUlid(clock)
      const { subject, text, files } = message
      const say = async (attachments: Attachment[]): Promise<void> =>
        replica.change([
          {
            collection: 'messages',
            key,
            facts: await factsOfPatient(key),
            add: {
              [entryId]: {
                kind: 'message',
                at: clock.now(),
                by,
                thread: mintUlid(clock),
                subject,
                text,
                event,
                ...(attachments.length > 0 ? { attachments } : {}),
              },
            },
          },
        ])
      await (files ? withFiles({ chunks, scan }, files, key, say) : say([]))
      return { entryId }
    },
    /** Recent Communications, newest first; `cut` where there are more than it gives. */
    async recent(
      query: { patient?: number | undefined; channel?: string | undefined; since?: number | undefined } = {},
    ) {
      await index.caughtUp()
      const key = query.patient === undefined ? undefined : bridge.documentOf('patients', query.patient)
      if (query.patient !== undefined && key === undefined)
        throw new Error(`There is no patient ${query.patient} in InSched.`)
      if (query.channel !== undefined && query.channel !== 'portal') return { items: [], cut: false }
      const rows = await replica.index({
        view: 'communication',
        descending: true,
        limit: mostRecent + 1,
        ...(key ? { patient: key } : {}),
        ...(query.since ? { from: query.since } : {}),
      })
      const items = rows.slice(0, mostRecent).map((row) => {
        const { direction, subject, event, hasFiles } = row.body as {
          direction: string
          subject: string
          event: string | null
          hasFiles?: boolean
        }
        return {
          at: new Date(row.at).toISOString(),
          channel: 'portal',
          direction,
          patient: localOf(row.patient),
          event: localOf(event),
          subject,
          state: row.state,
          ...(hasFiles ? { entry: row.id } : {}),
        }
      })
      return { items, cut: rows.length > mostRecent }
    },
    async confirmations(query: { event?: number | undefined } = {}) {
      await index.caughtUp()
      const rows = await replica.index({ view: 'confirmation', descending: true })
      const items = rows.flatMap((row) =>
        (row.body as unknown as Answer[]).map((answer) => ({
          event: localOf(row.id),
          confirmedAt: new Date(answer.at).toISOString(),
          type: answer.state === 'written' ? answer.confirmationType : null,
          state: answer.state,
          writtenAt: answer.state === 'written' ? new Date(answer.writtenAt).toISOString() : null,
        })),
      )
      return { items: query.event === undefined ? items : items.filter((item) => item.event === query.event) }
    },
    async reviews() {
      await index.caughtUp()
      const rows = await replica.index({ view: 'review', state: 'open', descending: true })
      const waiting = new Map((await replica.waiting()).map((one) => [one.review, one]))
      const items = rows.map((row) => {
        const review = row.body as unknown as Review
        const waits = waiting.get(row.id)
        return {
          id: row.id,
          kind: review.about,
          why: review.why,
          todo: review.todo,
          openedAt: new Date(review.openedAt).toISOString(),
          patient: localOf(review.patient),
          event: localOf(review.event),
          ...(waits ? { changes: waits.changes, since: new Date(waits.since).toISOString() } : {}),
        }
      })
      return { items }
    },
    async resolve(id: string, note: string, by: By = agent) {
      if (!(await replica.head('reviews', id)))
        throw new Error(`There is no review ${id}. List them with: patientconnection reviews`)
      await replica.change([
        { collection: 'reviews', key: id, add: { [mintUlid(clock)]: { kind: 'resolved', at: clock.now(), by, note } } },
      ])
      return { id }
    },
    async status() {
      const now = await link.status()
      const insched = bridge.status()
      const waiting = await replica.waiting()
      const problems = [insched.problem, now.problem, ...waiting.map(waitingInWords)].filter((one) => one !== null)
      const since = new Date(now.since).toISOString()
      const state =
        now.state === 'connected'
          ? now.behind > 0
            ? 'Behind'
            : insched.problem
              ? 'Behind'
              : 'Working'
          : `Down since ${since}`
      const lastContact = now.lastContact === null ? null : new Date(now.lastContact).toISOString()
      const reviews = (await replica.index({ view: 'review', state: 'open' })).length
      return {
        state,
        since,
        link: now.state,
        peers: [
          {
            name: 'portal',
            sent: now.sent,
            acked: Math.max(0, now.sent - now.behind),
            received: now.received,
            behind: now.behind,
          },
        ],
        queues: { toPortal: now.behind, reviews, waiting: waiting.reduce((sum, { changes }) => sum + changes, 0) },
        lastContact,
        problems,
        notes: now.restores.map(inWords),
      }
    },
    /** Erases all that is about a patient here and at the portal; what InSched has is InSched's. */
    async erasePatient(patient: number) {
      await bridge.readNow()
      const row = bridge.patient(patient)
      const key = row && bridge.documentOf('patients', patient)
      if (!row || key === undefined)
        throw new Error(
          `There is no patient ${patient} in InSched. Look the number up in InSched; it is the patient_id.`,
        )
      if (isReachable(row))
        throw new Error(
          `Patient ${patient} has portal access, or consent to text or email, so the records would come back. End these in InSched first, then erase.`,
        )
      const documents = await erasePatient(replica, key)
      // What was made of them goes too, also where this process ends right after.
      await Promise.all([index.caughtUp(), chunks.caughtUp()])
      return { documents }
    },
    /** Proves that the portal holds what it should, and heals what differs. */
    async verify() {
      // What waits at either end for what does not come would be waited for in vain; the proof is what heals it.
      const waits = (await replica.index({ view: 'review', state: 'open' })).some(
        (row) => (row.body as unknown as Review).about === 'changes wait',
      )
      if (!waits) await reachPortal('The proof', link.caughtUp)
      await replica.retryWaiting()
      return reachPortal('The proof', proofs.prove)
    },
    /** Calls `run` when the link changes. */
    onChange: (run: () => void) => link.onChange(run),
    async close() {
      proofs.stop()
      stopKeeping()
      await link.stop()
      await bridge.stop()
      await chunks.stop()
      await replica.close()
    },
  }
}
