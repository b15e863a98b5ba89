/**
 * What is true of a simulated year, told by what people did and by what the provider took: the texts of each event and each
 * line of why and why not are held beside it. A reason that this world cannot give, or that is not so, is a fault.
 */
import { expect } from 'vitest'
import type { ConsentKeys } from '../../src/bridges/texts/consent-number.ts'
import { outlookOf } from '../../src/bridges/texts/judging.ts'
import type { Rule, TextSettings } from '../../src/bridges/texts/rules.ts'
import { situationsOf, type Told } from '../../src/bridges/texts/situation.ts'
import { instantOf, wallClockOf } from '../../src/mirror/wall-clock.ts'
import { foldCommunications, type NotSentReason, type OutMessage } from '../../src/replica/kinds/communications.ts'
import type { Replica } from '../../src/replica/replica-face.ts'
import { consentOf, hasPhone, personOf, phoneOf, places, zonesOf, type Booked, type State } from './year-people.ts'

type Text = OutMessage & { readonly kind: 'text' }

const hour = 3_600_000
const day = 24 * hour
const isSent = ({ state }: OutMessage): boolean => state !== 'dropped' && state !== 'queued' && state !== 'failed'

export function yearTruth(of: {
  readonly replica: Replica
  readonly keys: ConsentKeys
  /** When each text was handed to the provider that took it, by its SID. */
  readonly handedAt: ReadonlyMap<string, number>
  /** When a number said STOP. */
  readonly stoppedAt: ReadonlyMap<string, number>
  /** What was set at a moment; two where it changed then. */
  readonly settingsAt: (at: number) => readonly TextSettings[]
}) {
  const { replica } = of
  const situations = situationsOf(of)
  const explained = new Set<string>()

  const textsOf = async (patient: string): Promise<Text[]> =>
    foldCommunications(await replica.entries('communications', patient)).out.filter((one) => one.kind === 'text')
  /** When a text that nobody took was let go. */
  const letGoAt = async (patient: string, id: string): Promise<number | undefined> =>
    (await replica.entries('communications', patient)).find((one) => one.kind === 'state' && one.message === id && one.state === 'dropped')?.at // prettier-ignore
  /** What stood at a moment; two where it changed then. */
  const statesIn = ({ states }: Booked, at: number): State[] =>
    states.filter((state, place) => state.at <= at && (states[place + 1]?.at ?? Infinity) >= at)

  /** Whether a reason is so at a moment. */
  const isSo = async (booked: Booked, rule: Rule, why: NotSentReason, { at, texts }: { at: number; texts: readonly Text[] }): Promise<boolean> => {
    const stood = statesIn(booked, at)
    const { startsAt, at: bookedAt } = booked.states.findLast((state, place, all) => all[place - 1]?.startsAt !== state.startsAt)!
    const zone = places[booked.location]![0]
    const start = instantOf(startsAt, zone)
    const phone = phoneOf(booked.family)
    const isMinor = booked.who === 1
    const some = (is: (settings: TextSettings) => boolean): boolean => of.settingsAt(at).some(is)
    switch (why) {
      case 'canceled': return stood.some(({ status }) => status === 'Canceled')
      case 'status': return rule.what !== 'after visit' && stood.some(({ status }) => status === 'Checked Out' || status === 'No Show')
      case 'not visited': return rule.what === 'after visit' && stood.some(({ status }) => status !== 'Checked Out')
      case 'started': return rule.what !== 'after visit' && at >= start
      case 'moved': return new Set(booked.states.map((state) => state.startsAt)).size > 1
      case 'confirmed': return stood.some(({ isConfirmed }) => isConfirmed)
      case 'rule is off': return some(({ rules }) => rules.some(({ id, isOn }) => id === rule.id && !isOn))
      case 'rule came later': return rule.since > Math.min(bookedAt, start - 8 * day)
      case 'another rule is closer': return some(({ rules }) => rules.some((other) => other.isOn && other.what === rule.what && other.id !== rule.id))
      case 'booked the same day': return rule.what === 'confirmation request' && wallClockOf(bookedAt, zone).slice(0, 10) === startsAt.slice(0, 10)
      case 'too late': return rule.what === 'after visit' ? at > start + 3 * day : at > start - 2 * hour
      case 'told already': return texts.some((text) => text.state !== 'dropped' && text.startsAt === startsAt && text.rule !== rule.id)
      case 'not new': return rule.what === 'booking notice' && texts.some((text) => text.state !== 'dropped' && text.startsAt !== startsAt)
      case 'nothing was told': return rule.what === 'change notice' && texts.every((text) => text.state === 'dropped' || text.at > at)
      case 'no number': return booked.who === 0 && !hasPhone(booked.family)
      case 'no number of the guarantor': return isMinor && !hasPhone(booked.family)
      case 'consent unknown': return consentOf(booked.family, booked.who) === null
      case 'no consent': return consentOf(booked.family, booked.who) === false
      case 'opted out': return (of.stoppedAt.get(phone) ?? Infinity) <= at
      case 'no hours': {
        const isOutside = ({ windowOf, excludedAt }: TextSettings): boolean => {
          const [window, wall] = [windowOf(String(booked.location)), wallClockOf(at, zone)]
          const isNight = zonesOf(phone).map((one) => wallClockOf(at, one).slice(11)).some((time) => time < '08:00' || time >= '20:55')
          return isNight || excludedAt(null)(wall.slice(0, 10)) || (window !== null && (wall.slice(11) < window.from || wallClockOf(at + 5 * 60_000, zone).slice(11) >= window.until))
        }
        return some(isOutside)
      }
      case 'cap': {
        const before: (Text & { readonly patient: string })[] = []
        for (const { key } of [0, 1, 2].map((who) => personOf(booked.family, who)))
          for (const text of await textsOf(key))
            if (text.to === phone && text.at <= at && ((await letGoAt(key, text.id)) ?? Infinity) >= at) before.push({ ...text, patient: key })
        const today = before.filter((text) => wallClockOf(text.at, zone).slice(0, 10) === wallClockOf(at, zone).slice(0, 10))
        const asked = today.filter(({ what, patient }) => what === 'confirmation request' && patient === booked.patient)
        const alone = (some: readonly Text[]): number => some.filter((text) => text.with === undefined).length
        return some(({ perDay, perWeek, requestsPerDay }) => alone(today) >= perDay || alone(before.filter((text) => text.at > at - 7 * day)) >= perWeek || (rule.what === 'confirmation request' && asked.length >= requestsPerDay))
      }
      default: return false
    }
  } // prettier-ignore

  /** The lines of an event beside what it was told; resolves with how many there are. */
  const explain = async (booked: Booked, told: Told, texts: readonly Text[]): Promise<number> => {
    const lines = outlookOf(told)
    const { startsAt } = told.event
    for (const { rule, verdict } of lines) {
      const about = (one: { readonly startsAt?: string | undefined; readonly rule?: string | undefined; readonly what: string; readonly event?: string | undefined }): boolean => one.event === booked.key && one.startsAt === startsAt && one.rule === rule.id && one.what === rule.what // prettier-ignore
      const text = texts.findLast(about)
      const said = `${rule.id} of ${booked.key} at ${startsAt}: ${JSON.stringify(verdict)}`
      expect(verdict.is === 'told' && isSent(verdict.message), said).toBe(text !== undefined && isSent(text))
      if (verdict.is === 'told') continue
      expect(verdict.is, said).toBe('not')
      if (verdict.is !== 'not') continue
      const noted = told.history.notSent.find(about)
      const letGo = text?.state === 'dropped' ? await letGoAt(booked.patient, text.id) : undefined
      const at = letGo ?? (noted?.why === verdict.why ? noted.at : told.now)
      expect(await isSo(booked, rule, verdict.why, { at, texts }), `${said} is not so at ${new Date(at).toISOString()}, of ${JSON.stringify({ booked, noted, rule, text })}`).toBe(true) // prettier-ignore
    }
    return lines.length
  }
  const ofEvent = async (booked: Booked, now: number) => {
    const texts = (await textsOf(booked.patient)).filter(({ event }) => event === booked.key)
    return { texts, told: (await situations.of(booked.key, now))! }
  }

  return {
    /** The lines of an event at the last moment at which it could be told of beforehand. */
    async beforeItBegins(booked: Booked, now: number): Promise<number> {
      const { texts, told } = await ofEvent(booked, now)
      return explain(booked, told, texts)
    },
    /** Everything that was told of an event; where nothing more can be told of it, its lines too. */
    async atTheEnd(
      booked: Booked,
      now: number,
      isOver: boolean,
    ): Promise<{ readonly lines: number; readonly several: number }> {
      const { texts, told } = await ofEvent(booked, now)
      const sent = texts.filter(isSent)
      const tellings = sent.map(({ startsAt, what, rule }) => `${startsAt!} ${what} ${rule!}`)
      expect(tellings.length, `${booked.key} was told something twice`).toBe(new Set(tellings).size)
      for (const { sid, what, startsAt, with: other, lists = [] } of sent) {
        const at = of.handedAt.get(sid!)
        expect(at, `the provider never took ${sid}`).toBeDefined()
        const stood = statesIn(booked, at!)
        const status = what === 'after visit' ? 'Checked Out' : 'None'
        const isTrue = stood.some((state) => state.startsAt === startsAt && state.status === status && !(what === 'confirmation request' && state.isConfirmed)) // prettier-ignore
        expect(isTrue, `a ${what} told of ${startsAt!}, where ${JSON.stringify(stood)} stood`).toBe(true)
        const unrelated = personOf(booked.family, 2).key
        if (lists.some(({ patient }) => patient === unrelated)) expect(lists.every(({ patient }) => patient === unrelated), 'two who are no relations shared a text').toBe(true) // prettier-ignore
        if (other !== undefined) continue
        expect(explained.has(sid!), `${sid} was taken for two texts`).toBe(false)
        explained.add(sid!)
      }
      const several = sent.filter(({ lists }) => lists !== undefined).length
      if (!isOver) return { lines: 0, several }
      expect(
        texts.some(({ state }) => state === 'queued'),
        `a text of ${booked.key} never came to an end`,
      ).toBe(false)
      return { lines: await explain(booked, told, texts), several }
    },
    /** Whether each text that the provider took was claimed for an event. */
    allExplained: (): void => expect(explained).toEqual(new Set(of.handedAt.keys())),
  }
}
