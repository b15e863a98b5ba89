/**
 * A site's runs over its transfers: Upload Records, Download Online Communications and both at once, by hand and by the
 * clock on one path; what a backup window interrupts may wait for its end.
 */
import { Disconnected } from '../bridges/insched/keeper.ts'
import type { Backup } from '../mirror/backup.ts'
import type { Runs } from '../mirror/runs.ts'
import type { Downloaded, Transfers, Uploaded } from './transfers.ts'

export interface Wait {
  /** Whether a backup window that is on, or begins, is waited for. */
  readonly wait?: boolean | undefined
}

export function synchronizingOf(site: { readonly runs: Runs; readonly backup: Backup; readonly transfers: Transfers }) {
  const { runs, backup, transfers } = site
  const afterWindows = async <T>(wait: boolean | undefined, work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!wait || !(error instanceof Disconnected)) throw error
        await backup.over()
      }
    }
  }
  const both = async (progress?: (line: string) => void): Promise<{ uploaded: Uploaded; downloaded: Downloaded }> => ({
    uploaded: await transfers.upload(progress),
    downloaded: await transfers.download(),
  })
  return {
    /** Upload Records. */
    upload: (progress?: (line: string) => void, { wait }: Wait = {}) =>
      afterWindows(wait, () => runs.once('upload', () => transfers.upload(progress))),
    /** Download Online Communications. */
    download: ({ wait }: Wait = {}) => afterWindows(wait, () => runs.once('download', () => transfers.download())),
    /** Both; a full synchronization also compares all that both sides hold. */
    sync: (progress?: (line: string) => void, { wait, full }: Wait & { readonly full?: boolean | undefined } = {}) =>
      afterWindows(wait, async () => {
        if (!full) return runs.once('sync', () => both(progress))
        return runs.once('full', async () => ({ ...(await both(progress)), proof: await transfers.verify() }))
      }),
    verify: () => runs.once('proof', transfers.verify),
  }
}
