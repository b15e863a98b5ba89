/**
 * The dry run of a site's texts and of the mails that its rules send: who would get what when, who would not and why, by the rules as they are or as somebody is
 * about to make them. It is foretold from what this site holds of its own and the portal may hold too; nothing is written.
 */
import { instantOf } from '../mirror/wall-clock.ts'
import type { LocationValue } from '../replica/kinds/fields.ts'
import { foldCommunications, noChoice } from '../replica/kinds/communications.ts'
import { foretell, type Foretelling } from '../bridges/texts/foretelling.ts'
import { outlookOf } from '../bridges/texts/judging.ts'
import { longestLead } from '../bridges/texts/rule-words.ts'
import { textsChangedTogether, textSettingsOf, type Rule, type TextSettings } from '../bridges/texts/rules.ts'
import { segmentsOf } from '../bridges/texts/segments.ts'
import type { Situations, Told } from '../bridges/texts/situation.ts'
import type { Clock } from '../replica/clock.ts'
import type { Json } from '../replica/json.ts'
import type { Passes } from '../replica/collections.ts'
import type { Replica } from '../replica/replica-face.ts'
import type { DryRun, Sample, SampleEvent, ToldEvent } from '../server/console/texts-views.ts'

const day = 86_400_000
/** Between so many events whatever else waits has its turn. */
const atOnce = 25

export interface DryRunOptions {
  /** Keys and values that are not saved yet, such as a rule. */
  readonly changes?: Readonly<Record<string, string>> | undefined
  readonly days: number
}

export function dryRunOf(site: {
  readonly replica: Replica
  /** The key of the site. */
  readonly site: string
  readonly situations: Situations
  readonly textFields: () => Promise<Readonly<Record<string, Json>>>
  /** Whether an event may be at the portal, from where texts go out. */
  readonly passesUp: Passes
  readonly nameOf: (patient: string) => Promise<ToldEvent['patient']>
  readonly localOf: (document: string) => Promise<number | undefined>
  readonly zone: () => Promise<string>
  /** The address that puts an event into a calendar. */
  readonly calendarTo: (event: string) => string
  readonly clock: Clock
}) {
  const { replica, situations, clock } = site
  const turn = (): Promise<void> => new Promise((resolve) => void clock.after(0, resolve))

  /** The events of which something may be due until then, as they are now. */
  const situationsUntil = async (until: number, settings: TextSettings): Promise<{ held: Told[]; notHeld: number }> => {
    const now = clock.now()
    const isAfter = settings.rules.some(({ what, isOn }) => isOn && what === 'after visit')
    const rows = await replica.index({ view: 'event', from: isAfter ? now - (longestLead + 4) * day : now, before: until + (longestLead + 2) * day }) // prettier-ignore
    const held: Told[] = []
    let notHeld = 0
    for (const [n, { id }] of rows.entries()) {
      if (n % atOnce === atOnce - 1) await turn()
      const [head, told] = [await replica.head('events', id), await situations.of(id, now)]
      if (!head || !told) continue
      if (site.passesUp('events', head.facts)) held.push({ ...told, settings })
      else notHeld++
    }
    return { held, notHeld }
  }
  const eventOf = async ({ rule, of }: { rule: Rule; of: Told }): Promise<ToldEvent> => ({
    key: of.event.key,
    event: (await site.localOf(of.event.key)) ?? null,
    patient: await site.nameOf(of.patient),
    startsAt: of.event.startsAt,
    rule: rule.id,
    what: rule.what,
  })
  const shown = async (held: readonly Told[], { sends, untold }: Foretelling) => ({
    texts: await Promise.all(sends.map(async ({ at, by, body, parts }) => ({ at, by, body, segments: by === 'text' ? segmentsOf(body).segments : 0, events: await Promise.all(parts.map(eventOf)) }))), // prettier-ignore
    untold: await Promise.all(untold.map(async (one) => ({ ...(await eventOf(one)), why: one.why, also: one.also }))),
    told: await Promise.all(held.flatMap((of) => outlookOf(of).flatMap(({ rule, verdict }) => (verdict.is === 'told' ? [eventOf({ rule, of }).then((event) => ({ ...event, at: verdict.message.at }))] : [])))), // prettier-ignore
    again: sends.flatMap(({ parts }) => parts).filter(({ rule, of }) => wasTold(rule, held.find((one) => one.event.key === of.event.key)!)).length, // prettier-ignore
  })
  /** The settings with changes, as if sending were on. */
  const settingsWith = (fields: Readonly<Record<string, Json>>, changes: Readonly<Record<string, string>>, at: number): TextSettings => {
    const changed = (of: typeof fields): typeof fields => ({ ...of, ...textsChangedTogether(of, { ...changes, sending: 'on' }, at) })
    // A rule that is new is saved off; the second time it is turned on.
    return textSettingsOf(changed(changed(fields)))
  } // prettier-ignore
  return {
    async sample(event: SampleEvent, changes: Readonly<Record<string, string>> = {}): Promise<Sample> {
      const now = clock.now()
      const practice = await situations.practiceOf(site.site)
      const place = event.location === null ? undefined : (practice[`location/${event.location}`] as LocationValue | undefined) // prettier-ignore
      const zone = place?.zone ?? (await site.zone())
      const settings = settingsWith(await site.textFields(), changes, now)
      const sender = { practice: settings.practiceName || (practice.practiceName ?? ''), phone: place?.phone ?? practice.phone ?? null } // prettier-ignore
      const starts = instantOf(event.startsAt, zone)
      const of = (status: string): Told => ({ ...madeUp, now, settings, site: site.site, zone, zones: [zone], sender, locationName: place?.name ?? null, event: { ...event, key: 'sample', minutes: 30, bookedAt: now, status, deleted: false } }) // prettier-ignore
      // The same patient until the start, and once it was checked out.
      const [before, after] = [foretell([of('None')], { from: now, until: starts, calendarTo: site.calendarTo }), foretell([of('Checked Out')], { from: starts, until: starts + (longestLead + 4) * day })] // prettier-ignore
      const isBefore = ({ rule }: { rule: Rule }): boolean => rule.what !== 'after visit'
      const untold = [...before.untold.filter(isBefore), ...after.untold.filter((one) => !isBefore(one))]
      return {
        bookedAt: now,
        starts,
        zone,
        texts: [...before.sends, ...after.sends].map(({ at, by, body, parts: [{ rule }] }) => ({ at, by, body, rule: rule.id, what: rule.what })), // prettier-ignore
        untold: untold.map(({ rule, why, also }) => ({ rule: rule.id, what: rule.what, why, also })),
      }
    },
    /** Throws WrongTexts where a change would be wrong. */
    async dryRun({ changes = {}, days }: DryRunOptions): Promise<DryRun> {
      const fields = await site.textFields()
      const isOff = !textSettingsOf(fields).isOn
      const from = clock.now()
      const settings = settingsWith(fields, changes, from)
      const until = from + days * day
      const { held, notHeld } = await situationsUntil(until, settings)
      const found = await shown(held, foretell(held, { from, until, calendarTo: site.calendarTo }))
      return { from, until, zone: await site.zone(), isOff, notHeld, ...found }
    },
  }
}

/** Somebody who consents, has a number of nowhere else, and was told nothing yet. */
const madeUp = {
  patient: 'sample',
  receiver: 'sample',
  relatives: new Set<string>(),
  recipient: 'sample',
  number: '+15555550100',
  firstName: 'Ann',
  language: 'en',
  knowsStop: false,
  mailTo: null,
  whyNoText: null,
  whyNoEmail: 'no address',
  choice: noChoice,
  said: null,
  isGone: false,
  history: foldCommunications([]),
  toNumber: [],
} as const

/** Whether a rule has told of this start already. */
function wasTold(rule: Rule, { history, event }: Told): boolean {
  return history.out.some((one) => one.state !== 'dropped' && one.event === event.key && one.startsAt === event.startsAt && one.rule === rule.id && one.what === rule.what) // prettier-ignore
}
