/**
 * The alarms of a portal's sites, each said once when it begins and once when it is over: in the log, in the trail, and by
 * mail where an address is named. In ids, times and counts alone: a mail is read on many screens.
 */
import type { Mailer } from '../bridges/email/mailer.ts'
import type { Clock } from '../replica/clock.ts'
import type { ControlStore, SiteRow } from '../server/control-store-sqlite.ts'

/** Whom the alarms are mailed to. */
export interface AlarmMail {
  readonly mailer: Mailer
  readonly to: string
}

/** What is wrong with a site: `silent` for longer than its schedule explains, or its InSched database `not back` from a backup. */
export type AlarmKind = 'silent' | 'not back'
export interface Alarm {
  /** ISO, UTC; null: it was never heard. */
  readonly since: string | null
  /** How many patients' answers wait for the site. */
  readonly patientsWaiting: number
}

/** A mail of an alarm is tried for so long. */
const mailLasts = 24 * 3_600_000

export function alarmsOf(portal: {
  readonly store: ControlStore
  readonly mail: AlarmMail | undefined
  readonly clock: Clock
  readonly log: (line: string) => void
}) {
  const { store, mail, clock, log } = portal
  const raised = new Set<string>()
  const tell = (subject: string, line: string): void => {
    log(line)
    mail?.mailer.send({
      to: mail.to,
      from: 'PatientConnection portal',
      subject,
      text: `${line}\n\nSee how it stands with: patientconnection portal status\n`,
      until: clock.now() + mailLasts,
    })
  }
  return {
    /** Says what changed: `alarm` is how it stands now, null where all is well. */
    see(site: SiteRow, kind: AlarmKind, alarm: Alarm | null): void {
      const key = `${kind} ${site.id}`
      if ((alarm !== null) === raised.has(key)) return
      const event = { practice: site.practice, of: [site.id, kind] }
      if (alarm) {
        raised.add(key)
        const waits = `answers of ${alarm.patientsWaiting} patients wait for it`
        if (kind === 'silent') tell(`Alarm: site ${site.id} is silent`, `alarm: site ${site.id} is silent since ${alarm.since ?? 'its enrolment'}; ${waits}`) // prettier-ignore
        else tell(`Alarm: site ${site.id} is not back from its backup`, `alarm: the InSched database of site ${site.id} is not back since ${alarm.since ?? 'the end of a backup'}; ${waits}`) // prettier-ignore
        store.audit.record({ did: 'alarm raised', ...event })
      } else {
        raised.delete(key)
        tell(`Over: site ${site.id}`, kind === 'silent' ? `alarm over: site ${site.id} was heard, or is not expected any more` : `alarm over: the InSched database of site ${site.id} is back`) // prettier-ignore
        store.audit.record({ did: 'alarm over', ...event })
      }
    },
  }
}
