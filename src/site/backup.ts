/** A site's backups by hand, for backup scripts and staff: begin with a cap, end, and how it stands. */
import type { Backup } from '../mirror/backup.ts'
import type { Stretch } from '../mirror/backup-windows.ts'
import { momentInWords } from '../mirror/schedule.ts'
import type { Clock } from '../replica/clock.ts'

/** How it stands; `until` and `next` in ISO, UTC. */
export interface BackupStatus {
  readonly state: 'disconnected' | 'connected'
  readonly until: string | null
  readonly next: string | null
  readonly says: string
  /** Whether InSched's database is open: not in a window, and not while it is not back from one. */
  readonly open: boolean
}

/** How long a backup by hand lasts where nobody says. */
const usualMinutes = 60

export function backupOf(site: {
  readonly backup: Backup
  readonly mostMinutes: () => number
  readonly zone: () => string
  /** Whether InSched's database is open. */
  readonly open: () => boolean
  readonly clock: Clock
}) {
  const { backup, clock } = site
  const moment = (at: number): string => momentInWords(at, site.zone(), clock.now())
  const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString())
  const status = (): BackupStatus => {
    const [on, next] = [backup.now(), backup.next()] as [Stretch | undefined, Stretch | undefined]
    return {
      state: on ? 'disconnected' : 'connected',
      open: site.open(),
      until: iso(on?.until),
      next: iso(next?.from),
      says: on
        ? `Disconnected for backup until ${moment(on.until)}.`
        : next
          ? `The next backup window begins ${moment(next.from)}.`
          : 'No backup window is set.',
    }
  }
  return {
    status,
    /** Resolves when no handle of InSched's database is open; throws a sentence where the minutes are not allowed. */
    async begin(minutes = Math.min(usualMinutes, site.mostMinutes())): Promise<BackupStatus> {
      const most = site.mostMinutes()
      if (!Number.isInteger(minutes) || minutes < 1 || minutes > most)
        throw new Error(
          `A backup cannot last ${minutes} minutes: backup.mostMinutes allows from 1 to ${most}. Nothing was changed.`,
        )
      await backup.begin(minutes)
      return status()
    },
    /** Resolves when the database is back. */
    async end(): Promise<BackupStatus> {
      if (!(await backup.end())) throw new Error('No backup window is on.')
      return status()
    },
  }
}
