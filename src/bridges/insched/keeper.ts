/**
 * InSched's database as a site keeps it: connected through a bridge, let go of for a backup, waiting to get it back, or
 * standing by while another agent works on it. It has the face of a bridge; what needs the database while it is not
 * connected is refused with a sentence. While it is let go of, no handle of it is open in this process.
 */
import { LetGo, startInSchedBridge, type BridgeOptions, type InSchedBridge } from './bridge.ts'
import { openInSched } from './insched.ts'
import { differsOf, goneInWords, type Choice, type Differs } from './put-back.ts'
import { InSchedRefused, LeaseHeld, PutBack } from './refused.ts'

export type Holding =
  | { readonly at: 'connected' }
  /** Until when, milliseconds UTC. */
  | { readonly at: 'disconnected'; readonly until: number }
  /** It is to be connected, and is not; since when, and why. */
  | { readonly at: 'reconnecting'; readonly since: number; readonly why: string }
  /** It was put back to a backup; noticed when, and what it lacks. An admin has to choose (DOM-19). */
  | { readonly at: 'put back'; readonly since: number; readonly differs: Differs }
  /** Another agent has it; who and until when is in the sentence. */
  | { readonly at: 'standby'; readonly why: string }

export interface InSchedKeeper extends InSchedBridge {
  holding(): Holding
  /** Lets go until about `until`; resolves when no handle is open. Again with another time only says so. */
  letGo(until: number): Promise<void>
  /** Opens it again and checks what it is; resolves when it is connected, or was let go of again. Tries until then. */
  takeBack(): Promise<void>
  /** Does what an admin chose for a database that was put back, and connects it; rejects with a sentence where it was not, or cannot be done now. */
  settle(choice: Choice): Promise<void>
  /** Calls `run` when the holding changes. */
  onChange(run: () => void): void
}

/** A site's database is let go of: until when is in the sentence. */
export class Disconnected extends InSchedRefused {
  override readonly name = 'Disconnected'
}

export interface KeeperOptions extends BridgeOptions {
  /** Until when the database is let go of from the start; undefined: it is connected. */
  readonly disconnectedUntil: number | undefined
  /** A moment as staff say it. */
  readonly say: (moment: number) => string
}

/** Since when it was noticed, in the replica. */
const noticed = 'insched put back'

/** What staff read of a database that was put back. */
function putBackInWords({ since, differs }: Extract<Holding, { at: 'put back' }>, say: (moment: number) => string): string {
  const { newest, missing, other } = differs
  const last = newest === null ? 'holds no change' : `holds no change after ${say(Date.parse(newest))}`
  return `InSched’s database was put back to a backup (noticed ${say(since)}). It ${last}. Of what was written into it, ${goneInWords(differs)} are gone; of what the portal has, ${missing} records are missing in it and ${other} are others. Nothing is read or written before an admin chooses: patientconnection insched restored write-back|trust`
} // prettier-ignore

const firstWait = 500
const longestWait = 10_000
/** How long another agent cannot have the database after the end of a window: as long as its own may need to come back. */
const grace = 5 * 60_000
/** A standby looks again no sooner than this, milliseconds. */
const lookAgain = 1_000

/** Connects, or stands by where another agent has the database; rejects with InSchedRefused where it cannot be had at all. */
export async function keepInSched(options: KeeperOptions): Promise<InSchedKeeper> {
  const { clock } = options
  const listeners: (() => void)[] = []
  const locals = new Map<string, number>()
  let bridge: InSchedBridge | undefined
  let holding: Holding = { at: 'reconnecting', since: clock.now(), why: 'It was not opened yet.' }
  let waiting: (() => void)[] = []
  let closing: Promise<void> = Promise.resolve()
  /** What is being opened; resolves when it is or cannot be. */
  let opening: Promise<void> = Promise.resolve()
  let cancelRetry = (): void => {}
  let stopped = false
  /** Until when it is let go of. */
  let until = options.disconnectedUntil

  const become = (next: Holding): void => {
    holding = next
    if (next.at === 'connected' || next.at === 'disconnected') for (const resolve of waiting.splice(0)) resolve()
    for (const run of listeners) run()
  }
  /** Opens the database, or stands by where another agent has it; throws where neither can be. */
  const open = async (choice?: Choice): Promise<void> => {
    try {
      const opened = await startInSchedBridge({ ...options, ...(choice ? { putBack: choice } : {}), foundPutBack })
      // It may have been let go of, or stopped, while it was opened.
      if (stopped || holding.at === 'disconnected') return await opened.stop(until === undefined ? undefined : until + grace) // prettier-ignore
      bridge = opened
      if (holding.at === 'put back' || choice) await options.replica.remember(noticed, 0)
      become({ at: 'connected' })
    } catch (error) {
      if (error instanceof PutBack && !stopped) return become(await putBack())
      if (!(error instanceof LeaseHeld)) throw error
      become({ at: 'standby', why: `${error.message.replace(/ Stop that one first\.$/, '')} This one takes over when that one is gone.` }) // prettier-ignore
      // Until then nothing of it has to be opened.
      const wait = Math.max(lookAgain, error.until - clock.now() + lookAgain)
      cancelRetry = clock.after(wait, () => reopen(firstWait))
    }
  }
  /** Since when it is put back, also over restarts, and what it lacks. */
  const putBack = async (): Promise<Holding> => {
    const { url, mapping, replica, site } = options
    const since = (await replica.remembered(noticed)) || clock.now()
    await replica.remember(noticed, since)
    const insched = await (options.open ?? openInSched)(url, { mapping, clock })
    try {
      // A document was of another row before: by the restored database all of it is looked up anew.
      locals.clear()
      return { at: 'put back', since, differs: await differsOf({ insched, replica, site: site.key }) }
    } finally {
      await insched.close()
    }
  }
  /** The bridge met a database that was put back: it ends, and the database is opened again and looked at. */
  const foundPutBack = (): void => {
    const open = bridge
    bridge = undefined
    if (!open || stopped || holding.at === 'disconnected') return
    become({ at: 'reconnecting', since: clock.now(), why: 'It was put back to a backup.' })
    closing = open.stop()
    opening = closing.then(() => opened(firstWait))
  }
  const reopen = (wait: number): void => void (opening = opened(wait))
  const opened = async (wait: number): Promise<void> => {
    try {
      await open()
    } catch (error) {
      if (stopped || holding.at === 'disconnected') return
      const since = holding.at === 'reconnecting' ? holding.since : clock.now()
      become({ at: 'reconnecting', since, why: (error as Error).message })
      cancelRetry = clock.after(wait, () => reopen(Math.min(longestWait, wait * 2)))
    }
  }
  const sentence = (): string => {
    switch (holding.at) {
      case 'disconnected':
        return `InSched’s database is disconnected for backup until ${options.say(holding.until)}. Nothing is lost. Do it again then; on the command line --wait waits for it.`
      case 'standby':
        return holding.why
      case 'put back':
        return putBackInWords(holding, options.say)
      default:
        return `InSched’s database is not connected again yet: ${holding.at === 'reconnecting' ? holding.why : ''}`
    }
  }
  const connected = (): InSchedBridge => {
    if (bridge) return bridge
    throw holding.at === 'disconnected' ? new Disconnected(sentence()) : new InSchedRefused(sentence())
  }
  /** What was under way when the database was let go of is told why. */
  const during = async <T>(work: (on: InSchedBridge) => Promise<T>): Promise<T> => {
    try {
      return await work(connected())
    } catch (error) {
      if (error instanceof LetGo && !bridge) connected()
      throw error
    }
  }

  if (options.disconnectedUntil !== undefined) become({ at: 'disconnected', until: options.disconnectedUntil })
  else await open()

  return {
    holding: () => holding,
    async letGo(end) {
      cancelRetry()
      const open = bridge
      bridge = undefined
      until = end
      become({ at: 'disconnected', until: end })
      if (open) closing = open.stop(end + grace)
      await opening
      await closing
    },
    async takeBack() {
      if (stopped || holding.at !== 'disconnected') return
      await closing
      // It may have been let go of again, or stopped, meanwhile.
      if (stopped || bridge || holding.at !== 'disconnected') return
      const back = new Promise<void>((resolve) => waiting.push(resolve))
      until = undefined
      become({ at: 'reconnecting', since: clock.now(), why: 'It is being opened.' })
      reopen(firstWait)
      await back
    },
    async settle(choice) {
      if (holding.at !== 'put back') throw new InSchedRefused('InSched’s database was not put back to a backup, so there is nothing to choose.') // prettier-ignore
      await opening
      await open(choice)
    },
    onChange: (run) => void listeners.push(run),
    readNow: (progress) => during((on) => on.readNow(progress)),
    sayAgain: () => during((on) => on.sayAgain()),
    wouldSay: (localId) => during((on) => on.wouldSay(localId)),
    written: () =>
      during(async (on) => {
        await on.written()
        // Ends also when the followers are stopped, with work left.
        if (bridge !== on) throw new LetGo()
      }),
    writeRecord: (record) => during((on) => on.writeRecord(record)),
    documentOf: async (table, localId) => connected().documentOf(table, localId),
    occurrenceOf: async (document) => connected().occurrenceOf(document),
    async localOf(document) {
      const found = bridge ? await bridge.localOf(document) : locals.get(document)
      if (found !== undefined) locals.set(document, found)
      return found
    },
    patient: async (localId) => connected().patient(localId),
    billingOf: async (localId) => connected().billingOf(localId),
    isHeld: async (patient) => connected().isHeld(patient),
    namesForTexts: async () => connected().namesForTexts(),
    findPatients: async (text) => connected().findPatients(text),
    stagesOf: async (plans) => connected().stagesOf(plans),
    status() {
      if (bridge) return bridge.status()
      return { lastRead: null, problem: holding.at === 'disconnected' ? null : sentence(), notes: [] }
    },
    async stop() {
      stopped = true
      cancelRetry()
      for (const resolve of waiting.splice(0)) resolve()
      const open = bridge
      bridge = undefined
      await opening
      await closing
      await open?.stop()
    },
  }
}
