/**
 * Welcomes: once for a number of which staff set consent, a text that says what will come and how to stop it. Who is to be
 * welcomed stands in the index, so nothing is remembered here. The text is claimed in one change with the word that the
 * number was welcomed, before the provider is asked; from then on it is the sender's (`settling.ts`).
 */
import type { Clock } from '../../replica/clock.ts'
import { derivedUlid } from '../../replica/ids.ts'
import { toWelcome, type ConsentEntry } from '../../replica/kinds/consents.ts'
import type { PatientFields } from '../../replica/kinds/fields.ts'
import type { By } from '../../replica/kinds/kind.ts'
import type { Edit, Follower, Replica } from '../../replica/replica-face.ts'
import { rounds } from '../rounds.ts'
import { communicationFacts } from './claims.ts'
import { numberOf, type ConsentKeys } from './consent-number.ts'
import { situationsOf, toWelcomeView, type Situations } from './situation.ts'
import { judgeWelcome, welcomeLasts, type WelcomeSituation } from './welcome.ts'
import { textLanguage, welcomeText, welcomeWording, type TextLanguage } from './wording.ts'
import { zonesOfNumber } from './zones.ts'

interface Welcomed extends WelcomeSituation {
  readonly patient: string
  readonly site: string
  readonly number: string
  readonly language: TextLanguage
}
const lookAgainAfter = 5_000

/** What is asked of a number where its welcome is judged; undefined where it is no patient's who is known here. */
export async function welcomeOf(
  { replica, situations, keys, isAnyHour, now }: { readonly replica: Replica; readonly situations: Situations; readonly keys: ConsentKeys; readonly isAnyHour: boolean; readonly now: number }, // prettier-ignore
  recipient: string,
  /** By default whichever patient of the number says yes, the one of whom it was set last. */
  patient?: string,
): Promise<Welcomed | undefined> {
  const entries = await replica.entries('consents', recipient)
  const optedIn = entries.filter((one) => one.kind === 'opted in' && one.how === 'staff').map(({ at }) => at)
  const rows = patient === undefined ? (await replica.index({ view: 'patient', state: recipient })).map(({ id }) => id) : [patient] // prettier-ignore
  const people = await Promise.all(rows.map(async (key) => ({ key, record: await replica.record('patients', key) })))
  const setAt = (one: (typeof people)[number]): number => one.record?.times.get('textConsent') ?? 0
  const [last] = people.filter(({ record }) => patient !== undefined || record?.fields['textConsent'] === true).toSorted((a, b) => setAt(b) - setAt(a) || (a.key < b.key ? -1 : 1)) // prettier-ignore
  const site = last && (await replica.head('patients', last.key))?.facts.site
  if (!last?.record || !site || optedIn.length === 0) return undefined
  const person = last.record.fields as Partial<PatientFields>
  const number = numberOf(person.cellPhone)
  const { zone } = await situations.practiceOf(site)
  // Without the practice's record no hour is known: it has not come yet.
  if (zone === undefined) return undefined
  return {
    now,
    settings: await situations.settingsOf(site),
    zone,
    zones: [zone, ...(number === undefined ? [] : zonesOfNumber(number)), ...(person.zones ?? '').split(' ').filter(Boolean)], // prettier-ignore
    optedInAt: Math.max(...optedIn),
    whyNoText: await situations.consents.whyNoText({ cellPhone: person.cellPhone ?? null, textConsent: person.textConsent ?? null }), // prettier-ignore
    isGone: number === undefined || keys.ofNumber(number) !== recipient || person.deleted === true || (person.survivor ?? null) !== null, // prettier-ignore
    isAnyHour,
    patient: last.key,
    site,
    number: number ?? '',
    language: textLanguage(person.language),
  }
}

export type Welcoming = ReturnType<typeof welcoming>

export function welcoming(options: {
  readonly replica: Replica
  readonly keys: ConsentKeys
  readonly clock: Clock
  /** Whether anything may go outward for the practice now. */
  readonly isOpen: () => boolean
  readonly hasProvider: () => boolean
  readonly isAnyHour: () => boolean
  /** Resolves when the pages show all that is durable now. */
  readonly indexed: () => Promise<void>
  /** Told of a text that was claimed: the sender hands it over. */
  readonly claimed: (message: string) => void
  /** Told of what failed; codes and ids only. */
  readonly log: (line: string) => void
}) {
  const { replica, keys, clock } = options
  const situations = situationsOf(options)
  const by: By = { role: 'portal', id: replica.id }

  const claim = async (recipient: string, of: Welcomed): Promise<string> => {
    const { patient, site, number, language } = of
    const at = clock.now()
    const message = derivedUlid('welcome', recipient)
    const welcomed: ConsentEntry = { kind: 'welcomed', at, by, channel: 'text', message, wording: welcomeWording(language) } // prettier-ignore
    const body = welcomeText(await situations.senderOf(site), language)
    const edits: Edit[] = [
      { collection: 'communications', key: patient, facts: await communicationFacts(replica, patient, site), add: { [message]: { kind: 'text', at, by, what: 'welcome', to: number, recipient, body, saysStop: true } } }, // prettier-ignore
      { collection: 'consents', key: recipient, add: { welcomed } },
    ]
    await replica.change(edits)
    return message
  }
  /** Claims what may go out now; resolves with when more may. */
  const round = async (): Promise<number | null> => {
    if (!options.hasProvider()) return null
    if (!options.isOpen()) return clock.now() + lookAgainAfter
    await options.indexed()
    let next = Infinity
    for (const { id } of await replica.index({ view: toWelcomeView, from: clock.now() - welcomeLasts })) {
      const now = clock.now()
      // The index may be behind what was claimed a moment ago.
      if (!toWelcome(await replica.entries('consents', id))) continue
      const found = await welcomeOf({ replica, situations, keys, now, isAnyHour: options.isAnyHour() }, id)
      const verdict = found && judgeWelcome(found)
      if (verdict?.is === 'wait') next = Math.min(next, verdict.until)
      if (verdict?.is !== 'send') continue
      if (!options.isOpen()) return clock.now() + lookAgainAfter
      options.claimed(await claim(id, found!))
    }
    return next === Infinity ? null : next
  }
  const all = rounds({
    clock,
    round,
    failed(error) {
      options.log(`Welcomes wait: ${(error as Error).name}`)
      return clock.now() + lookAgainAfter
    },
  })
  const follower: Follower = replica.follow({
    name: 'welcomes',
    // Who has the number, and what is set, may come after the yes.
    collections: ['consents', 'patients', 'practice', 'preferences'],
    handle() {
      all.wake()
      return Promise.resolve([])
    },
  })
  all.wake()
  return {
    wake: all.wake,
    /** Resolves when nothing is under way. */
    async settled(): Promise<void> {
      await follower.caughtUp()
      await all.settled()
    },
    async stop(): Promise<void> {
      await follower.stop()
      await all.stop()
    },
  }
}
